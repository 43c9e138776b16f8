"""Frozen classes of values behave as those that `dataclasses` makes."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from rezup_api import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAKERS = [frozen, dataclasses]


def made(maker: Any) -> Any:
    """A class with all that our classes have: defaults, a method, a property, a nested one."""

    @maker.dataclass(frozen=True, slots=True)
    class Point:
        """A point."""

        x: int
        y: int = 2
        more: Mapping[str, int] = maker.field(default_factory=dict)

        @property
        def total(self) -> int:
            return self.x + self.y

    return Point


@frozen.dataclass(frozen=True, slots=True)
class Named:
    """One that can be found by its name, as pickle needs it."""

    name: str
    within: tuple[Named, ...] = ()


@pytest.mark.parametrize("maker", MAKERS)
def test_values_are_given_by_position_by_name_or_by_default(maker: Any) -> None:
    point = made(maker)
    assert (point(1).y, point(1).more, point(1).total) == (2, {}, 3)
    assert (point(1, 5).y, point(x=1, y=6).y, point(1, more={"a": 1}).more) == (5, 6, {"a": 1})
    assert point(1).more is not point(1).more
    assert point.__match_args__ == ("x", "y", "more")
    assert point.__doc__ == "A point."


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize(
    "call", [lambda kind: kind(), lambda kind: kind(1, 2, {}, 4), lambda kind: kind(1, x=2), lambda kind: kind(1, z=2)]
)
def test_what_is_missing_or_too_much_is_refused(maker: Any, call: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError):
        call(made(maker))


@pytest.mark.parametrize("maker", MAKERS)
def test_nothing_changes(maker: Any) -> None:
    point = made(maker)(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    assert not hasattr(point, "__dict__")


@pytest.mark.parametrize("maker", MAKERS)
def test_equal_values_are_equal_objects(maker: Any) -> None:
    point, other = made(maker), made(maker)
    assert point(1) == point(1, 2)
    assert point(1) != point(2)
    assert point(1) != other(1), "of another class"
    assert repr(point(1)).endswith("Point(x=1, y=2, more={})")


def test_they_can_be_keys() -> None:
    assert {Named("a"): 1}[Named("a")] == 1


def test_they_can_be_copied_and_pickled() -> None:
    value = Named("a", (Named("b"),))
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == copy.copy(value) == value


@pytest.mark.parametrize("maker", MAKERS)
def test_the_functions_of_dataclasses_know_them(maker: Any) -> None:
    value = Named("a", (Named("b"),))
    assert maker.asdict(value) == {"name": "a", "within": ({"name": "b", "within": ()},)}
    assert dataclasses.replace(value, name="c") == Named("c", value.within)
    assert [one.name for one in dataclasses.fields(value)] == ["name", "within"]
    assert dataclasses.is_dataclass(Named)
    assert dataclasses.fields(Named)[1].default == ()


def test_only_frozen_ones_with_slots_are_made() -> None:
    make: Any = frozen.dataclass
    with pytest.raises(TypeError, match="only frozen classes"):
        make(frozen=False, slots=True)
