"""Entering a revision: it is held as long as the session lives, or it is said why it cannot be entered."""

from __future__ import annotations

import json
import os
import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from rezup_api.disk.flock import claim
from rezup_api.errors import LaunchError, NotFoundError, RecipeError
from rezup_api.events import Event, Warned, silent
from rezup_api.session.entry import enter, enter_revision
from rezup_api.store.metadata import FORMAT
from rezup_api.store.revision import load_revision

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.revision import Revision

STAMP = "1700000001.000000"
ENVIRON = {"HOME": "/h", "PATH": "/usr/bin"}


@pytest.fixture
def path(folder: ContainerFolder) -> Path:
    """A revision's folder."""
    made = folder.revisions / STAMP
    made.mkdir(parents=True)
    document = {"format": FORMAT, "rezup_version": "3", "environments": [{"name": "rez"}]}
    (made / "revision.json").write_text(json.dumps(document), encoding="utf-8")
    (made / "rezup.toml").write_text('[env]\nSTUDIO = "berlin"\n', encoding="utf-8")
    return made


@pytest.fixture
def revision(folder: ContainerFolder, path: Path) -> Revision:
    """The revision."""
    return load_revision(folder, STAMP)


def test_it_is_held_and_its_environment_is_computed(revision: Revision) -> None:
    session = enter(revision, ENVIRON, silent)
    assert session.environ["STUDIO"] == "berlin"
    assert session.environ["REZUP_REVISION"] == str(revision.path)
    assert claim(revision.lock_file) is None, "nobody can remove it"
    session.lease.release()
    held = claim(revision.lock_file)
    assert held is not None
    held.release()


def test_what_is_being_removed_is_not_entered(revision: Revision) -> None:
    held = claim(revision.lock_file)
    assert held is not None
    with held:
        removal = threading.Timer(0.2, shutil.rmtree, [revision.path])
        removal.start()
        assert enter_revision(revision, ENVIRON, silent) is None, "it waits until the other process has removed it"
        removal.join()
    with pytest.raises(NotFoundError, match=f"dev@{STAMP} is gone"):
        enter(revision, ENVIRON, silent)


def test_nobody_can_keep_others_out_by_a_lock(revision: Revision, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rezup_api.disk.flock.PATIENCE", 0.2)
    told: list[Event] = []
    held = claim(revision.lock_file)
    assert held is not None
    with held:
        session = enter_revision(revision, ENVIRON, told.append)
        assert session is not None
        assert os.path.samestat(os.fstat(session.lease.descriptor), revision.lock_file.stat()), (
            "cleanups see that it is open"
        )
        session.lease.release()
    (warning,) = told
    assert isinstance(warning, Warned)
    assert warning.text.startswith(f"somebody keeps {revision.lock_file} locked; dev@{STAMP} is entered all the same")


def test_what_has_vanished_is_not_entered(revision: Revision, path: Path) -> None:
    (path / "revision.json").unlink()
    assert enter_revision(revision, ENVIRON, silent) is None


def test_what_is_not_ready_says_why(folder: ContainerFolder, path: Path) -> None:
    (path / "revision.json").unlink()
    with pytest.raises(NotFoundError, match="cannot be entered here: ") as caught:
        enter(load_revision(folder, STAMP), ENVIRON, silent)
    assert caught.value.hint == "see what there is: rezup status dev"


@pytest.mark.parametrize(
    ("recipe", "error"), [("[", RecipeError), ('[dotenv]\n1 = "/"\n', LaunchError)], ids=["recipe", "dotenv"]
)
def test_what_fails_on_the_way_holds_nothing(
    revision: Revision, path: Path, recipe: str, error: type[Exception]
) -> None:
    (path / "rezup.toml").write_text(recipe, encoding="utf-8")
    with pytest.raises(error):
        enter(revision, ENVIRON, silent)
    held = claim(revision.lock_file)
    assert held is not None
    held.release()


def test_a_lock_that_is_refused_is_said(revision: Revision, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(file: Path) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr("rezup_api.store.revision.lease_at_last", refused)
    with pytest.raises(LaunchError, match=rf"cannot hold .*/{STAMP}/revision\.json: Permission denied"):
        enter(revision, ENVIRON, silent)
