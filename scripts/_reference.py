"""The reference page of the library, made from its docstrings and the text of its signatures."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Sequence

import rezup_api
from rezup_api import errors, events, overview, results, rez, status

ENTRY = re.compile(r"^([\w`*, ]+): (.*)$")
TITLES = {"Args": "Arguments", "Raises": "Raises", "Returns": "Returns", "Yields": "Gives"}
# The rooms below the verbs: what these offer is told in a line each.
ROOMS = ("recipe", "store", "session", "selection", "maintenance", "bundles", "packages", "selfupdate")


def sections() -> Mapping[str, Callable[[], str]]:
    """Every generated section of the page, by its name."""
    values = [*classes(results), overview.Recorded]
    return {
        "Studio": lambda: described(rezup_api.Studio, "studio"),
        "Container": lambda: described(rezup_api.Container, "container"),
        "Revision": lambda: described(rezup_api.Revision, "revision"),
        "Session": lambda: described(rezup_api.Session, "session"),
        "status": lambda: "\n".join(value(kind) for kind in classes(status)),
        "results": lambda: "\n".join(value(kind) for kind in values),
        "rez": lambda: "\n".join(function(one, "rez") for one in functions(rez)),
        "events": lambda: table(events, [kind.__name__ for kind in classes(events)]),
        "errors": error_table,
        "rooms": lambda: "\n".join(room(name) for name in ROOMS),
    }


def classes(module: Any) -> list[type]:
    """The public classes that a module defines, in the order of its text."""
    return [found for found in vars(module).values() if inspect.isclass(found) and own(found, module)]


def functions(module: Any) -> list[Any]:
    """The public functions that a module defines, in the order of its text."""
    return [found for found in vars(module).values() if inspect.isfunction(found) and own(found, module)]


def own(found: Any, module: Any) -> bool:
    """Whether it is a module's own, and public."""
    return bool(found.__module__ == module.__name__ and not found.__name__.startswith("_"))


def described(kind: type, name: str) -> str:
    """A class with its methods, those of the classes below it first.

    Args:
        name: what an object of it is called in the signatures.
    """
    parts = [prose(kind.__doc__ or "")]
    fields = [line for base in reversed(kind.__mro__[:-1]) for line in field_lines(base)]
    if fields:
        parts.append(f"```text\n{chr(10).join(fields)}\n```\n")
    for base in reversed(kind.__mro__[:-1]):
        parts += [method(node, name) for node in body(base) if isinstance(node, ast.FunctionDef) and is_public(node)]
    return "\n".join(parts)


def value(kind: type) -> str:
    """A class that only holds values."""
    return f"### `{kind.__name__}`\n\n{prose(kind.__doc__ or '')}\n```text\n{chr(10).join(field_lines(kind))}\n```\n"


def body(kind: type) -> list[ast.stmt]:
    """The statements of a class."""
    module = ast.parse(Path(inspect.getfile(kind)).read_text(encoding="utf-8"))
    found = (node for node in module.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__)
    return next(found).body


def field_lines(kind: type) -> list[str]:
    """The fields of a class, as they are written."""
    return [ast.unparse(node).replace("'", '"') for node in body(kind) if isinstance(node, ast.AnnAssign)]


def is_public(node: ast.FunctionDef) -> bool:
    """Whether it is for users of the class."""
    return not node.name.startswith("_")


def method(node: ast.FunctionDef, name: str) -> str:
    """A method or a property, with what its docstring says."""
    decorators = {ast.unparse(one) for one in node.decorator_list}
    owner = name.capitalize() if "classmethod" in decorators else name
    shown = f"{owner}.{node.name}"
    if "property" not in decorators:
        shown += f"({arguments(node)})"
    return (
        f"### `{owner}.{node.name}`\n\n```text\n{shown}{returns(node)}\n```\n\n{prose(ast.get_docstring(node) or '')}"
    )


def function(found: Any, module: str) -> str:
    """A function, with what its docstring says."""
    (node,) = ast.parse(inspect.getsource(found)).body
    if not isinstance(node, ast.FunctionDef):
        raise TypeError(found)
    shown = f"{node.name}({arguments(node)}){returns(node)}"
    return f"### `{module}.{node.name}`\n\n```text\n{shown}\n```\n\n{prose(ast.get_docstring(node) or '')}"


def arguments(node: ast.FunctionDef) -> str:
    """What it takes, without the object itself."""
    if node.args.args and node.args.args[0].arg in {"self", "cls"}:
        del node.args.args[0]
    return ast.unparse(node.args).replace("'", '"').replace("=", " = ").removeprefix(", ")


def returns(node: ast.FunctionDef) -> str:
    """What it gives."""
    return f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""


def prose(docstring: str) -> str:
    """A docstring in Markdown: its sections become lists."""
    return "\n".join(lines(inspect.cleandoc(docstring).splitlines())).strip() + "\n"


def lines(given: list[str]) -> Iterator[str]:
    """The lines of a docstring in Markdown."""
    section = ""
    for line in given:
        if line.rstrip(":") in TITLES and line.endswith(":"):
            section = line.rstrip(":")
            yield f"{TITLES[section]}:\n"
        elif not section or not line.startswith("    "):
            yield line
        else:
            entry = ENTRY.match(line[4:]) if not line.startswith("     ") else None
            yield (
                f"- `{entry[1]}`: {entry[2]}"
                if entry
                else f"  {line.strip()}"
                if section != "Returns"
                else line.strip()
            )


def error_table() -> str:
    """The errors with their codes."""
    rows = [
        (f"`{kind.__name__}`", f"`{kind.code}`", first_line(kind))
        for kind in classes(errors)
        if issubclass(kind, rezup_api.RezupError)
    ]
    return rows_of(("Error", "Code", "Means"), rows)


def room(name: str) -> str:
    """What a room offers, in a table."""
    package = import_module(f"rezup_api.{name}")
    told = (package.__doc__ or "").splitlines()[0]
    return f"### `rezup_api.{name}`\n\n{told}\n\n{table(package, package.__all__)}"


def table(module: Any, names: list[str]) -> str:
    """Names of a module, with the first line that is said of each."""
    rows = [(f"`{name}`", first_line(getattr(module, name))) for name in names]
    return rows_of(("Name", "What it is"), rows)


def first_line(found: Any) -> str:
    """What is said first of something; of a constant, its value."""
    if inspect.isclass(found) or inspect.isroutine(found):
        return (inspect.getdoc(found) or "").partition("\n")[0]
    return f"`{found!r}`".replace("'", '"')


def rows_of(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    every = [header, ("---",) * len(header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in every)
