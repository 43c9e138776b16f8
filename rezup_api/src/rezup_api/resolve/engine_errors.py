"""How the failures of the engines are told: what pip and uv print, and what to do about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup_api.errors import InstallError
from rezup_api.recipe.credentials import redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup_api.packages.versions import Versions
    from rezup_api.process import runner


def is_missing(completed: runner.Completed) -> bool:
    """Whether a command has failed because no index has a file that was asked for; one that is another is no such case."""
    said = " ".join(completed.tail.split())
    return (
        bool(completed.status)
        and re.search(f"{_MISSING}|{_GONE}", said) is not None
        and not re.search(r"(?i)hash", said)
    )


def retry_recorded_addresses(
    completed: runner.Completed, versions: Versions, again: Callable[[Versions], runner.Completed]
) -> runner.Completed:
    """How an installation has ended; where the indexes lack a file, how it ends with the recorded addresses.

    Of two failures it is the one that tells more: that a file is another one, rather than that an index has none.
    """
    others = versions.by_address() if is_missing(completed) else None
    if others is None:
        return completed
    second = again(others)
    return completed if is_missing(second) else second


def require_success(completed: runner.Completed, failure: str) -> runner.Completed:
    """What a command printed, if it succeeded.

    Args:
        failure: what did not work, the beginning of the error's message.

    Raises:
        InstallError: it failed; the message holds the end of its output.
    """
    if completed.status == 0:
        return completed
    tail = redact(completed.tail or completed.stdout[-4000:]).strip()
    raise InstallError(
        f"{failure}:\n{_indented(tail)}" if tail else f"{failure} (exit status {completed.status})",
        _hint(tail),
        command=tuple(redact(word) for word in completed.command),
        status=completed.status,
        tail=tail,
    )


def _indented(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-12:])


_MISSING = (
    r"was not found in the (package registry|provided package locations)|No matching distribution|no versions? of"
)
_GONE = r"404 (Not Found|Client Error)|status client error \(404"
_HINTS = (
    (
        r"No space left on device|os error 28",
        "the disk is full: free some space, or set REZUP_ROOT_LOCAL to a larger disk",
    ),
    (
        r"error sending request|Connection refused|Could not connect|NewConnectionError|dns error|timed out|tcp connect",
        "the index does not answer: check the network, the proxy, and the index in pip.conf, PIP_INDEX_URL or [pip] options",
    ),
    (
        r"40[137] (Unauthorized|Forbidden|Error|Client Error)|Credentials not correct",
        "the index refuses: check the credentials in netrc, keyring or the index URL",
    ),
    (
        _MISSING,
        # uv does not say when an index refused.
        "check the name and the version in the recipe, which index is asked, and the credentials if it wants any",
    ),
    (
        r"Failed to build|build backend|Failed building",
        "the package's own build failed: see above, or ask for a version with a wheel",
    ),
)


def _hint(tail: str) -> str:
    said = " ".join(tail.split())  # uv breaks its lines wherever the terminal ends
    return next(
        (hint for pattern, hint in _HINTS if re.search(pattern, said)), "run again with --debug to see the commands"
    )
