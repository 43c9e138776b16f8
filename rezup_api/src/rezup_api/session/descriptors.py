"""Which programs close every descriptor that they did not open, and with it the lease: csh, tcsh, and scripts for them.

It imports nothing but `os`, so that the quick launch can afford it.
"""

import os

NAMES = frozenset({"csh", "tcsh", "bsd-csh"})
# What Linux reads of a first line (BINPRM_BUF_SIZE in execve(2)), and how often an interpreter may itself be a script.
LINE_BYTES = 256
DEEPEST = 5


def closes_descriptors(program: str, depth: int = DEEPEST) -> bool:
    """Whether `program` is csh or tcsh, or a script whose `#!` line names one of them, through `env` too.

    Args:
        program: a path; what cannot be read counts by its name alone.
        depth: how many interpreters of interpreters are looked at.
    """
    if _is_named(program):
        return True
    words = _interpreter(program) if depth > 0 else []
    if words and os.path.basename(words[0]) == "env":
        return any(_is_named(word) for word in _after_options(words[1:])[:1])
    return bool(words) and closes_descriptors(words[0], depth - 1)


def _is_named(program: str) -> bool:
    names = {os.path.basename(path).lower().removesuffix(".exe") for path in (program, os.path.realpath(program))}
    return not names.isdisjoint(NAMES)


def _interpreter(program: str) -> "list[str]":
    """The words of a script's first line; none where it is no script."""
    try:
        descriptor = os.open(program, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            line = os.read(descriptor, LINE_BYTES).split(b"\n")[0]
        finally:
            os.close(descriptor)
    except OSError:
        return []
    return os.fsdecode(line[2:]).split() if line[:2] == b"#!" else []


def _after_options(words: "list[str]") -> "list[str]":
    """What `env` runs: `-S tcsh -f` and `NAME=value tcsh` are understood."""
    for index, word in enumerate(words):
        if word.startswith("-S") and len(word) > 2:
            return [word[2:], *words[index + 1 :]]
        if word[:1] != "-" and "=" not in word:
            return words[index:]
    return []
