"""The exit status of the command for each class of error. The table on the reference page is generated from this module."""

from __future__ import annotations

from rezup_api import LaunchError, RezupError

DONE = 0
INTERNAL = 1
USAGE = 2
INTERRUPTED = 130
LAUNCH_FAILED = 125

MEANINGS = {
    DONE: "done",
    INTERNAL: "an internal error, which is a fault of rezup",
    USAGE: "the command line is wrong",
    3: "the recipe is wrong",
    4: "a container, revision, recipe or interpreter was not found",
    5: "a container or revision is in use, or another process is building it",
    6: "a revision could not be built, or the local root could not be written",
    7: "the remote root could not be reached, read or written",
    8: "a revision or a bundle is damaged, or a part of it is missing; or `doctor` has found something wrong",
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
        error: the error that ended the command.
        launching: whether the command starts another program, whose exit status it would return. A failure of rezup itself is
            then 125, as with env(1).
    """
    if isinstance(error, LaunchError):
        return error.status
    return LAUNCH_FAILED if launching else _BY_CODE.get(error.code, INTERNAL)
