"""Write a diagnosis as a text to paste into a bug report, without secrets, and keep such texts of internal errors."""

from __future__ import annotations

import os
import platform
import re
import sys
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rezup_api._version import __version__
from rezup_api.disk.files import token, write_whole
from rezup_api.errors import RezupError
from rezup_api.events import visible
from rezup_api.recipe.credentials import redact
from rezup_api.settings import VARIABLES, home_folder, state_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.doctor.observation import Diagnosis

# How many reports of internal errors are kept.
KEPT = 10
_REPORT = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}\.txt")
_KNOWN = frozenset(variable.name for variable in VARIABLES)


def report_of(diagnosis: Diagnosis, environ: Mapping[str, str], trace: str = "") -> str:
    """The text of a report.

    Credentials in addresses are struck out, the home folder is `~`, and of the environment only rezup's own variables are named.

    Args:
        diagnosis: what the checks have seen.
        environ: the caller's environment.
        trace: the traceback of an internal error; empty if there was none.
    """
    python = f"Python {platform.python_version()} ({sys.implementation.name})"
    lines = [f"rezup {__version__}, {python}, {platform.platform()}"]
    lines += ["", "Variables:"]
    named = {name: environ[name] for name in sorted(environ) if name in _KNOWN}
    lines += [f"  {name}={value}" for name, value in named.items()] or ["  none of rezup's"]
    lines += ["", f"Checks{f' of {diagnosis.container}' if diagnosis.container else ''}:"]
    for one in diagnosis.observations:
        lines.append(f"  {one.level:8}{one.check}: {one.text}")
    if trace:
        lines += ["", "Internal error:", *(f"  {line}" for line in trace.rstrip().splitlines())]
    return without_secrets("\n".join(lines) + "\n", environ)


def without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """A text with credentials struck out, with `~` for the home folder, and fit for a terminal."""
    home = str(home_folder(environ)).rstrip("/\\")
    struck = "\n".join(redact(line) for line in text.split("\n"))
    if len(home) > 1:
        struck = re.sub(rf"{re.escape(home)}(?![\w.-])", "~", struck)
    return visible(struck)


def keep_report(text: str, environ: Mapping[str, str]) -> Path | None:
    """Write a report to a file of its own, which only this user can read, and remove the oldest ones.

    Returns:
        The file; None if it cannot be written.
    """
    folder = state_folder(environ) / "reports"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}-{token()[:8]}.txt"
        write_whole(path, text.encode("utf-8", "backslashreplace"), 0o600)
    except (OSError, RezupError):
        return None
    with suppress(OSError):
        reports = sorted(name for name in os.listdir(folder) if _REPORT.fullmatch(name))
        for name in reports[:-KEPT]:
            (folder / name).unlink(missing_ok=True)
    return path
