"""What can go wrong: one class for each kind of failure, each with a stable code.

A message says what failed and where; the hint says what to do next. The library raises these and nothing else on purpose;
the command turns the class into an exit status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence


class RezupError(Exception):
    """The base of all errors raised on purpose.

    Args:
        message: what failed and where, one sentence without a traceback.
        hint: what to do next; may be empty.
    """

    code = "internal"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RezupError):
    """A command was asked for something that it cannot mean: a name that is none, options that exclude each other."""

    code = "usage"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a recipe.

    Args:
        where: the file, or what stands for it.
        key: dotted path of the key, `extension[1].url`; empty when the whole file is meant.
        message: what is wrong with it.
        suggestion: the nearest known key, or the way out; may be empty.
    """

    where: str
    key: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: {self.key}" if self.key else self.where
        tail = f" ({self.suggestion})" if self.suggestion else ""
        return f"{place}: {self.message}{tail}"


class RecipeError(RezupError):
    """A recipe, or what it names, cannot be used; carries every problem that was found, not only the first.

    Args:
        subject: what has the problems.
    """

    code = "recipe"

    def __init__(self, problems: Sequence[Problem], hint: str = "", *, subject: str = "the recipe") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{subject} has a problem" if count == 1 else f"{subject} has {count} problems"
        super().__init__("\n  ".join([f"{head}:", *(str(problem) for problem in self.problems)]), hint)


class NotFoundError(RezupError):
    """A container, revision, recipe or interpreter that was named does not exist."""

    code = "not-found"


class BusyError(RezupError):
    """Something is in use.

    Args:
        holders: who holds it, one line each (`python3 (pid 4711, ana)`).
    """

    code = "busy"

    def __init__(self, message: str, hint: str = "", holders: Sequence[str] = ()) -> None:
        super().__init__(message, hint)
        self.holders = tuple(holders)


class InstallError(RezupError):
    """A revision could not be built; nothing of it is left.

    Args:
        command: the command that failed, empty when none did.
        status: its exit status.
        tail: the last lines of its output.
    """

    code = "install"

    def __init__(
        self, message: str, hint: str = "", *, command: Sequence[str] = (), status: int | None = None, tail: str = ""
    ) -> None:
        super().__init__(message, hint)
        self.command = tuple(command)
        self.status = status
        self.tail = tail


class StorageError(RezupError):
    """A root cannot be read or written: permission, a full disk, a file where a folder belongs."""

    code = "storage"


class RemoteError(RezupError):
    """The remote root cannot be reached, read or published to."""

    code = "remote"


class VerificationError(RezupError):
    """Files are not what was recorded of them."""

    code = "verification"


class UpgradeError(RezupError):
    """rezup itself cannot be upgraded; the present release goes on."""

    code = "upgrade"


class RezError(RezupError):
    """The Rez inside a revision did not answer: it refuses a request, or what it was given to run has failed.

    Args:
        status: the exit status of what was run; None where Rez itself has refused.
        tail: the last lines of its stderr.
    """

    code = "rez"

    def __init__(self, message: str, hint: str = "", *, status: int | None = None, tail: str = "") -> None:
        super().__init__(message, hint)
        self.status = status
        self.tail = tail


class LaunchError(RezupError):
    """A command could not be started.

    Args:
        status: what the launch exits with: 126 found but not executable, 127 not found, 125 anything else.
    """

    code = "launch"

    def __init__(self, message: str, hint: str = "", *, status: int = 125) -> None:
        super().__init__(message, hint)
        self.status = status
