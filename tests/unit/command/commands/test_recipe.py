"""`rezup recipe show` of what a revision or a bundle keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup_api.bundles.archive import pack
from rezup_api.packages.platforms import PlatformTarget

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.command.conftest import Rezup

SECRET = '[env]\nSTUDIO = "{0}"\n[pip]\noptions = ["--index-url=https://ana:s3cret@host/simple"]\n'


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle whose recipe somebody has written with a password in it."""
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "rezup.toml").write_text(SECRET.format("bundled"), encoding="utf-8")
    (folder / "revision.json").write_text("{}", encoding="utf-8")
    (folder / "pylock.rez.toml").write_text('lock-version = "1.0"\ncreated-by = "x"\npackages = []\n', encoding="utf-8")
    path = tmp_path / "prod.zip"
    pack(folder, path, "prod@1.0", "3.0.0", {"rez": (PlatformTarget("linux", "x86_64", (3, 11)),)})
    return path


def values(rezup: Rezup, *words: str) -> dict[str, tuple[str, str]]:
    """The value and the origin of each key that is shown."""
    return {row["key"]: (row["value"], row["origin"]) for row in rezup.json("recipe", "show", *words)["values"]}


def test_a_revision_shows_what_it_was_made_from(rezup: Rezup) -> None:
    rezup.office.recipe('[env]\nSTUDIO = "then"\n')
    rezup.run("add", "dev", "--skip-use")
    path = rezup.json("status", "dev")["revisions"][0]["path"]
    rezup.office.recipe('[env]\nSTUDIO = "now"\n')
    assert values(rezup, "dev")["env.STUDIO"][0] == '"now"'
    assert values(rezup, "dev@current")["env.STUDIO"] == ('"then"', f"{path}/rezup.toml")
    (rezup.office.home / ".rezup" / "dev" / "revisions").joinpath(path.rpartition("/")[2], "rezup.toml").write_text(
        SECRET.format("2.x"), encoding="utf-8"
    )
    assert "s3cret" not in rezup.run("recipe", "show", "dev@current")[0]


def test_a_published_revision_shows_it_too(rezup: Rezup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rezup.office.recipe('[env]\nSTUDIO = "published"\n')
    rezup.run("add", "dev", "--skip-use", "--remote")
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    value, origin = values(rezup, "dev@latest")["env.STUDIO"]
    assert (value, origin.startswith(f"{rezup.office.remote}/dev/revisions/")) == ('"published"', True)
    assert "has no revision" in rezup.run("recipe", "show", "dev@nope", status=4)[1]


def test_a_bundle_shows_the_one_in_it_without_the_password(
    rezup: Rezup, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = rezup.json("recipe", "show", str(bundle))
    assert (told["container"], told["file"]) == ("prod", str(bundle))
    assert values(rezup, str(bundle))["env.STUDIO"] == ('"bundled"', str(bundle))
    monkeypatch.chdir(bundle.parent)
    out = rezup.run("recipe", "show", "prod.zip")[0]
    assert "bundled" in out
    assert "s3cret" not in out


def test_a_recipe_in_a_bundle_that_was_changed_is_not_shown(rezup: Rezup, bundle: Path) -> None:
    data = bundle.read_bytes()
    bundle.write_bytes(data.replace(b"bundled", b"altered"))
    told = rezup.run("recipe", "show", str(bundle), status=8)
    assert ("altered" in told[0], "damaged" in told[1]) == (False, True)


def test_a_name_with_a_dot_is_a_container(rezup: Rezup) -> None:
    assert values(rezup, "prod.zip")["rez.url"][1] == "built-in"


def test_a_file_besides_a_revision_is_refused(rezup: Rezup) -> None:
    assert "leave one of them out" in rezup.run("recipe", "show", "dev@1", "--file", "x.toml", status=2)[1]
    assert "there is no file" in rezup.run("recipe", "show", "./none.zip", status=4)[1]
    assert "not a bundle" in rezup.run("recipe", "show", "/dev/null", status=8)[1]
