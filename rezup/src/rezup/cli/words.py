"""What the words of a command line are, before a parser reads them."""

from __future__ import annotations

import argparse

# Other words for commands, as they are typed.
OTHER_WORDS = {"list": "status", "ls": "status", "rm": "drop"}


def other_words(own: list[str]) -> list[str]:
    """The words for rezup with `list`, `ls` and `rm` replaced by our words, and `help` and `version` by the options."""
    at = next((number for number, word in enumerate(own) if not word.startswith("-")), None)
    if at is None:
        return own
    before, word, rest = own[:at], own[at], own[at + 1 :]
    if word == "version":
        return [*before, "--version", *rest]
    if word == "help":
        return [*before, *other_words(rest), "--help"]
    return [*before, OTHER_WORDS.get(word, word), *rest]


def options_of(parser: argparse.ArgumentParser, own: list[str]) -> list[str]:
    """The options of the command that is typed, the global ones included."""
    found = [text for action in parser._actions for text in action.option_strings]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            chosen = next((word for word in own if word in action.choices), None)
            if chosen is not None:
                found += options_of(action.choices[chosen], own[own.index(chosen) + 1 :])
    return found


def split_command(words: list[str]) -> tuple[list[str], list[str] | None]:
    """Separate the words for rezup from the command after the first `--`.

    Returns:
        The words for rezup; and the words of the command, unchanged, or None if there is no `--`.
    """
    if "--" not in words:
        return words, None
    at = words.index("--")
    return words[:at], words[at + 1 :]
