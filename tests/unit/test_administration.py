"""What an administrator does to a container: collected, verified, looked at, dropped; through what scripts call."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from rezup_api.administration import Care, behind
from rezup_api.errors import BusyError, NotFoundError
from rezup_api.maintenance.retention import Policy

if TYPE_CHECKING:
    from tests.unit.office import Office


def care(office: Office) -> Care:
    """What cares for `dev`."""
    return Care(office.container())


def test_what_is_not_kept_goes_and_the_history_says_so(here: Office) -> None:
    old, new = here.container().add(message="one"), here.container().add(message="two")
    care(here).collect(Policy(keep=1), dry_run=True)
    assert here.container().revisions() == [new, old]
    care(here).collect(Policy(keep=1))
    assert here.container().revisions() == [new]
    assert sorted(act.act for act in care(here).history()) == ["add", "add", "gc"]


def test_damage_is_found_and_mended(here: Office) -> None:
    revision = here.container().add()
    (file,) = revision.path.glob("venv/rez/lib/*/site-packages/rez/cli.py")
    file.unlink()
    assert [finding.path for finding in care(here).verify().found] == [str(file)]
    mended = care(here).verify(repair=True)
    assert (len(mended.found), mended.left) == (1, ())
    assert file.is_file()
    assert care(here).verify().found == ()


def test_nothing_can_be_verified_where_nothing_is(here: Office) -> None:
    with pytest.raises(NotFoundError):
        care(here).verify()


@pytest.mark.skipif(sys.platform != "linux", reason="sessions are found in /proc")
def test_it_is_dropped_unless_somebody_is_in_it(here: Office) -> None:
    revision = here.container().add()
    session = here.container().enter()
    with pytest.raises(BusyError, match="dev is in use"):
        care(here).drop(local=True)
    session.lease.release()
    assert care(here).drop(local=True)
    assert not revision.folder.path.exists()


@pytest.mark.parametrize(
    ("timestamp", "given", "expected"),
    [("3.0", "3.0", 0), ("2.0", "3.0", 1), ("1.0", "3.0", 2), ("3.0", "1.0", 0), ("1.0", None, 0)],
)
def test_how_far_a_session_is_behind(timestamp: str, given: str | None, expected: int) -> None:
    assert behind(timestamp, ["3.0", "2.0", "1.0"], given) == expected
