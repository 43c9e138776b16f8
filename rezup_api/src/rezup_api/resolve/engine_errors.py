"""Turn a failure of pip or uv into an error that shows the end of its output and says what the user can do."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rezup_api.errors import InstallError
from rezup_api.recipe.credentials import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rezup_api.packages.versions import Versions
    from rezup_api.process import runner


def is_missing(completed: runner.Completed) -> bool:
    """Whether a command has failed because no index has a requested file; a file with another hash is not missing."""
    output = " ".join(completed.tail.split())
    return (
        bool(completed.status)
        and not completed.timed_out
        and re.search(f"{_MISSING}|{_GONE}", output) is not None
        and not re.search(r"(?i)hash", output)
    )


# What pip prints in the place of a program's output that has gone into its log.
_UNSAID = "No available output."
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT[\d:,]+\s+")
LINES = 20


def with_faults(completed: runner.Completed, log: Path) -> runner.Completed:
    """A failed command of pip, with what only its log says: which servers fail, and what a package's own build has printed."""
    if not completed.status:
        return completed
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return completed
    faults = [
        line.partition(" ")[2].strip() if line[:2].isdigit() else line.strip()
        for line in lines
        if "Could not fetch URL" in line and re.search(f"{_BROKEN_OFF}|{_SERVER_ERROR}", line)
    ]
    tail = completed.tail
    if _UNSAID in tail:
        tail = tail.replace(_UNSAID, "\n".join(["", *_said_by_build(lines)]))
    return replace(completed, tail="\n".join([*dict.fromkeys(faults), tail]))


def _said_by_build(lines: Sequence[str]) -> list[str]:
    """What the last program that pip has started has printed, from the lines of pip's log."""
    texts = [_STAMP.sub("", line) for line in lines]
    begun = max(
        (number for number, text in enumerate(texts) if text.startswith("Running command ")), default=len(texts)
    )
    said: list[str] = []
    for text in texts[begun + 1 :]:
        if text.startswith(("ERROR:", "error:")) or " exited with " in text:
            break
        said.append(text)
    return said[-LINES:]


def retry_recorded_addresses(
    completed: runner.Completed, versions: Versions, again: Callable[[Versions], runner.Completed]
) -> runner.Completed:
    """Install once more from the recorded addresses, if the indexes lack a file.

    Args:
        completed: the installation from the indexes.
        versions: the versions that it should install.
        again: installs other lines of the same versions.

    Returns:
        The installation that counts, which may have failed too.
    """
    others = versions.by_address() if is_missing(completed) else None
    if others is None:
        return completed
    second = again(others)
    # If both failed, show the failure that says more: a file with another hash rather than a file that is missing.
    return completed if is_missing(second) else second


def require_success(completed: runner.Completed, failure: str) -> runner.Completed:
    """The same command, if it has succeeded.

    Args:
        completed: the command, after it has ended.
        failure: how the error's message begins: what did not work.

    Raises:
        InstallError: the command has failed; the message holds the end of its output, without credentials.
    """
    if completed.status == 0:
        return completed
    tail = redact(completed.tail or completed.stdout[-4000:]).strip()
    raise InstallError(
        f"{failure}:\n{_indented(tail)}" if tail else f"{failure} (exit status {completed.status})",
        _TOO_LONG if completed.timed_out else _hint(tail),
        command=tuple(redact(word) for word in completed.command),
        status=completed.status,
        tail=tail,
    )


def _indented(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-12:])


_SERVER_ERROR = (
    r"(?<!\d)5\d\d (Server Error|Internal Server Error|Not Implemented|Bad Gateway|Service Unavailable|Gateway Time)"
    r"|status server error \(5\d\d|HTTP error 5\d\d|too many 5\d\d error"
)
_BROKEN_OFF = (
    r"(?i)connection reset|connection closed before|closed without a reply|connection aborted|connection broken|remote end closed"
    r"|incomplete ?message|incomplete ?read"
)
_HOST = re.compile(
    r"https?://(?:[^\s/@]*@)?([\w.-]+(?::\d+)?|\[[0-9a-f:]+\](?::\d+)?)|host='([\w.-]+)'(?:, port=(?!80\)|443\))(\d+))?"
)
_TOO_LONG = (
    "it took longer than [pip] timeout in the recipe allows: an index, the network or the build of a package is slow or hangs; "
    "try again later, or allow more seconds there"
)
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
        _SERVER_ERROR,
        "{host} has an error of its own: try again later, or tell the people who run it",
    ),
    (
        r"Connection refused|NewConnectionError",
        "the index does not answer: check the network, the proxy, and the index in pip.conf, PIP_INDEX_URL or [pip] options",
    ),
    (
        _BROKEN_OFF,
        "{host}, or a proxy on the way, breaks connections off: try again later, or tell the people who run it",
    ),
    (
        r"error sending request|Connection refused|Could not connect|NewConnectionError|dns error|timed out|tcp connect",
        "the index does not answer: check the network, the proxy, and the index in pip.conf, PIP_INDEX_URL or [pip] options",
    ),
    (
        r"40[137] (Unauthorized|Forbidden|Error|Client Error)|Credentials not correct",
        "the index refuses access: check the credentials in netrc, in the keyring or in the URL of the index",
    ),
    (
        _MISSING,
        # An index that refuses access looks to uv like one that lacks the package, so the hint has to name credentials too.
        "check the name and the version in the recipe, which index is asked, and the credentials if the index needs any",
    ),
    (
        r"Failed to build|build backend|Failed building",
        "the package's own build failed: see above, or ask for a version with a wheel",
    ),
)


def _hint(tail: str) -> str:
    output = " ".join(tail.split())  # uv breaks its lines wherever the terminal ends, so also within our patterns
    fallback = "run again with --debug to see the commands"
    hint = next((hint for pattern, hint in _HINTS if re.search(pattern, output)), fallback)
    return hint.format(host=_host(output)) if "{host}" in hint else hint


def _host(output: str) -> str:
    """The host that an engine names last; "the index" if it names none."""
    named = [match[0] or match[1] + (f":{match[2]}" if match[2] else "") for match in _HOST.findall(output)]
    return named[-1] if named else "the index"
