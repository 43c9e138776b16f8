"""Answer a shell that completes the command line, and print the script that makes it ask.

argcomplete knows the protocols of the shells and reads the real parser. This module adds the names that argcomplete cannot know;
`completion.candidates` finds them. Completion builds, writes and reports nothing, does not run the site-customize script, and
imports only what it needs, because the user waits for the answer with a finger on the key.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from argcomplete.completers import SuppressCompleter
from argcomplete.finders import CompletionFinder
from argcomplete.lexers import split_line
from argcomplete.shell_integration import shellcode

from rezup.cli import build_parser
from rezup.completion.candidates import Names, launchers, paths
from rezup_api.recipe import examples
from rezup_api.store import DEFAULT_CONTAINER

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    Completer = Callable[..., Mapping[str, str]]

# The names that `rezup_api.packages.platforms` knows; that module takes too long to load while the user waits.
NAMED_PLATFORMS = (
    *("linux", "macos", "windows", "linux-x86_64", "linux-aarch64", "macos-arm64", "macos-x86_64", "windows-amd64"),
    "windows-arm64",
)
# The folder with the parts of the scripts that argcomplete does not have.
GLUE = Path(__file__).parent


def completion_script(shell: str) -> str:
    """The script that makes a shell complete the command line of rezup.

    Args:
        shell: bash, zsh, fish or powershell.
    """
    own = (GLUE / f"rezup.{shell}").read_text(encoding="utf-8")
    # argcomplete's own script for zsh escapes words twice, a leading ~ too, and takes the whole line for one command. Its script
    # for PowerShell loses the blank before an empty word. Ours replace these two.
    return shellcode(["rezup"], shell=shell) + own if shell in {"bash", "fish"} else own


def answer() -> int:
    """Answer a shell by the protocol of argcomplete; if anything goes wrong, the shell gets no answer.

    Returns:
        The exit status, if argcomplete has not ended the process.
    """
    with suppress(Exception):
        line = os.environ["COMP_LINE"][: int(os.environ["COMP_POINT"])]
        words = split_line(line)[3]
        if "--" in words:
            # The shell itself completes a command, but it does not know those of the container.
            return _answer_tools(line, words) if words[-1] == "--" else 0
        parser = build_parser()
        _attach(parser, Names(_environ()))
        CompletionFinder()(parser, always_complete_options=False, default_completer=SuppressCompleter())
    return 1


def _answer_tools(line: str, words: list[str]) -> int:
    """Answer with the commands of the container: the cursor is in the first word behind `--`.

    Args:
        line: the line as far as the cursor.
        words: its whole words.
    """
    from argparse import ArgumentParser

    own = words[1 : words.index("--")]
    if next((word for word in own if not word.startswith("-")), "use") != "use":
        return 0
    arguments, _ = build_parser("use").parse_known_args(own if "use" in own else [*own, "use"])
    tools = Names(_environ()).tools(arguments.target)
    # argcomplete is asked about a line that has nothing but this word.
    os.environ["COMP_LINE"] = f"rezup {line.rpartition('--')[2].lstrip()}"
    os.environ["COMP_POINT"] = str(len(os.environ["COMP_LINE"]))
    parser = ArgumentParser(add_help=False)
    parser.add_argument("tool").completer = lambda **_: dict.fromkeys(tools, "")  # type: ignore[attr-defined]
    CompletionFinder()(parser, always_complete_options=False, default_completer=SuppressCompleter())
    return 1


def _environ() -> Mapping[str, str]:
    """The caller's environment, without what an outer session has set."""
    if "REZUP_SESSION" not in os.environ:
        return os.environ
    from rezup_api.session import without_session

    return without_session(os.environ)


def _attach(parser: argparse.ArgumentParser, names: Names) -> None:
    """Give each argument its completer, chosen by the placeholder of its value in the help."""
    target: Completer = lambda prefix, **_: names.targets(prefix)  # noqa: E731 - one of several in a table
    completers: dict[str, Completer] = {
        "NAME[@A]": target,
        "NAME[@B]": target,
        "REV": lambda parsed_args, **_: _requests(parsed_args, names),
        "LABEL": lambda parsed_args, **_: {
            label: text for label, text in _requests(parsed_args, names).items() if text == "label"
        },
        "NAME": lambda parser, **_: dict.fromkeys(_named(parser, names), ""),
        "NAME[@REV]": target,
        "NAME[@REV]|FILE": lambda prefix, parser, **_: _kept(prefix, parser, names),
        "RECIPE": lambda prefix, **_: dict.fromkeys(paths(prefix, ".toml"), ""),
        "NAME@REV|FILE": lambda prefix, **_: {**names.targets(prefix), **dict.fromkeys(paths(prefix), "")},
        "FILE": lambda prefix, **_: dict.fromkeys(paths(prefix), ""),
        "EXAMPLE": lambda **_: dict.fromkeys(examples(), ""),
        "PLATFORM": lambda **_: dict.fromkeys(NAMED_PLATFORMS, ""),
        "TOOL": lambda parsed_args, **_: dict.fromkeys(names.tools(parsed_args.target), ""),
        "LAUNCHER": lambda parsed_args, **_: launchers(parsed_args.to, _environ()),
        "DIR": lambda prefix, **_: dict.fromkeys((one for one in paths(prefix) if one.endswith("/")), ""),
        "SCRIPT": lambda prefix, **_: dict.fromkeys(paths(prefix), ""),
    }
    for action in parser._actions:
        if isinstance(action.metavar, str) and action.metavar in completers:
            action.completer = completers[action.metavar]  # type: ignore[attr-defined]
        if isinstance(action.choices, dict):
            for below in action.choices.values():
                _attach(below, names)


def _kept(prefix: str, parser: argparse.ArgumentParser, names: Names) -> dict[str, str]:
    """What has a recipe: containers and revisions; and, once something is typed, the files that begin so."""
    containers = {} if "@" in prefix else dict.fromkeys(_named(parser, names), "")
    return {**containers, **names.targets(prefix), **(dict.fromkeys(paths(prefix), "") if prefix else {})}


def _requests(arguments: argparse.Namespace, names: Names) -> dict[str, str]:
    """What may stand after `@` for the container that the user has already typed."""
    name = (getattr(arguments, "name", None) or getattr(arguments, "target", None) or "").partition("@")[0]
    return {one.partition("@")[2]: text for one, text in names.targets(f"{name}@").items()} if name else {}


def _named(parser: argparse.ArgumentParser, names: Names) -> list[str]:
    """The containers that a command may mean; for `add` and `recipe`, a recipe is enough."""
    if parser.prog.split()[1] not in {"add", "recipe"}:
        return names.containers()
    return sorted({*names.containers(), *names.recipes(), DEFAULT_CONTAINER})
