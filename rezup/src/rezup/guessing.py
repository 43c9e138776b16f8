"""Guess what a mistyped command line means, and write the one that works. Only an error needs this module."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from rezup.completion.candidates import Names
from rezup_api import NotFoundError, RezupError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

    from rezup.cli.parser import ChoiceError

# Words that other tools, and people, have for our commands.
_BY_COMMAND = {
    "use": "enter activate shell run exec start open launch",
    "add": "create new make install build",
    "add --remote": "publish push release deploy rollout",
    "pull": "update sync fetch download get",
    "drop": "remove delete uninstall destroy",
    "status": "info show containers revisions",
    "sessions": "ps running top",
    "history": "log logs who blame",
    "gc": "clean cleanup prune purge",
    "verify": "check fsck test",
    "verify --repair": "repair fix heal",
    "rollback": "undo revert back downgrade",
    "pin": "hold freeze lock",
    "unpin": "unhold unfreeze unlock",
    "tag": "label mark",
    "untag": "unlabel unmark",
    "diff": "compare changes",
    "bundle": "export pack archive",
    "env": "environment vars variables",
    "recipe show": "config recipes",
    "recipe init": "init",
    "recipe init --example": "examples",
    "upgrade": "self-update selfupdate self-upgrade",
}
WORDS = {word: command for command, words in _BY_COMMAND.items() for word in words.split()}
# The options that stand before any command.
OF_REZUP = frozenset({"-V", "--version", "--check-latest", "--no-upgrade"})
# The commands that take a revision of a container.
_BY_REVISION = frozenset({"use", "pull", "env", "pin", "rollback", "verify", "bundle"})
# Words that people have for the values of arguments, by the placeholder in the help.
_BY_CHOICE = {
    "FORMAT": {"sh": "bash zsh ksh dash shell posix", "powershell": "pwsh ps1 ps", "csh": "tcsh", "dotenv": "env .env"},
    "SHELL": {"bash": "sh", "powershell": "pwsh ps1 ps"},
    "ACTION": {
        "show": "list ls print cat view get info effective",
        "check": "validate verify test lint fsck",
        "init": "new create start make write example examples add",
    },
}
CHOICES = {
    metavar: {word: choice for choice, words in table.items() for word in words.split()}
    for metavar, table in _BY_CHOICE.items()
}
# Parts of platforms by other names, as other tools write them.
_MACHINES = {"linux-amd64": "linux-x86_64", "linux-arm64": "linux-aarch64", "linux64": "linux-x86_64"}
_MACHINES |= {"windows-x86_64": "windows-amd64", "win64": "windows-amd64", "win32": "windows", "win": "windows"}
_MACHINES |= {"darwin": "macos", "osx": "macos", "mac": "macos", "macos-aarch64": "macos-arm64"}


def similar(word: str, among: Iterable[str]) -> str:
    """The one of some words that a word was most likely meant to be; empty if none is close."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(among), 1, 0.6)), "")


def _names(environ: Mapping[str, str]) -> Names:
    from rezup_api.session import without_session

    return Names(without_session(environ))


def unknown_command(
    own: Sequence[str], command: Sequence[str] | None, commands: Iterable[str], environ: Mapping[str, str]
) -> UsageError:
    """The error that the first word is no command.

    Args:
        own: the words for rezup.
        command: the words after `--`; None if there are none.
        commands: the names of all commands.
        environ: the caller's environment.
    """
    at = next(number for number, word in enumerate(own) if not word.startswith("-"))
    word, rest = own[at], list(own[at + 1 :])
    containers = _names(environ).containers()
    message = f"there is no command {word!r}"
    name, mark, revision = word.partition("@")
    if name in containers:
        # What follows a container's name can only be a command to run in it.
        return UsageError(message, f"to enter the container: {command_line(['use', word], _run(rest, command))}")
    # Only `use` takes a command, so with one a container is meant, or `use` itself.
    near = similar(name, [*commands, *WORDS, *containers] if command is None or word in WORDS else [*containers, "use"])
    if near in containers:
        target = near + mark + revision
        return UsageError(message, f"did you mean: {command_line(['use', target], _run(rest, command))}")
    if near:
        meant = WORDS.get(near, near).split()
        return UsageError(message, f"did you mean: {command_line([*meant, *rest], command)}")
    return UsageError(message, f"see: rezup --help; to enter a container: rezup use {_quoted(word)}")


