"""Break command lines in a help where a terminal ends. Only a help needs this module."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What must not be broken: a group in brackets, or a word, with its quotes and what they hold.
_GROUP = re.compile(r"\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\](?:\S*)|\S+")
_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'])+""")


def wrapped_usage(usage: str, width: int) -> str:
    """A usage, broken between its arguments; what is continued is indented.

    Args:
        usage: one line or more, each from `rezup` on.
        width: how many characters fit on a line, behind the `usage: ` that argparse puts before the first one.
    """
    ahead = len("usage: ")
    lines: list[str] = []
    for line in usage.splitlines():
        words = _GROUP.findall(line)
        broken = list(_filled(words, width - ahead, " " * 4, ""))
        lines += [" " * ahead + one for one in broken]
    return "\n".join(lines).lstrip()


def wrapped_example(line: str, width: int) -> list[str]:
    """A command line to type, broken so that a POSIX shell still takes it: each line but the last ends with a backslash."""
    return [f"  {one}" for one in _filled(_WORD.findall(line), width - 2, " " * 4, " \\")]


def _filled(words: Iterable[str], width: int, indentation: str, mark: str) -> Iterator[str]:
    """Lines of words; `mark` stands at the end of each that is continued, and `indentation` before each further one."""
    line = ""
    rest = list(words)
    for number, word in enumerate(rest):
        longer = f"{line} {word}" if line.strip() else line + word
        room = width if number == len(rest) - 1 else width - len(mark)
        if len(longer) > room and line.strip():
            yield line + mark
            longer = indentation + word
        line = longer
    yield line
