"""Exit statuses: every error has one that the reference explains."""

from __future__ import annotations

import inspect

import pytest

from rezup.output.exits import LAUNCH_FAILED, MEANINGS, status_of
from rezup_api import errors
from rezup_api.errors import (
    BusyError,
    InstallError,
    LaunchError,
    NotFoundError,
    Problem,
    RecipeError,
    RemoteError,
    RezupError,
    StorageError,
    UsageError,
)

ERRORS: list[tuple[RezupError, int]] = [
    (UsageError("x"), 2),
    (RecipeError([Problem("f", "k", "m")]), 3),
    (NotFoundError("x"), 4),
    (BusyError("x"), 5),
    (InstallError("x"), 6),
    (StorageError("x"), 6),
    (RemoteError("x"), 7),
    (RezupError("x"), 1),
]
EVERY = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, RezupError)]


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_every_error_has_a_status_that_is_explained(kind: type[RezupError]) -> None:
    error = RecipeError([Problem("f", "k", "m")]) if kind is RecipeError else kind("x")
    status = status_of(error, launching=False)
    assert status in MEANINGS or isinstance(error, LaunchError)
    assert status != 0


@pytest.mark.parametrize(("status", "expected"), [(126, 126), (127, 127)])
def test_what_cannot_be_started_has_the_status_of_shells(status: int, expected: int) -> None:
    for launching in (True, False):
        assert status_of(LaunchError("x", status=status), launching=launching) == expected


def test_a_launch_keeps_the_small_numbers_for_the_command() -> None:
    assert status_of(RezupError("x"), launching=True) == LAUNCH_FAILED == 125


@pytest.mark.parametrize(("error", "status"), ERRORS)
def test_every_error_has_its_status(error: RezupError, status: int) -> None:
    assert status_of(error, launching=False) == status
    assert status_of(error, launching=True) == 125
