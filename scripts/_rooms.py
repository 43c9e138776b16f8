"""The map of the rooms, for the documentation: their order from the import contracts, their words from the sources."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import tomli

CHECKOUT = Path(__file__).resolve().parent.parent


def contract(package: str) -> list[list[str]]:
    """The layers of a package, highest first, as the import contract of `pyproject.toml` has them: the rooms of each."""
    document = tomli.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = document["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers" and one["containers"] == [package])
    return [re.split(r"\s*[:|]\s*", layer) for layer in layers]


def modules(package: str, room: str) -> list[str]:
    """The modules of a room, sorted; none for a room that is a module itself."""
    folder = CHECKOUT / package / "src" / package / room
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def purpose(package: str, room: str) -> str:
    """The first line of a room's docstring."""
    base = CHECKOUT / package / "src" / package / room
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def rows(package: str) -> list[tuple[str, str, str, str]]:
    """The table of a package's rooms: layer, room, purpose, modules."""
    return [
        (str(number), f"`{room}`", purpose(package, room), ", ".join(f"`{name}`" for name in modules(package, room)))
        for number, rooms in enumerate(contract(package), start=1)
        for room in rooms
    ]
