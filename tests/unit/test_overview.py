"""What the list of all containers says of each beside its revision: pins, rollbacks, and what cannot be built."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import InstallError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.fake_engine import FakeEngine
    from tests.unit.office import Office


def note(office: Office) -> str:
    """The note about `dev`."""
    (found,) = [one.note for one in office.studio.status() if one.name == "dev"]
    return found


def test_without_a_remote_root_there_is_only_one_place(here: Office) -> None:
    here.container().add()
    here.container().add()
    assert note(here) == ""
    here.container().pin("~1")
    assert note(here) == "pinned"
    here.container().unpin()
    here.container().rollback()
    assert note(here) == "rolled back"
    here.container().add()
    assert note(here) == "", "a newer one ends the rollback"


def test_a_pin_says_for_whom_it_holds(here: Office, tmp_path: Path) -> None:
    here.share().container().add(publish=True)
    here.container().add(publish=True)
    here.container().pin("~1", remote=True)
    assert note(here) == "pinned for the whole studio"
    assert note(here.beside(tmp_path / "other")) == "pinned for the whole studio", "also where nothing is built"
    here.container().pin("latest", local=True)
    assert note(here) == "pinned on this machine, pinned for the whole studio"
    here.container().unpin(local=True)
    here.container().unpin("", remote=True)
    assert note(here) == ""


def test_a_rollback_says_for_whom_it_holds(here: Office) -> None:
    here.share().container().add(publish=True)
    here.container().add(publish=True)
    here.container().rollback(remote=True)
    assert note(here) == "rolled back for the whole studio"
    here.container().rollback("latest", remote=True)
    here.container().rollback(local=True)
    assert note(here) == "rolled back on this machine"


def test_what_cannot_be_built_here_is_said(here: Office, engine: FakeEngine, tmp_path: Path) -> None:
    here.share().recipe('[[check]]\ncommand = "test -e $HOME/licence"\n')
    (here.home / "licence").touch()
    revision = here.container().add(publish=True)
    other = here.beside(tmp_path / "other")
    with pytest.raises(InstallError, match="licence"):
        other.container().pull()
    assert note(other) == f"{revision.timestamp} cannot be built here"
    assert note(here) == ""
    (other.home / "licence").touch()
    other.container().pull()
    assert note(other) == ""


def test_what_needs_a_newer_rezup_is_said(here: Office) -> None:
    revision = here.share().remote / "dev" / "revisions" / "1700000000.000000"
    revision.mkdir(parents=True)
    (revision / "rezup.toml").touch()
    (revision / "revision.json").write_text(json.dumps({"format": 99, "rezup_version": "9.0"}), encoding="utf-8")
    assert note(here) == "1700000000.000000 needs rezup 9.0 or newer"


def test_a_pin_to_what_is_not_there_is_marked_and_warned_of(here: Office) -> None:
    kept = here.share().container().add(publish=True)
    here.container().pin("", remote=True)
    here.container().drop(local=True)
    folder = here.remote / "dev" / "revisions" / kept.timestamp
    folder.rename(tmp := folder.with_name("moved"))
    assert tmp.is_dir()
    assert note(here) == "pinned for the whole studio"
    assert f"dev is pinned to {kept.timestamp} on {here.remote}, which is not there" in here.told()
