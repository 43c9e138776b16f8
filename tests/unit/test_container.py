"""A container as scripts use it: found or made, entered, published and pulled."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from tests.unit.fake_engine import FakeEngine, rez_wheel

from rezup_api.disk.flock import claim
from rezup_api.errors import BusyError, InstallError, NotFoundError, RemoteError, StorageError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.office import Office


def test_the_first_revision_of_main_is_made_by_itself_and_only_once(here: Office) -> None:
    first = here.container(".main").find()
    assert first.ready
    assert here.container(".main").find() == first
    with pytest.raises(NotFoundError, match="there is no container dev"):
        here.container().find()
    assert here.container().find(create=True).ready


def test_the_newest_is_given_and_older_ones_can_be_asked_for(here: Office) -> None:
    older, newer = here.container().add(message="one"), here.container().add(message="two")
    assert here.container().find() == newer
    assert here.container().find("~1") == older
    assert here.container().find(older.timestamp) == older
    assert here.container().current() == here.container().newest() == newer.timestamp
    assert [str(one) for one in here.container().revisions()] == [str(newer), str(older)]


def test_entering_holds_it(here: Office) -> None:
    here.recipe('[env]\nSTUDIO = "berlin"\n')
    revision = here.container().add()
    session = here.container().enter()
    assert session.environ["STUDIO"] == "berlin"
    assert session.environ["REZUP_REVISION"] == str(revision.path)
    assert claim(revision.lock_file) is None
    session.lease.release()


@pytest.mark.parametrize("verb", ["find", "pull", "verify"])
def test_a_damaged_build_of_a_published_revision_is_built_again(here: Office, verb: str) -> None:
    made = here.share().container().add(publish=True)
    made.lock_file.write_bytes(b"")
    if verb == "verify":
        assert [one.kind for one in here.container().verify().left] == ["metadata"]
        done = here.container().verify(made.timestamp, repair=True)
        assert ([one.kind for one in done.found], done.left) == (["metadata"], ())
        assert here.container().history()[0].act.act == "repair"
    else:
        assert getattr(here.container(), verb)().ready
    assert here.container().verify().found == ()
    assert here.container().find() == here.container().revisions()[0]
    assert sorted(os.listdir(made.folder.path)) == ["history", "labels", "revisions"]


def test_a_damaged_build_that_somebody_is_in_is_left_alone(here: Office) -> None:
    made = here.share().container().add(publish=True)
    session = here.container().enter()
    made.lock_file.write_bytes(b"")
    with pytest.raises(BusyError, match="is damaged, and in use"):
        here.container().pull()
    assert here.container().verify(repair=True).left != ()
    assert (made.path / "venv").is_dir()
    session.lease.release()
    assert here.container().pull().ready


def test_a_damaged_build_of_this_machine_alone_cannot_be_built_again(here: Office) -> None:
    made = here.container().add()
    made.lock_file.write_bytes(b"")
    done = here.container().verify(made.timestamp, repair=True)
    assert [one.kind for one in done.left] == ["metadata"]
    assert "this removes it: rezup gc dev" in here.told()


def test_a_half_revision_of_another_rezup_goes_when_nobody_writes_it_any_more(
    here: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = here.share().container().add(publish=True)
    other = here.beside(tmp_path / "other")
    half = other.container().folder.revisions / made.timestamp
    (half / "venv").mkdir(parents=True)
    with pytest.raises(StorageError, match="is in the way: it is not complete"):
        other.container().find()
    later = time.time() + 3700
    monkeypatch.setattr(time, "time", lambda: later)
    assert other.container().find().ready


def test_what_is_published_reaches_other_machines(here: Office, tmp_path: Path) -> None:
    made = here.share().container().add(message="for all", publish=True)
    assert here.container().published() == made.timestamp
    assert here.container().is_published()
    other = here.beside(tmp_path / "other")
    found = other.container().find()
    assert found.ready
    assert (found.timestamp, found.path) != (made.timestamp, made.path)
    assert found.timestamp == made.timestamp
    assert other.container().pull() == found


def test_without_a_remote_root_nothing_can_be_published_or_pulled(here: Office) -> None:
    with pytest.raises(RemoteError, match="dev has no remote root to"):
        here.container().add(publish=True)
    with pytest.raises(RemoteError, match="dev has no remote root to"):
        here.container().pull()
    with pytest.raises(NotFoundError, match="has no container dev"):
        here.share().container().pull()


def test_what_cannot_be_built_here_is_stood_in_for(here: Office, tmp_path: Path, engine: FakeEngine) -> None:
    good = here.share().container().add(publish=True)
    other = here.beside(tmp_path / "other")
    assert other.container().find().timestamp == good.timestamp
    rez_wheel(engine.index, "3.5.0")
    bad = here.container().add(message="new Rez", publish=True)
    next(engine.index.glob("rez-3.5.0*")).unlink()
    assert other.container().find().timestamp == good.timestamp
    assert f"dev@{bad.timestamp}, published by " in other.told()
    assert f"taking dev@{good.timestamp} instead" in other.told()
    assert other.container().failure(bad.timestamp) is not None
    assert other.container().current() == good.timestamp
    with pytest.raises(InstallError):
        other.container().find(strict=True)


def test_a_remote_root_that_is_away_keeps_nobody_from_working(here: Office) -> None:
    made = here.share().container().add(publish=True)
    here.remote.rename(here.remote.with_name("away"))
    assert here.container().find() == made
    assert here.container().named() == {}
    with pytest.raises(RemoteError):
        here.container().find(strict=True)
    assert here.container().find(local=True) == made


def test_old_ones_go_by_themselves_where_a_recipe_says_so(here: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    here.recipe("[retention]\nkeep = 1\n")
    made = [here.container().add() for _ in range(3)]
    assert here.container().revisions() == made[::-1], "what was current within the week is spared"
    later = time.time() + 30 * 86400
    monkeypatch.setattr(time, "time", lambda: later)
    newest = here.container().add()
    assert here.container().revisions() == [newest]


def test_what_is_ready_is_given_although_nothing_says_what_may_be_cleared(here: Office) -> None:
    made = here.share().container().add(publish=True)
    made.recipe_file.chmod(0o644)
    made.recipe_file.write_bytes(b"\0")
    assert here.container().pull() == made
    assert "cannot clean up dev: the recipe has a problem" in here.told()


def test_nothing_is_spared_where_a_recipe_says_so(here: Office) -> None:
    here.recipe('[retention]\nkeep = 1\nspare = "0"\n')
    made = [here.container().add() for _ in range(3)]
    assert here.container().revisions() == made[-1:]


def test_what_was_handed_out_is_spared_for_as_long_as_the_recipe_says(here: Office) -> None:
    here.recipe('[retention]\nspare = "0d"\n')
    made = [here.container().add() for _ in range(2)]
    here.container().env(made[0].timestamp)
    reasons = {one.timestamp: one.reason for one in here.container().gc(keep=1, dry_run=True).verdicts}
    assert reasons[made[0].timestamp] == "beyond the newest 1"
    here.recipe('[retention]\nspare = "1d"\n')
    reasons = {one.timestamp: one.reason for one in here.container().gc(keep=1, dry_run=True).verdicts}
    assert reasons[made[0].timestamp] == "spared: handed out by `rezup env` in the last day (retention.spare)"


@pytest.mark.skipif(os.name == "nt", reason="the separator of PATH there is no part of a path")
def test_a_root_that_path_cannot_hold_is_refused(here: Office) -> None:
    here.variables["REZUP_ROOT_LOCAL"] = f"{here.home}/a:b"
    with pytest.raises(UsageError, match="which PATH cannot hold"):
        here.container()
