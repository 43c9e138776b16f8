"""Generate the tables of the documentation from the code: `python3 scripts/docs.py [--check]`.

Needs both packages: run it with the Python of the test environment, `.venv-test`. With `--check` it changes nothing, names the
pages that are out of date, and its status is 1 if there are any. What stands between the markers
`<!-- generated: NAME -->` and `<!-- end -->` is generated, everything else on a page is written by hand. The JSON Schema of
recipes is generated too: the file that is shipped with the library, and the same one among the documentation.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Mapping

import _documents
import _recipe_schema
import _reference
import _rooms
from rezup.cli import build_parser
from rezup.output import exits
from rezup_api.process import refusals
from rezup_api.settings import SESSION_VARIABLES, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rezup_api.settings import Variable

CHECKOUT = Path(__file__).resolve().parent.parent
DOCS = CHECKOUT / "docs"
REFERENCE = DOCS / "reference"
RECIPE = CHECKOUT / "rezup_api" / "src" / "rezup_api" / "recipe"
SECTION = re.compile(r"(<!-- generated: (?P<name>[^\n]+?) -->\n).*?(<!-- end -->\n)", re.DOTALL)
COMMON = ("-h", "-D", "-q", "--no-color", "--json")

Sections = Mapping[str, Callable[[], str]]


def main() -> int:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, and fail if a page is out of date")
    check = parser.parse_args().check
    stale = 0
    made = {path: filled(path.read_text(encoding="utf-8"), sections, path.name) for path, sections in pages().items()}
    made |= {REFERENCE / "schemas" / name: text for name, text in _documents.schema_files().items()}
    made |= {folder / "rezup.schema.json": _recipe_schema.text() for folder in (REFERENCE, RECIPE)}
    for path, new in made.items():
        if path.exists() and path.read_text(encoding="utf-8") == new:
            continue
        stale += 1
        print(f"{path.name} is out of date; run scripts/docs.py" if check else f"wrote {path}")
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(new, encoding="utf-8")
    return 1 if check and stale else 0


def pages() -> dict[Path, Sections]:
    """Every page that has generated sections."""
    return {
        REFERENCE / "api.md": _reference.sections(),
        REFERENCE / "commands.md": command_sections(),
        REFERENCE / "json.md": _documents.sections(),
        REFERENCE / "environment.md": {
            "read": lambda: variable_table(VARIABLES, defaults=True),
            "session": lambda: variable_table(SESSION_VARIABLES, defaults=False),
        },
        REFERENCE / "exit-codes.md": {"commands": command_statuses, "use": launch_statuses},
        DOCS / "explanation" / "architecture.md": {
            f"rooms of {package}": lambda package=package: rooms(package) for package in ("rezup", "rezup_api")
        },
    }


def filled(page: str, sections: Sections, name: str) -> str:
    """A page with its generated sections made anew.

    Args:
        name: of the page, for the error.

    Raises:
        SystemExit: it lacks a section, or has one that nobody makes.
    """
    found = [match["name"] for match in SECTION.finditer(page)]
    if sorted(found) != sorted(sections):
        raise SystemExit(f"{name} has the sections {sorted(found)} and should have {sorted(sections)}")
    return SECTION.sub(lambda match: f"{match[1]}\n{sections[match['name']]()}\n{match[3]}", page)


def command_sections() -> Sections:
    """One section for each command, and one for the options of all."""
    parser = build_parser()
    sections: dict[str, Callable[[], str]] = {"all commands": lambda: options(parser, hidden=())}
    for name, command in leaves(parser):
        sections[name] = lambda name=name, command=command: described(name, command)  # type: ignore[misc]
    return sections


def leaves(parser: argparse.ArgumentParser, name: str = "") -> list[tuple[str, argparse.ArgumentParser]]:
    """The commands that can be called, with their full names: `use`, `recipe show`."""
    found = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                found += leaves(below, f"{name} {word}".strip())
    return found or [(name, parser)]


def described(name: str, command: argparse.ArgumentParser) -> str:
    """What a command does, how it is called, and what it takes."""
    text = f"{command.description}\n\n```text\n{usage(name, command)}\n```\n"
    table = options(command, hidden=COMMON)
    return f"{text}\n{table}" if table else text


def usage(name: str, command: argparse.ArgumentParser) -> str:
    """The line that shows how a command is called; argparse's own differs from one Python to the next."""
    if command.usage:
        return command.usage
    words = []
    for action in command._actions:
        if COMMON[0] in action.option_strings:
            continue
        short = action.option_strings[0] if action.option_strings else ""
        if short in COMMON:
            continue
        word = " ".join(part for part in (short, value_of(action)) if part)
        words.append(word if action.required and action.nargs != "?" else f"[{word}]")
    return " ".join([f"rezup {name}", *sorted(words, key=lambda word: not word.startswith("[-"))])


def options(parser: argparse.ArgumentParser, hidden: Sequence[str]) -> str:
    """The table of what a parser takes; empty if there is nothing."""
    rows = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) or any(name in hidden for name in action.option_strings):
            continue
        spelled = [" ".join(part for part in (word, value_of(action)) if part) for word in action.option_strings]
        names = ", ".join(f"`{word}`" for word in spelled or [value_of(action)])
        rows.append((names, sentence(action.help or "")))
    return table(("Argument", "Meaning"), rows) if rows else ""


def value_of(action: argparse.Action) -> str:
    """What stands for the value of an argument; empty for a switch."""
    return str(action.metavar or action.dest.upper()) if action.nargs != 0 else ""


def sentence(text: str) -> str:
    """A help text as a sentence."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" if text else ""


def variable_table(variables: Iterable[Variable], *, defaults: bool) -> str:
    """The table of environment variables."""
    if defaults:
        rows = [(f"`{item.name}`", item.meaning, item.default) for item in variables]
        return table(("Variable", "Meaning", "Default"), rows)
    return table(("Variable", "Meaning"), [(f"`{item.name}`", item.meaning) for item in variables])


def command_statuses() -> str:
    """The table of the exit statuses of all commands but `use`."""
    return table(("Status", "Meaning"), [(str(status), sentence(text)) for status, text in exits.MEANINGS.items()])


def launch_statuses() -> str:
    """The table of the exit statuses of `use`, where they are not the command's own."""
    rows = [
        (
            exits.LAUNCH_FAILED,
            "a failure of rezup itself: the command line, the recipe, the revision or a root is wrong",
        ),
        (refusals.NOT_EXECUTABLE, "the command was found, but cannot be executed"),
        (refusals.NOT_FOUND, "the command, or the script, was not found"),
        (exits.INTERRUPTED, exits.MEANINGS[exits.INTERRUPTED]),
    ]
    return table(("Status", "Meaning"), [(str(status), sentence(text)) for status, text in rows])


def rooms(package: str) -> str:
    """The map of a package."""
    return table(("Layer", "Room", "What it does", "Modules"), _rooms.rows(package))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
