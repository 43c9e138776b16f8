"""`rezup env`: print the variables that a session sets and removes, in a format that other programs read."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rezup.output.render import Raw, Result
from rezup_api.session import EDITORS, Written, editor_settings, holding, written
from rezup_api.store import parse_target

if TYPE_CHECKING:
    import argparse

    from rezup.output.progress import Progress
    from rezup_api import Studio


def run(arguments: argparse.Namespace, studio: Studio, progress: Progress) -> Result:
    """Compute the environment of a session and compare it with the caller's. No session starts."""
    target = parse_target(arguments.target)
    container = studio.container(target.container)
    form = "json" if arguments.json else arguments.format
    held = form == "sh" and os.name != "nt"
    # An editor is not started from here: what a session changes there, it changes outside of any.
    before = studio.environ if form in EDITORS else arguments.origin.environ
    found = container.env(target.revision, local=arguments.local, before=before, note=not held)
    revision, changed = found.revision, found.values
    data = {
        "container": revision.container,
        "timestamp": revision.timestamp,
        "revision": str(revision.path),
        "environ": changed,
    }
    if form in EDITORS:
        return Result(data, Raw(editor_settings(form, revision, changed, before.get("PATH", ""))))
    told = Written("") if arguments.json else written(form, changed)
    hold = holding(form, str(revision.lock_file), sys.executable) if held and changed else ""
    if told.unnamed:
        progress.warn(f"left out, for {arguments.format} cannot set variables so named: {_listed(told.unnamed)}")
    if told.kept:
        progress.warn(f"{arguments.format} cannot say that these are to be removed: {_listed(told.kept)}")
    return Result(data, Raw(told.text + hold))


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(name if name.isidentifier() else repr(name) for name in names)
