"""Make the same classes as `dataclasses.dataclass(frozen=True, slots=True)`, in a tenth of the time.

`dataclasses` needs `inspect`, so it takes as long to load as Python takes to start. It also compiles six methods for each class,
which takes half a millisecond. Together this was four tenths of the time of `rezup status`. Here all classes have one set of
methods.

Type checkers see the functions of `dataclasses`. The functions `asdict`, `replace` and `fields` of `dataclasses` accept these
classes too, because a class describes its fields for them when they ask. A module that only slow commands load need not use this.
"""

from __future__ import annotations

__all__ = ["asdict", "dataclass", "field"]
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import asdict, dataclass, field
    from typing import Any, NoReturn
else:

    def dataclass(*, frozen: bool, slots: bool) -> Callable[[type], type]:
        """Make a frozen class with slots from the annotations of a class.

        Raises:
            TypeError: the caller asks for a class that is not frozen, or has no slots.
        """
        if not (frozen and slots):
            raise TypeError("only frozen classes with slots are made here")
        return _made

    def field(*, default_factory: Callable[[], Any]) -> _Factory:
        """A default that `default_factory` makes anew for each object."""
        return _Factory(default_factory)

    def asdict(value: Any) -> Any:
        """The values of an object by their names; objects inside of it become dictionaries too."""
        if hasattr(value, "__match_args__") and not isinstance(value, tuple):
            return {name: asdict(getattr(value, name)) for name in value.__match_args__}
        if isinstance(value, dict):
            return {key: asdict(one) for key, one in value.items()}
        return type(value)(map(asdict, value)) if isinstance(value, (list, tuple)) else value


class _Factory:
    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


class _Fields:
    """The fields of a class as `dataclasses` describes them, made when something asks for them."""

    def __init__(self, defaults: dict[str, Any]) -> None:
        self.defaults = defaults

    def __get__(self, _: object, kind: Any) -> Any:
        import dataclasses

        namespace: dict[str, Any] = {"__annotations__": dict.fromkeys(kind.__match_args__, "object")}
        for name, default in self.defaults.items():
            given = isinstance(default, _Factory)
            namespace[name] = dataclasses.field(default_factory=default.make) if given else default
        made: Any = dataclasses.dataclass(type(kind.__name__, (), namespace))
        return made.__dataclass_fields__


def _made(kind: type) -> type:
    """A copy of the class with slots for its annotations, and with the methods that all such classes use."""
    own = dict(vars(kind))
    inherited = getattr(kind, "__match_args__", ())
    names = (*inherited, *(name for name in kind.__annotations__ if name not in inherited))
    defaults = {**getattr(kind, "__frozen_defaults__", {}), **{name: own.pop(name) for name in names if name in own}}
    for name in ("__dict__", "__weakref__"):
        own.pop(name, None)
    own.update(
        __slots__=[name for name in names if name not in inherited],
        __match_args__=names,
        __frozen_defaults__=defaults,
        __dataclass_fields__=_Fields(defaults),
        __init__=_init,
        __eq__=_eq,
        __hash__=_hash,
        __setattr__=_refuse,
        __delattr__=_refuse,
        __reduce__=_reduce,
    )
    own.setdefault("__repr__", _repr)
    made = type(kind)(kind.__name__, kind.__bases__, own)
    made.__qualname__ = kind.__qualname__
    return made


def _init(self: Any, *values: Any, **named: Any) -> None:
    names = self.__match_args__
    if len(values) != len(names) or named:
        values = _complete(self, values, named)
    for name, value in zip(names, values, strict=True):
        _set(self, name, value)


_set = object.__setattr__


def _complete(self: Any, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """All values in the order of the fields: positional arguments first, then named ones, or else the defaults."""
    names, defaults = self.__match_args__, self.__frozen_defaults__
    rest = names[len(values) :]
    unknown = [name for name in named if name not in rest]
    missing = [name for name in rest if name not in named and name not in defaults]
    if len(values) > len(names) or unknown or missing:
        told = f"no {', '.join(missing)}" if missing else f"unexpected {', '.join(unknown) or 'values'}"
        raise TypeError(f"{type(self).__name__}: {told}")
    return (*values, *(named[name] if name in named else _default(defaults[name]) for name in rest))


def _default(default: Any) -> Any:
    return default.make() if isinstance(default, _Factory) else default


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, name) for name in self.__match_args__)


def _eq(self: Any, other: object) -> Any:
    return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _repr(self: Any) -> str:
    shown = (f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _reduce(self: Any) -> tuple[type, tuple[Any, ...]]:
    return type(self), _values(self)


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot change {name!r} of a {type(self).__name__}")
