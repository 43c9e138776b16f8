"""Define the errors that rezup raises: one class for each kind of failure, each with a stable code.

A message says what failed and where; the hint says what the user can do next. The library raises no other errors on purpose. The
command turns the class into an exit status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence


class RezupError(Exception):
    """The base of all errors that rezup raises on purpose.

    Args:
        message: what failed and where, in one sentence.
        hint: what the user can do next; may be empty.

    If `damaged` is true, the place can be read, and one file of it does not hold what it should.
    """

    code = "internal"
    damaged = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RezupError):
    """The caller asks for something that makes no sense: a name that no container can have, options that exclude each other."""

    code = "usage"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a recipe.

    Args:
        where: the recipe's file, or a name where there is no file ("built-in").
        key: the dotted path of the key, `extension[1].url`; empty when the whole file is meant.
        message: what is wrong with the key.
        suggestion: the nearest known key, or what the user can write instead; may be empty.
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
    """A recipe, or something that it names, cannot be used.

    Args:
        problems: all problems that were found, not only the first.
        subject: what has the problems, as the message names it.
    """

    code = "recipe"

    def __init__(self, problems: Sequence[Problem], hint: str = "", *, subject: str = "the recipe") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{subject} has a problem" if count == 1 else f"{subject} has {count} problems"
        super().__init__("\n  ".join([f"{head}:", *(str(problem) for problem in self.problems)]), hint)


class NotFoundError(RezupError):
    """A container, revision, recipe or interpreter that the caller names does not exist."""

    code = "not-found"


class BusyError(RezupError):
    """Something cannot be changed, because other processes use it.

    Args:
        holders: the processes that use it, one line each (`python3 (pid 4711, ana)`).
    """

    code = "busy"

    def __init__(self, message: str, hint: str = "", holders: Sequence[str] = ()) -> None:
        super().__init__(message, hint)
        self.holders = tuple(holders)


class InstallError(RezupError):
    """A revision could not be built; nothing of it stays on the disk.

    Args:
        command: the words of the command that failed; empty when no command did.
        status: the exit status of that command.
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
    """A root cannot be read or written: the user lacks permission, the disk is full, a file is where a folder belongs.

    Args:
        damaged: whether the root can be read, and one file of it does not hold what it should.
    """

    code = "storage"

    def __init__(self, message: str, hint: str = "", *, damaged: bool = False) -> None:
        super().__init__(message, hint)
        self.damaged = damaged


class RemoteError(RezupError):
    """The remote root cannot be reached or read, or nothing can be published there.

    Args:
        damaged: whether the root can be read, and one file of it does not hold what it should.
    """

    code = "remote"

    def __init__(self, message: str, hint: str = "", *, damaged: bool = False) -> None:
        super().__init__(message, hint)
        self.damaged = damaged


class VerificationError(RezupError):
    """Files differ from what was recorded of them."""

    code = "verification"


class UpgradeError(RezupError):
    """rezup itself cannot be upgraded; the release that runs stays in use."""

    code = "upgrade"


class RezError(RezupError):
    """The Rez inside a revision gave no answer: it refuses a request, or the process that runs it has failed.

    Args:
        status: the exit status of that process; None where Rez itself refuses the request.
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
        status: the exit status of the launch: 126 if the command exists and cannot be executed, 127 if it does not exist, 125 for
            any other reason (the convention of POSIX shells and of `env`).
    """

    code = "launch"

    def __init__(self, message: str, hint: str = "", *, status: int = 125) -> None:
        super().__init__(message, hint)
        self.status = status
