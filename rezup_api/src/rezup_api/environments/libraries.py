"""Provide the libraries that the revisions of a container share, and link them by a .pth file.

They are made once for each set of versions, and never changed. They are resolved together with Rez, so that they fit, and
distributions that Rez's own environment holds anyway are not installed twice.
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
    """The folder with the shared libraries of these versions, which is made if it does not exist, and a lock on it.

    A clean-up leaves a locked folder alone. The caller keeps the lock until the revision that links the folder has appeared.

    Args:
        folder: the folder of the container.
        request: the environment that links the libraries.
        versions: the versions of the libraries.
        engine: the engine that installs them.
        scratch: see `Engine`.
        compiler: compiles their byte code.
        store: shares their files.
        report: gets the step.

    Raises:
        InstallError: they cannot be installed.
        StorageError: they cannot be written.
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
        # Scripts of libraries name their interpreter by a path that does not last, and nothing puts them on PATH.
        remove_tree(stage.path / "bin")
        compiler.compile(stage.path, running)
        listing = store.adopt(stage.path)
        # Versions that may change, as of a local path, say too little about the files; then the files themselves name it.
        if not versions.lasting:
            target = folder.libraries / _name(request, listing.digest)
        record = {"format": 1, "resolved": list(versions.names), "interpreter": request.interpreter.identity}
        running.text = f"Installed the shared libraries {request.shared_name}"
        return target, appear_shared(stage, target, listing.to_json(), json.dumps(record, indent=2))


def _install(
    engine: Engine, path: Path, request: EnvironmentRequest, versions: Versions, scratch: Callable[[str], Path]
) -> None:
    """Install the libraries; a second time if the installer's cache has given damaged files."""
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
    """The name of the folder; interpreters that can share its files have the same one."""
    interpreter = request.interpreter
    content = f"{digest}\n{interpreter.implementation} {interpreter.version[:2]}\n{platform_tag()}"
    return f"{request.shared_name}-{hashlib.sha256(content.encode('utf-8')).hexdigest()[:16]}"


def link_libraries(packages: Path, libraries: Path, staged_revision: Path) -> None:
    """Let an environment see shared libraries.

    Args:
        packages: the `site-packages` of the environment, in its stage.
        libraries: the folder of the libraries.
        staged_revision: the stage of the revision.
    """
    # A stage and a revision lie equally deep in the container, so a relative path is right in both, and after a move of the root.
    container = staged_revision.parent.parent
    up = os.path.relpath(container, packages)
    line = "/".join([*up.split(os.sep), *libraries.relative_to(container).parts])
    (packages / LINK).write_text(f"{line}\n", encoding="utf-8")
