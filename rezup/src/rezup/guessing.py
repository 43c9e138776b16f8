"""Guess what a mistyped command line means, and write the one that works. Only an error needs this module."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from rezup.completion.candidates import Names
from rezup_api import NotFoundError, RezupError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

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


def similar(word: str, among: Iterable[str]) -> str:
    """The one of some words that a word was most likely meant to be; empty if none is close."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(among), 1, 0.6)), "")


def unknown_command(
    own: Sequence[str], command: Sequence[str] | None, commands: Iterable[str], names: Names
) -> UsageError:
    """The error that the first word is no command.

    Args:
        own: the words for rezup.
        command: the words after `--`; None if there are none.
        commands: the names of all commands.
        names: the names of containers.
    """
    at = next(number for number, word in enumerate(own) if not word.startswith("-"))
    word, rest = own[at], list(own[at + 1 :])
    containers = names.containers()
    message = f"there is no command {word!r}"
    name, mark, revision = word.partition("@")
    if name in containers:
        # What follows a container's name can only be a command to run in it.
        return UsageError(message, f"to enter the container: {_line(['use', word], _run(rest, command))}")
    # Only `use` takes a command, so with one a container is meant.
    near = similar(name, [*commands, *WORDS, *containers] if command is None or word in WORDS else containers)
    if near in containers:
        target = near + mark + revision
        return UsageError(message, f"did you mean: {_line(['use', target], _run(rest, command))}")
    if near:
        meant = WORDS.get(near, near).split()
        return UsageError(message, f"did you mean: {_line([*meant, *rest], command)}")
    return UsageError(message, f"see: rezup --help; to enter a container: rezup use {_quoted(word)}")


def unknown_arguments(
    own: Sequence[str],
    extra: Sequence[str],
    arguments: argparse.Namespace,
    *,
    command: Sequence[str] | None,
    options: Sequence[str],
    names: Names,
) -> UsageError:
    """The error that a command does not know some of its words.

    Args:
        own: the words for rezup.
        extra: those that the parser has not understood.
        arguments: what it has understood.
        command: the words after `--`; None if there are none.
        options: the options of the command.
        names: the names of containers.
    """
    verb = arguments.command
    after = ["--", *command] if command is not None else []
    option = next((word for word in extra if word.startswith("-")), "")
    word = next((word for word in extra if not word.startswith("-")), "")
    if verb == "use" and word:
        at = own.index(word)
        target = arguments.target
        # `rezup use rez-env maya` names no container at all.
        if at and own[at - 1] == target and target.partition("@")[0] not in names.containers():
            near = similar(target, names.containers())
            at = at if near else at - 1
        return UsageError(
            f"`rezup use` takes one container, and {_quoted(own[at])} is one word more",
            f"put -- before the command to run: {_line(own[:at], [*own[at:], *after])}",
        )
    if option:
        name, mark, value = option.partition("=")
        near = similar(name, options)
        if near:
            line = [near + mark + value if one == option else one for one in own]
            return UsageError(f"`rezup {verb}` has no option {name}", f"did you mean: {_line([*line, *after])}")
        return UsageError(f"`rezup {verb}` has no option {name}", f"see: rezup {verb} --help")
    left = list(own)
    for one in reversed(extra):  # the same word may stand before, where it was understood
        del left[len(left) - 1 - left[::-1].index(one)]
    return UsageError(
        f"`rezup {verb}` does not take {' '.join(map(_quoted, extra))}",
        f"leave it out: {_line(left)}; see: rezup {verb} --help",
    )


def with_guess(
    error: RezupError, arguments: argparse.Namespace | None, words: Sequence[str], environ: Any
) -> RezupError:
    """An error about a container or a label that does not exist, with the name that is nearest to it in the hint."""
    text = getattr(arguments, "target", None) or getattr(arguments, "name", None)
    if not isinstance(error, NotFoundError) or not text:
        return error
    name, mark, request = text.partition("@")
    names = Names(environ)
    containers = names.containers()
    meant = ""
    if name not in containers:
        near = similar(name, containers)
        meant = f"{near}{mark}{request}" if near else ""
    elif mark:
        known = [target.partition("@")[2] for target in names.targets(f"{name}@")]
        near = similar(request, known)
        meant = f"{name}@{near}" if near else ""
    if meant and meant != text and text in words:
        line = [meant if word == text else word for word in words]
        also = f"; or {error.hint}" if error.hint.startswith("make it") else ""
        error.hint = f"did you mean: {_line(line)}{also}"
    return error


def _run(rest: Sequence[str], command: Sequence[str] | None) -> list[str] | None:
    """The command that a user wants to run in a container: what follows its name, and what follows `--`."""
    return [*rest, *(["--"] if rest and command else []), *(command or [])] or None


def _quoted(word: str) -> str:
    """A word as a shell reads it. A tilde stands for a home folder only at the beginning."""
    return word if re.fullmatch(r"[A-Za-z0-9@%+=:,./_-][A-Za-z0-9@%+=:,./_~-]*", word) else shlex.quote(word)


def _line(own: Sequence[str], command: Sequence[str] | None = None) -> str:
    """A command line of rezup, as a shell reads it."""
    return " ".join(map(_quoted, ["rezup", *own, *(["--", *command] if command else [])]))