def unknown_arguments(
    own: Sequence[str],
    extra: Sequence[str],
    arguments: argparse.Namespace,
    *,
    command: Sequence[str] | None,
    options: Sequence[str],
    environ: Mapping[str, str],
) -> UsageError:
    """The error that a command does not know some of its words.

    Args:
        own: the words for rezup.
        extra: those that the parser has not understood.
        arguments: what it has understood.
        command: the words after `--`; None if there are none.
        options: the options of the command.
        environ: the caller's environment.
    """
    names = _names(environ)
    verb = arguments.command
    after = ["--", *command] if command is not None else []
    option = next((word for word in extra if word.startswith("-")), "")
    word = next((word for word in extra if not word.startswith("-")), "")
    target = getattr(arguments, "target", None) or getattr(arguments, "name", None) or ""
    if word and verb in _BY_REVISION and f"{target}@{word}" in names.targets(f"{target}@"):
        # `rezup pin dev staging`: another tool may take the revision as a word of its own.
        rest = [*own]
        rest.remove(word)
        at = rest.index(target)
        line = [*rest[:at], target, "--to", word] if verb == "rollback" else [*rest[:at], f"{target}@{word}"]
        return UsageError(
            f"`rezup {verb}` does not take {_quoted(word)}",
            f"did you mean: {command_line([*line, *rest[at + 1 :], *after])}",
        )
    if verb == "use" and word:
        at = own.index(word)
        # `rezup use rez-env maya` names no container at all.
        if at and own[at - 1] == target and target.partition("@")[0] not in names.containers():
            near = similar(target, names.containers())
            at = at if near else at - 1
        return UsageError(
            f"`rezup use` takes one container, and {_quoted(own[at])} is one word more",
            f"put -- before the command to run: {command_line(own[:at], [*own[at:], *after])}",
        )
    if option:
        name, mark, value = option.partition("=")
        # Dashes make any two options alike.
        bare = {known.lstrip("-"): known for known in options if len(known.lstrip("-")) > 1}
        near = bare.get(similar(name.lstrip("-"), bare), "")
        if near:
            line = [near + mark + value if one == option else one for one in own]
            if near in OF_REZUP and own[0] != option:
                line = [near, *(one for one in own if one != option)]
            what = f"{near} stands before the command" if near == name else f"`rezup {verb}` has no option {name}"
            return UsageError(what, f"did you mean: {command_line([*line, *after])}")
        return UsageError(f"`rezup {verb}` has no option {name}", f"see: rezup {verb} --help")
    left = list(own)
    for one in reversed(extra):  # the same word may stand before, where it was understood
        del left[len(left) - 1 - left[::-1].index(one)]
    return UsageError(
        f"`rezup {verb}` does not take {' '.join(map(_quoted, extra))}",
        f"leave it out: {command_line(left)}; see: rezup {verb} --help",
    )


def wrong_choice(
    error: ChoiceError, own: Sequence[str], command: Sequence[str] | None, environ: Mapping[str, str]
) -> UsageError:
    """The error that an argument does not take a word, with the word that is nearest to it in the hint.

    Args:
        error: what the parser has raised.
        own: the words for rezup.
        command: the words after `--`; None if there are none.
        environ: the caller's environment.
    """
    others = CHOICES.get(error.metavar, {})
    lower = error.word.lower()
    near = others.get(lower) or similar(lower, [*error.choices, *(one for one in others if len(one) > 2)])
    line = _replaced(own, error.word, others.get(near, near)) if near else []
    if error.metavar == "ACTION" and not near:
        names = _names(environ)
        known = [*names.recipes(), *names.containers()]
        name = error.word if error.word in known else similar(error.word, known)
        at = len(own) - 1 - list(own)[::-1].index(error.word)
        line = [*own[:at], "show", name, *own[at + 1 :]] if name else []
    if line:
        error.hint = f"did you mean: {command_line(line, command)}; {error.hint}"
    return error


def command_elsewhere(arguments: argparse.Namespace, command: Sequence[str], environ: Mapping[str, str]) -> UsageError:
    """The error that a command of rezup other than `use` is to run a command.

    Args:
        arguments: the command line.
        command: the words after `--`.
        environ: the caller's environment.
    """
    target = getattr(arguments, "target", None) or getattr(arguments, "name", None) or ""
    known = target.partition("@")[0] in _names(environ).containers()
    line = command_line(["use", target], command) if known and command else "rezup use NAME -- COMMAND"
    return UsageError(f"`rezup {arguments.command}` runs no command", f"to run it in a container: {line}")


