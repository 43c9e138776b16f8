"""The names for completion that lie on a share: they are there when it answers at once, and else nobody waits for them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from rezup.completion import candidates
from rezup.completion.candidates import Names
from rezup_api.netfs import marker, mounts, reader

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no guard on Windows")


def add(root: Path, container: str, *timestamps: str) -> None:
    """Revisions as far as completion looks at them."""
    for timestamp in timestamps:
        folder = root / container / "revisions" / timestamp
        folder.mkdir(parents=True)
        (folder / "revision.json").write_text("{}", encoding="utf-8")


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A remote root on what the system says is a network mount."""
    folder = tmp_path / "share"
    folder.mkdir()
    table = tmp_path / "mountinfo"
    table.write_text(f"1 0 0:1 / / rw - ext4 disk rw\n2 1 0:2 / {folder} rw - nfs4 server:/x rw\n", encoding="utf-8")
    monkeypatch.setattr(mounts, "MOUNTS", str(table))
    monkeypatch.setattr(reader, "OWN", str(tmp_path / "nobody"))
    monkeypatch.setattr(reader, "MARKERS", str(tmp_path / "hung"))
    monkeypatch.setattr(candidates, "LIMIT", 60.0)
    return folder


def named(home: Path, **variables: str) -> Names:
    """The names that a user sees."""
    return Names({"HOME": str(home), **variables})


def test_what_is_published_is_named_too(home: Path, share: Path) -> None:
    add(home / ".rezup", "here", "1700000001.000001")
    add(share, "there", "1700000002.000001")
    add(home / ".rezup", "both", "1700000001.000001", "1700000003.000001")
    add(share, "both", "1700000002.000001", "1700000003.000001")
    (share / "both" / "labels").mkdir()
    (share / "both" / "labels" / "staging").write_text("", encoding="utf-8")
    found = named(home, REZUP_ROOT_REMOTE=str(share))
    assert found.containers() == ["both", "here", "there"]
    expected = ["current", "latest", "~1", "staging", "1700000003.000001", "1700000002.000001", "1700000001.000001"]
    assert list(found.targets("both@")) == [f"both@{request}" for request in expected]
    assert "there" not in named(home).containers()


def test_the_remote_root_of_a_recipe(home: Path, share: Path) -> None:
    add(share, "prod", "1700000002.000001")
    (home / "rezup.prod.toml").write_text(f'root = {{ remote = "{share}" }}\n', encoding="utf-8")
    assert named(home).containers() == ["prod"]
    (home / "rezup.prod.toml").write_text('[root]\nremote = "$SHARE"\n', encoding="utf-8")
    assert named(home, SHARE=str(share)).containers() == ["prod"]
    (home / "rezup.prod.toml").unlink()
    (share / "rezup.prod.toml").write_text('[root]\nremote = "."\n', encoding="utf-8")
    assert named(home, REZUP_RECIPES=str(share)).containers() == ["prod"], "the recipe is on the share as well"


def test_nobody_waits_for_a_share(home: Path, share: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(home / ".rezup", "here", "1700000001.000001")
    add(share, "there", "1700000001.000001")
    at_once = candidates._containers

    def slow(root: str) -> set[str]:
        if root == str(share):
            time.sleep(60)
        return at_once(root)

    monkeypatch.setattr(candidates, "_containers", slow)
    monkeypatch.setattr(candidates, "LIMIT", 0.05)
    start = time.monotonic()
    assert named(home, REZUP_ROOT_REMOTE=str(share)).containers() == ["here"]
    assert time.monotonic() - start < 60
    assert not marker.is_marked(reader.marker_of(str(share))), "for a launch it is not hung"
    monkeypatch.setattr(candidates, "LIMIT", 60.0)
    start = time.monotonic()
    assert named(home, REZUP_ROOT_REMOTE=str(share)).containers() == ["here"], "it is not asked again for a while"
    assert time.monotonic() - start < 60
