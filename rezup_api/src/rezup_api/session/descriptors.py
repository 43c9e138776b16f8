"""Tell which programs close every descriptor that they did not open, and with them the lease: csh, tcsh and their scripts.

The quick launch does not load this module. It has a coarser test of its own, `rezup.fastpath.replay.is_for_csh`, which may say
yes too often; a test of the project holds that it says yes wherever this module does.
"""

import os

NAMES = frozenset({"csh", "tcsh", "bsd-csh"})
# Linux reads this many bytes of a script's first line (BINPRM_BUF_SIZE, see execve(2)).
LINE_BYTES = 256
# The interpreter of a script may be a script too; Linux follows such a chain for a few steps.
DEEPEST = 5


def closes_descriptors(program: str, depth: int = DEEPEST) -> bool:
    """Whether `program` is csh or tcsh, or a script whose `#!` line names one of them, directly or through `env`.

    Args:
        program: the path of a program. If its file cannot be read, its name alone decides.
        depth: how many further interpreters are read, where the interpreter of a script is a script itself.
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
    """The words of a script's `#!` line; empty if the program is not a script or cannot be read."""
    try:
        # Without O_NONBLOCK, opening a named pipe would wait until another process writes to it.
        descriptor = os.open(program, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            line = os.read(descriptor, LINE_BYTES).split(b"\n")[0]
        finally:
            os.close(descriptor)
    except OSError:
        return []
    return os.fsdecode(line[2:]).split() if line[:2] == b"#!" else []


def _after_options(words: "list[str]") -> "list[str]":
    """The command that `env` runs, from the words after `env`: `-S tcsh -f` and `NAME=value tcsh` give `tcsh`."""
    for index, word in enumerate(words):
        if word.startswith("-S") and len(word) > 2:
            return [word[2:], *words[index + 1 :]]
        if word[:1] != "-" and "=" not in word:
            return words[index:]
    return []