def with_guess(
    error: RezupError, arguments: argparse.Namespace, words: Sequence[str], environ: Mapping[str, str]
) -> RezupError:
    """An error about something that does not exist, with the name that is nearest to it in the hint.

    Args:
        error: a container, a label, an example or a platform does not exist, or something else is wrong.
        arguments: the command line.
        words: the words of the command line.
        environ: the caller's environment.
    """
    for text, meant in _meant(error, arguments, _names(environ)):
        if meant and meant != text and _replaced(words, text, meant) != list(words):
            also = f"; or {error.hint}" if error.hint.startswith("make it") else ""
            listed = error.hint.rpartition("there are: ")[2] if "there are: " in error.hint else ""
            also = f"; there are: {listed}" if listed else also
            error.hint = f"did you mean: {command_line(_replaced(words, text, meant))}{also}"
            break
    return error


def _meant(error: RezupError, arguments: argparse.Namespace, names: Names) -> Iterable[tuple[str, str]]:
    """Each word that may be what does not exist, with what it was probably meant to be; empty if nothing is near."""

    def typed(*attributes: str) -> list[str]:
        return [text for one in attributes if isinstance(text := getattr(arguments, one, None), str) and text]

    for text in typed("older_than"):
        yield text, _duration(text)
    if isinstance(error, NotFoundError):
        for text in typed("target", "name", "old", "new", "source"):
            yield text, _target(text, names)
        for text in typed("to", "label"):
            (name,) = typed("name")[:1] or [""]
            if name in names.containers():
                yield text, _request(name, text, names)
        return
    from rezup.completion.answer import NAMED_PLATFORMS
    from rezup_api.recipe import examples

    for text in typed("example"):
        known = list(examples())
        yield text, "" if text in known else similar(text.lower(), known)
    for text in getattr(arguments, "platform", None) or ():
        if text not in NAMED_PLATFORMS:
            lower = text.lower()
            yield text, _MACHINES.get(lower) or similar(lower, NAMED_PLATFORMS)


def _duration(text: str) -> str:
    """The duration that a text was probably meant to be: days for a bare number, or the unit that it spells out."""
    match = re.fullmatch(r"(\d{1,9})\s*(?!mo)([smhdw]?)[a-z]*", text.lower())
    return f"{match[1]}{match[2] or 'd'}" if match else ""


def _target(text: str, names: Names) -> str:
    """What `NAME@REV` was probably meant to be; empty if it exists, or if nothing is near."""
    name, mark, request = text.partition("@")
    containers = names.containers()
    if name not in containers:
        near = similar(name, containers)
        return f"{near}{mark}{request}" if near else ""
    near = _request(name, request, names) if mark else ""
    return f"{name}@{near}" if near else ""


def _request(name: str, request: str, names: Names) -> str:
    """What stands after `@` for a container and is nearest to a request; empty if it exists, or if nothing is near."""
    known = [target.partition("@")[2] for target in names.targets(f"{name}@")]
    return "" if request in known else similar(request, known)


def replaced(words: Sequence[str], old: str, new: str) -> str:
    """A command line of rezup, as a shell reads it, in which the word `old` is `new`."""
    return command_line(_replaced(words, old, new))


def _replaced(words: Sequence[str], old: str, new: str) -> list[str]:
    """A command line in which the last word that is, or ends in, `old` is `new`."""
    line = list(words)
    end = line.index("--") if "--" in line else len(line)
    for at in reversed(range(end)):
        option, mark, value = line[at].partition("=")
        if line[at] == old:
            line[at] = new
        elif mark and value == old and option.startswith("-"):
            line[at] = f"{option}={new}"
        else:
            continue
        break
    return line


def _run(rest: Sequence[str], command: Sequence[str] | None) -> list[str] | None:
    """The command that a user wants to run in a container: what follows its name, and what follows `--`."""
    return [*rest, *(["--"] if rest and command else []), *(command or [])] or None


def _quoted(word: str) -> str:
    """A word as a shell reads it. A tilde stands for a home folder only at the beginning."""
    return word if re.fullmatch(r"[A-Za-z0-9@%+=:,./_-][A-Za-z0-9@%+=:,./_~-]*", word) else shlex.quote(word)


def command_line(own: Sequence[str], command: Sequence[str] | None = None) -> str:
    """A command line of rezup, as a shell reads it."""
    return " ".join(map(_quoted, ["rezup", *own, *(["--", *command] if command else [])]))
