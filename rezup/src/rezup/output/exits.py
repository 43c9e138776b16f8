"""Exit statuses: which class of error ends a command with which number. The table of the reference page is made from this."""

from __future__ import annotations

from rezup_api import LaunchError, RezupError

DONE = 0
INTERNAL = 1
USAGE = 2
INTERRUPTED = 130
LAUNCH_FAILED = 125

MEANINGS = {
    DONE: "done",
    INTERNAL: "an internal error: a fault of rezup's own",
    USAGE: "the command line is wrong",
    3: "the recipe is wrong",
    4: "a container, revision, recipe or interpreter was not found",
    5: "in use, or being built by somebody else",
    6: "a revision could not be built, or the local root not be written",
    7: "the remote root could not be reached, read or written",
    8: "files of a revision or a bundle are damaged, or something that belongs to it is gone",
    9: "rezup itself could not be upgraded",
    INTERRUPTED: "interrupted from the keyboard",
}
_BY_CODE = {
    "usage": USAGE,
    "recipe": 3,
    "not-found": 4,
    "busy": 5,
    "install": 6,
    "storage": 6,
    "remote": 7,
    "verification": 8,
    "upgrade": 9,
}


def status_of(error: RezupError, *, launching: bool) -> int:
    """The exit status for an error.

    Args:
        launching: the command's status is that of what it starts, so that rezup's own failures are 125 (as with `env`).
    """
    if isinstance(error, LaunchError):
        return error.status
    return LAUNCH_FAILED if launching else _BY_CODE.get(error.code, INTERNAL)
