"""Exact versions: which lines mean the same distribution, and what is left of them."""

from __future__ import annotations

import pytest

from rezup_api.packages.versions import Versions

HASH = f"--hash=sha256:{'ab' * 32}"
REZ, SIX = f"rez==3.4.0 {HASH}", f"Studio_Six==1.0 {HASH}"
GIT = "tool @ git+https://h/tool@0"
EDITABLE = "-e file:///dev/mine"


def pins(*lines: str, recorded: tuple[str, ...] = ()) -> Versions:
    """These lines."""
    return Versions(lines, lasting=True, recorded=recorded)


@pytest.mark.parametrize(
    ("lines", "names", "distributions", "versioned", "limits"),
    [
        ((), (), set(), set(), ()),
        ((REZ, SIX), ("rez==3.4.0", "Studio_Six==1.0"), {"rez", "studio-six"}, {"rez", "studio-six"}, None),
        ((GIT,), ("tool",), {"tool"}, set(), None),
        ((EDITABLE, REZ), ("-e", "rez==3.4.0"), {"rez"}, {"rez"}, ("rez==3.4.0",)),
    ],
)
def test_what_is_in_them(
    *,
    lines: tuple[str, ...],
    names: tuple[str, ...],
    distributions: set[str],
    versioned: set[str],
    limits: tuple[str, ...] | None,
) -> None:
    found = pins(*lines)
    assert found.names == names
    assert found.distributions == distributions
    assert found.versioned == versioned
    assert found.as_limits == (names if limits is None else limits)


@pytest.mark.parametrize(
    ("lines", "others", "left"),
    [
        ((REZ, SIX), (), (REZ, SIX)),
        ((REZ, SIX), ("rez==2.0",), (SIX,)),
        ((REZ, SIX), ("studio.six==9 --hash=x",), (REZ,)),
        ((REZ, EDITABLE), (EDITABLE,), (REZ,)),
        ((EDITABLE,), ("-e file:///dev/other",), (EDITABLE,)),
        ((GIT,), ("tool==1",), ()),
    ],
)
def test_what_is_left_without_others(lines: tuple[str, ...], others: tuple[str, ...], left: tuple[str, ...]) -> None:
    assert pins(*lines).without(pins(*others)).lines == left
    assert set(pins(*lines).among(pins(*others)).lines) == set(lines) - set(left)


def test_the_recorded_addresses_stay_with_their_lines() -> None:
    both = pins(REZ, SIX, recorded=("rez @ https://h/rez", "six @ https://h/six"))
    assert both.complete
    left = both.without(pins("rez==1"))
    assert (left.lines, left.recorded) == ((SIX,), ("six @ https://h/six",))
    by_address = left.by_address()
    assert by_address is not None
    assert by_address.lines == ("six @ https://h/six",)


@pytest.mark.parametrize("recorded", [(), (REZ,)])
def test_where_addresses_make_no_difference_there_is_no_second_try(recorded: tuple[str, ...]) -> None:
    assert pins(REZ, recorded=recorded).by_address() is None


def test_a_digest_tells_pins_apart() -> None:
    assert pins(REZ).digest == pins(REZ, recorded=("x",)).digest
    assert len({pins(REZ).digest, pins(SIX).digest, pins(REZ, SIX).digest, pins().digest}) == 4


def test_limits_are_those_of_the_others() -> None:
    assert pins(REZ).within(pins(SIX, EDITABLE)) == Versions((REZ,), lasting=True, limits=("Studio_Six==1.0",))
