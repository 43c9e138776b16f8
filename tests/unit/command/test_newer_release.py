"""rezup's own upgrade: which release is newer, what is taken by itself, and that whatever fails leaves the present one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version
from tests.packages import wheel

from rezup import newer_release
from rezup._version import __version__
from rezup.fastpath import current_release
from rezup.fastpath.version import installed_version
from rezup.newer_release import Upgrader
from rezup.output.progress import Progress
from rezup_api.errors import InstallError, UpgradeError
from rezup_api.selfupdate.sources import releases_of

if TYPE_CHECKING:
    from rezup_api.selfupdate.sources import Release

pytestmark = pytest.mark.skipif(os.name == "nt", reason="places of POSIX")

PRESENT = Version(__version__)
PATCH, MAJOR = f"{PRESENT.major}.{PRESENT.minor}.{PRESENT.micro + 1}", f"{PRESENT.major + 1}.0.0"


class Source:
    """A folder of releases.

    Args:
        folder: it.
        home: of the user who looks there.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.environ = {"HOME": str(home), "REZUP_UPGRADE_SOURCE": str(folder)}
        self.taken: list[str] = []

    def put(self, *versions: str) -> None:
        """Put releases there."""
        for version in versions:
            for name in ("rezup", "rezup-api"):
                wheel(self.folder, name, {f"{name.replace('-', '_')}/__init__.py": ""}, version=version)

    def upgrader(self) -> Upgrader:
        """What upgrades from there."""
        return Upgrader(self.environ, self.environ, Progress(quiet=False, debug=False))

    def release(self, version: str) -> Release:
        """One of its releases."""
        every = releases_of(str(self.folder), limit=1, environ=self.environ)
        return next(release for release in every if str(release.version) == version)


@pytest.fixture
def source(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """A source without releases; what is taken from it is only written down, as a folder."""
    (tmp_path / "wheels").mkdir()
    made = Source(tmp_path / "wheels", home)

    class Taker:
        def __init__(self, folder: Path, *rest: object) -> None:
            self.folder = folder

        def take(self, release: Release) -> str:
            made.taken.append(str(release.version))
            name = f"{release.version}-abc"
            (self.folder / "releases" / name).mkdir(parents=True, mode=0o700, exist_ok=True)
            return name

        def remove_unneeded(self, kept: object) -> None:
            """Nothing is unneeded here."""

    monkeypatch.setattr(newer_release, "Taker", Taker)
    monkeypatch.setattr(newer_release, "is_installed", lambda: True)
    return made


@pytest.mark.parametrize(
    ("there", "same", "major"),
    [
        ((), None, None),
        ((__version__, "1.0.0"), None, None),
        ((PATCH, __version__), PATCH, None),
        ((MAJOR,), None, MAJOR),
        ((PATCH, MAJOR), PATCH, MAJOR),
        ((f"{PATCH}rc1",), None, None),
    ],
)
def test_what_is_newer(source: Source, there: tuple[str, ...], same: str | None, major: str | None) -> None:
    source.put(*there)
    news = source.upgrader().news()
    assert (news.release and str(news.release.version), news.major and str(news.major.version)) == (same, major)


def test_without_a_source_it_says_so(source: Source) -> None:
    del source.environ["REZUP_UPGRADE_SOURCE"]
    with pytest.raises(UpgradeError, match="there is no source"):
        source.upgrader().news()


def test_what_is_newer_is_taken_once_a_day(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    source.put(PATCH)
    assert source.upgrader().look()
    assert source.taken == [PATCH]
    assert current_release.current(source.environ) == (f"{PATCH}-abc", "")
    assert f"Upgraded rezup {__version__} to {PATCH}" in capsys.readouterr().err
    assert not source.upgrader().look(), "it has just been looked at"


def test_a_new_major_is_only_told_of(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    source.put(MAJOR)
    assert not source.upgrader().look()
    assert source.taken == []
    assert f"rezup {MAJOR} is there, a new major version" in capsys.readouterr().err


def test_rolled_back_it_is_not_taken_again(source: Source) -> None:
    source.put(PATCH)
    source.upgrader().take(source.release(PATCH))
    assert source.upgrader().roll_back() == (installed_version(), PATCH)
    assert current_release.current(source.environ) is None
    assert source.upgrader().is_refused(source.release(PATCH)) == "it was taken back"
    assert not source.upgrader().look()
    with pytest.raises(UpgradeError, match="no release was taken"):
        source.upgrader().roll_back()


def test_one_that_does_not_work_is_told_once(
    source: Source, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source.put(PATCH)

    def broken(self: object, release: object) -> str:
        raise InstallError("it does\n  not work")

    monkeypatch.setattr("rezup.newer_release.Taker.take", broken)
    assert not source.upgrader().look()
    assert f"it does not work; going on with rezup {__version__}" in capsys.readouterr().err
    assert current_release.current(source.environ) is None
    Path(current_release.checked_file(source.environ)).unlink()
    assert not source.upgrader().look()
    assert capsys.readouterr().err == "", "nobody is told of it again"


def test_a_source_that_is_away_is_nothing_to_tell(source: Source, capsys: pytest.CaptureFixture[str]) -> None:
    source.folder.rmdir()
    assert not source.upgrader().look()
    assert capsys.readouterr().err == ""


def test_sources_upgrade_by_themselves(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    source.put(PATCH)
    monkeypatch.setattr(newer_release, "is_installed", lambda: False)
    assert not source.upgrader().look()
    with pytest.raises(UpgradeError, match="runs from its sources"):
        source.upgrader().take(source.release(PATCH))


def test_a_place_that_others_can_write_to_is_none(source: Source) -> None:
    source.put(PATCH)
    folder = Path(current_release.user_folder(source.environ)) / "releases"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    with pytest.raises(UpgradeError, match="other users can write to"):
        source.upgrader().take(source.release(PATCH))


def test_the_installation_says_what_runs_and_from_where(monkeypatch: pytest.MonkeyPatch) -> None:
    place = str(Path(newer_release.__file__).parents[1])
    found = newer_release.installation("/releases")
    assert (found.version, found.place, found.source) == (__version__, place, "/releases")
    assert (found.installed, found.installed_place) == (__version__, place)
    assert found.editable == (not newer_release.is_installed())
    monkeypatch.setattr(current_release, "installed", "/tools/site/rezup/_version.py")
    found = newer_release.installation("")
    assert (found.installed, found.installed_place, found.place) == ("unknown", "/tools/site", place)
