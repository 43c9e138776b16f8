"""What an administrator does to a container: collected, verified, looked at, dropped; through what scripts call."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import BusyError, NotFoundError, RemoteError, UsageError
from rezup_api.overview import behind
from rezup_api.storage.folder import SharedFolder

if TYPE_CHECKING:
    from tests.unit.office import Office


def test_what_is_not_kept_goes_and_the_history_says_so(here: Office) -> None:
    old, new = here.container().add(message="one"), here.container().add(message="two")
    here.container().gc(keep=1, dry_run=True)
    assert here.container().revisions() == [new, old]
    here.container().gc(keep=1)
    assert here.container().revisions() == [new]
    assert sorted(one.act.act for one in here.container().history()) == ["add", "add", "gc"]


def test_damage_is_found_and_mended(here: Office) -> None:
    revision = here.container().add()
    (file,) = revision.path.glob("venv/rez/lib/*/site-packages/rez/cli.py")
    file.unlink()
    assert [finding.path for finding in here.container().verify().found] == [str(file)]
    mended = here.container().verify(repair=True)
    assert (len(mended.found), mended.left) == (1, ())
    assert file.is_file()
    assert here.container().verify().found == ()


def test_nothing_can_be_verified_where_nothing_is(here: Office) -> None:
    with pytest.raises(NotFoundError):
        here.container().verify()


@pytest.mark.skipif(sys.platform != "linux", reason="sessions are found in /proc")
def test_it_is_dropped_unless_somebody_is_in_it(here: Office) -> None:
    revision = here.container().add()
    session = here.container().enter()
    with pytest.raises(BusyError, match="dev is in use"):
        here.container().drop(local=True)
    session.lease.release()
    assert here.container().drop(local=True).left is None
    assert not revision.folder.path.exists()


def test_why_it_was_dropped_is_kept_where_a_history_outlives_it(here: Office) -> None:
    office = here.share()
    office.container().add(publish=True)
    with pytest.raises(UsageError, match="goes with it, and a message too"):
        office.container().drop("the show is over", local=True)
    assert office.container().exists
    office.container().drop("the show is over", remote=True)
    newest = next(one for one in office.container().history() if one.act.act == "drop")
    assert newest.act.message == "the show is over"


def test_a_remote_root_that_fails_after_the_drop_keeps_files_and_nothing_else(
    here: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = here.share()
    office.container().add(publish=True)

    def refuse(*_: object) -> None:
        raise RemoteError("the remote root does not answer")

    monkeypatch.setattr(SharedFolder, "delete_below", refuse)  # a share that fails at this moment cannot be had
    dropped = office.container().drop(remote=True)
    assert (dropped.left is not None, dropped.left and dropped.left.is_dir()) == (True, True)
    with pytest.raises(NotFoundError, match="there is no container dev"):
        office.container().drop(remote=True)
    assert not list(dropped.left.glob(".staging/*")) if dropped.left else True


@pytest.mark.parametrize(
    ("timestamp", "given", "expected"),
    [("3.0", "3.0", 0), ("2.0", "3.0", 1), ("1.0", "3.0", 2), ("3.0", "1.0", 0), ("1.0", None, 0)],
)
def test_how_far_a_session_is_behind(timestamp: str, given: str | None, expected: int) -> None:
    assert behind(timestamp, ["3.0", "2.0", "1.0"], given) == expected
