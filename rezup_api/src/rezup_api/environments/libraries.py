"""Libraries shared by the revisions of a container: made once for what was resolved, never changed, linked by a .pth file.

They are resolved together with Rez, so that the two fit, and what Rez's own environment holds anyway is not installed twice.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from rezup_api.disk.files import remove_tree
from rezup_api.disk.staging import staged
from rezup_api.events import step
from rezup_api.packages.installed import damaged, drop_notes, installed, refuse_damaged
from rezup_api.store.layout import platform_tag
from rezup_api.store.shared_folders import appear_shared, hold_shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.cache.byte_code import Compiler
    from rezup_api.cache.content_store import FileStore
    from rezup_api.disk.flock import Held
    from rezup_api.events import Reporter
    from rezup_api.packages.request import EnvironmentRequest
    from rezup_api.packages.versions import Versions
    from rezup_api.resolve.engine import Engine
    from rezup_api.store.layout import ContainerFolder

LINK = "_rezup_shared.pth"


def provide(
    folder: ContainerFolder,
    request: EnvironmentRequest,
    versions: Versions,
    *,
    engine: Engine,
    scratch: Callable[[str], Path],
    compiler: Compiler,
    store: FileStore,
    report: Reporter,
) -> tuple[Path, Held]:
    """The folder with the shared libraries of `versions`, made if there is none, and a hold on it.

    Who cleans up leaves a held folder alone; keep it until the revision that links it has appeared.

    Raises:
        InstallError: they cannot be installed.
    """
    target = folder.libraries / _name(request, versions.digest)
    held = hold_shared(target) if versions.lasting else None
    if held is not None:
        return target, held
    with (
        step(report, f"Installing the shared libraries {request.shared_name}") as running,
        staged(folder.path) as stage,
    ):
        _install(engine, stage.path, request, versions, scratch)
        remove_tree(stage.path / "bin")  # scripts of libraries, made for an interpreter that moves
        compiler.compile(stage.path, running)
        listing = store.adopt(stage.path)
        if not versions.lasting:
            target = folder.libraries / _name(request, listing.digest)
        record = {"format": 1, "resolved": list(versions.names), "interpreter": request.interpreter.identity}
        running.text = f"Installed the shared libraries {request.shared_name}"
        return target, appear_shared(stage, target, listing.to_json(), json.dumps(record, indent=2))


def _install(
    engine: Engine, path: Path, request: EnvironmentRequest, versions: Versions, scratch: Callable[[str], Path]
) -> None:
    """Install the libraries; once more if what the installer's cache gave was damaged."""
    engine.install_into(path, scratch, request.interpreter, versions)
    bad = damaged(path, installed(path).values())
    if engine.forget(bad):
        remove_tree(path)
        path.mkdir()
        engine.install_into(path, scratch, request.interpreter, versions)
        bad = damaged(path, installed(path).values())
    refuse_damaged(bad)
    drop_notes(installed(path).values(), versions.versioned)


def _name(request: EnvironmentRequest, digest: str) -> str:
    interpreter = request.interpreter
    told = f"{digest}\n{interpreter.implementation} {interpreter.version[:2]}\n{platform_tag()}"
    return f"{request.shared_name}-{hashlib.sha256(told.encode('utf-8')).hexdigest()[:16]}"


def link_libraries(packages: Path, libraries: Path, staged_revision: Path) -> None:
    """Let an environment see shared libraries.

    The path is relative, so that it holds in staging and under `revisions/`, which lie equally deep, and after a move.
    """
    container = staged_revision.parent.parent
    up = os.path.relpath(container, packages)
    line = "/".join([*up.split(os.sep), *libraries.relative_to(container).parts])
    (packages / LINK).write_text(f"{line}\n", encoding="utf-8")
