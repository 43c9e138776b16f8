"""Pins and rollbacks: what a file says, when it holds, what is gone back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import A, B, C, D, label

from rezup_api.errors import StorageError
from rezup_api.store.labels import PIN
from rezup_api.store.pin import Pin, is_step_back, rolled_back
from rezup_api.store.root import local_root

if TYPE_CHECKING:
    from rezup_api.store.layout import ContainerFolder


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        (f"{A}\n", Pin(A)),
        (A, Pin(A)),
        (f"{A}\n{B}\n", Pin(A, B)),
        (f"{A}\n{C}\n{B}\n{C}\n", Pin(A, C, (B, C))),
    ],
)
def test_a_file_says_what_was_written(folder: ContainerFolder, text: str, pin: Pin) -> None:
    assert local_root(folder).pin() is None
    label(folder, PIN, text.rstrip())
    assert local_root(folder).pin() == pin
    label(folder, PIN, pin.to_text().rstrip())
    assert local_root(folder).pin() == pin


@pytest.mark.parametrize("text", ["", "the good one", f"{A}\nnever", "\n"])
def test_a_damaged_file_is_an_error(folder: ContainerFolder, text: str) -> None:
    label(folder, PIN, text)
    with pytest.raises(StorageError, match="does not hold a timestamp"):
        local_root(folder).pin()


@pytest.mark.parametrize(
    ("pin", "newest", "holds"),
    [
        (Pin(A), D, True),
        (Pin(A), None, True),
        (Pin(A, B), None, True),
        (Pin(A, B), A, True),
        (Pin(A, B), B, True),
        (Pin(A, B), C, False),
        (Pin(A, "1700000002.000"), "1700000002.000000001", False),
    ],
)
def test_a_rollback_is_over_when_there_is_something_newer(pin: Pin, newest: str | None, holds: bool) -> None:
    assert pin.holds(newest) is holds


@pytest.mark.parametrize(
    ("pin", "target", "known", "made"),
    [
        (None, B, [C, B, A], Pin(B, C, (C,))),
        (None, A, [C, B, A], Pin(A, C, (B, C))),
        (None, C, [C, B, A], None),
        (Pin(C), B, [C, B, A], Pin(B)),
        (Pin(B), C, [C, B, A], Pin(C)),
        (Pin(B, C, (C,)), A, [C, B, A], Pin(A, C, (B, C))),
        (Pin(A, C, (B, C)), B, [C, B, A], Pin(B, C, (C,))),
        (Pin(A, C, (B, C)), C, [C, B, A], None),
        (Pin(A, B, (B,)), C, [D, C, B, A], Pin(C, D, (B, D))),
    ],
    ids=[
        "first",
        "far",
        "to the newest",
        "a pin is moved",
        "a pin is moved forward",
        "once more",
        "half of it undone",
        "undone",
        "what was taken back earlier stays so",
    ],
)
def test_what_a_rollback_leads_to(pin: Pin | None, target: str, known: list[str], made: Pin | None) -> None:
    assert rolled_back(pin, target, known) == made


@pytest.mark.parametrize(
    ("pin", "current", "target"),
    [
        (None, D, C),
        (None, A, None),
        (Pin(C), C, B),
        (Pin(A, B, (B,)), C, A),
        (Pin(A, C, (B, C)), D, A),
    ],
    ids=["the one before", "nothing before", "before what is pinned", "not what was taken back", "none of those"],
)
def test_where_a_step_back_leads(pin: Pin | None, current: str, target: str | None) -> None:
    withdrawn = pin.withdrawn if pin is not None else ()
    assert next((one for one in (D, C, B, A) if is_step_back(one, current, withdrawn)), None) == target
