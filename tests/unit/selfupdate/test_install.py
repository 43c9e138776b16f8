"""Releases that are taken: installed beside what runs, tried, and nothing where one does not run; a program stands in for uv."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from rezup_api.disk.flock import lease
from rezup_api.errors import UpgradeError
from rezup_api.events import silent
from rezup_api.selfupdate import install
from rezup_api.selfupdate.install import Taker, is_whole
from rezup_api.selfupdate.sources import Release, ReleaseFile

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for uv")

# Installs what it is told into the folder behind --target: a rezup that says its version, or ends with a status.
UV = """\
#!/bin/sh
echo "$@" >> {calls}
case "$*" in *--offline*) exit {offline} ;; esac
[ {online} = 0 ] || {{ echo 'error: cannot reach https://ana:secret@h/simple' >&2; exit {online}; }}
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/rezup"
echo > "$2/rezup/__init__.py"
for name in rezup rezup_api; do
    mkdir "$2/$name-{version}.dist-info"
    echo 'rezup/__init__.py,sha256=AbpHGcgLb-kRsJGnwFEktk7uzpZOCcBY74-YBdrKVGs,1' > "$2/$name-{version}.dist-info/RECORD"
done
echo '__version__ = "{version}"' > "$2/rezup/_version.py"
cat > "$2/rezup/__main__.py" <<'END'
import os, sys
def main(words):
    if words == ["--version"]:
        print("rezup {version}")
    else:
        assert os.listdir(os.environ["HOME"]) == [] and "REZUP_ROOT_LOCAL" not in os.environ
    return {status}
END
"""


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[], list[str]]:
    """How uv was called so far."""
    file = tmp_path / "calls"
    return lambda: file.read_text(encoding="utf-8").splitlines() if file.exists() else []


@pytest.fixture
def taker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Taker]:
    """`taker(version="3.1", status=0)` takes what such a uv installs."""

    def make(
        *,
        version: str = "3.1",
        status: int = 0,
        offline: int = 1,
        online: int = 0,
        source: str = "/wheels",
        **environ: str,
    ) -> Taker:
        uv = tmp_path / "uv"
        told = {"version": version, "status": status, "offline": offline, "online": online, "calls": tmp_path / "calls"}
        uv.write_text(UV.format(**told), encoding="utf-8")
        uv.chmod(0o755)
        monkeypatch.setattr(install, "find_uv", lambda: str(uv))
        variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull, **environ}
        return Taker(tmp_path / "own", source, {"REZUP_ROOT_LOCAL": "/studio", **variables}, silent)

    return make


def release(version: str = "3.1", digest: str = "ab") -> Release:
    """A release of wheels."""
    names = ("rezup", "rezup-api")
    files = tuple(ReleaseFile(name, Version(version), f"file:///wheels/{name}", digest) for name in names)
    return Release(Version(version), files)


def left(tmp_path: Path) -> list[str]:
    """The releases that are there, and whatever else."""
    top = tmp_path / "own"
    return sorted(str(path.relative_to(top)) for path in top.rglob("*") if len(path.relative_to(top).parts) <= 2)


def test_a_release_appears_whole_and_is_taken_once(
    taker: Callable[..., Taker], calls: Callable[[], list[str]], tmp_path: Path
) -> None:
    name = taker().take(release())
    assert name.startswith("3.1-")
    assert left(tmp_path) == ["releases", f"releases/{name}"]
    assert (tmp_path / "own" / "releases" / name).stat().st_mode & 0o777 == 0o700
    assert not (tmp_path / "own" / "releases" / name / ".private").exists()
    asked = len(calls())
    assert taker().take(release()) == name
    assert len(calls()) == asked
    assert taker().take(release(digest="cd")) != name, "the same version may be another release"


@pytest.mark.parametrize("damage", ["a module", "the list of its files", "its metadata"])
def test_a_release_that_is_damaged_is_taken_anew(
    taker: Callable[..., Taker], calls: Callable[[], list[str]], tmp_path: Path, damage: str
) -> None:
    place = tmp_path / "own" / "releases" / taker().take(release())
    assert is_whole(place)
    metadata = place / "rezup_api-3.1.dist-info"
    if damage == "its metadata":
        shutil.rmtree(metadata)
    else:
        (place / "rezup" / "__init__.py" if damage == "a module" else metadata / "RECORD").write_bytes(b"")
    assert not is_whole(place)
    asked = len(calls())
    running = lease(place / "rezup" / "_version.py")
    assert running is not None
    with running, pytest.raises(UpgradeError, match="still runs it"):
        taker().take(release())
    assert taker().take(release()) == place.name
    assert len(calls()) > asked
    assert is_whole(place)


def test_it_is_installed_without_a_network_where_that_can_be(
    taker: Callable[..., Taker], calls: Callable[[], list[str]]
) -> None:
    taker(offline=0, online=3)
    made = taker(offline=1, online=0, source="/house")
    made.take(release())
    offline, online = calls()
    assert offline == f"{online} --offline"
    assert "--find-links /house" in online
    assert f"--python {sys.executable}" in online


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"online": 2}, "rezup 3.1 cannot be installed: error: cannot reach"),
        ({"status": 5}, "rezup 3.1 does not run: rezup 3.1"),
        ({"version": "2.0"}, "rezup 3.1 does not run: it says 'rezup 2.0'"),
    ],
)
def test_what_does_not_work_leaves_nothing(
    taker: Callable[..., Taker], tmp_path: Path, options: dict[str, object], said: str
) -> None:
    with pytest.raises(UpgradeError) as caught:
        taker(**options).take(release())
    assert caught.value.message.startswith(said)
    assert "secret" not in caught.value.message
    assert left(tmp_path) in (["releases"], [])


def test_without_uv_it_says_so(taker: Callable[..., Taker], monkeypatch: pytest.MonkeyPatch) -> None:
    made = taker()
    monkeypatch.setattr(install, "find_uv", lambda: None)
    with pytest.raises(UpgradeError, match="there is no uv"):
        made.take(release())


def test_a_checkout_is_taken_anew_each_time(taker: Callable[..., Taker]) -> None:
    assert taker().take(release(digest="")) != taker().take(release(digest=""))


def test_what_nobody_needs_and_nobody_runs_in_goes(taker: Callable[..., Taker], tmp_path: Path) -> None:
    names = [taker().take(release(digest=digest)) for digest in ("aa", "bb", "cc")]
    folder = tmp_path / "own" / "releases"
    running = lease(folder / names[1] / Path("rezup", "_version.py"))
    assert running is not None
    with running:
        taker().remove_unneeded([names[0]])
        assert sorted(os.listdir(folder)) == sorted(names[:2])
    taker().remove_unneeded([names[0]])
    assert os.listdir(folder) == [names[0]]
    assert sorted(os.listdir(tmp_path / "own")) == ["releases"]
