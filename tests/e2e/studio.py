"""What a studio does with its remote root: publish, enter what was published, and look at what lies there."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup_api.events import silent
from rezup_api.published.published_root import PublishedRoot
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.history import new_act

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Machine

# A command whose answer tells which session it runs in.
SESSION = "print(*(os.environ[name] for name in ('REZUP_USING_REMOTE', 'REZUP_CONTAINER', 'REZUP_REVISION')), sep='|')"
ASK = ("rez-python", "-c", f"import os; {SESSION}")


def publish(machine: Machine, container: str = "dev", *words: str, **variables: Any) -> str:
    """Publish a revision; its timestamp. `variables` are set for this."""
    before = set(published(machine, container))
    machine.run("add", container, "--remote", "--skip-use", *words, **variables)
    (timestamp,) = set(published(machine, container)) - before
    return timestamp


def published(machine: Machine, container: str = "dev") -> list[str]:
    """The timestamps on a machine's remote root, oldest first."""
    folder = Path(machine.variables["REZUP_ROOT_REMOTE"]) / container / "revisions"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def files_of(remote: Path, timestamp: str, container: str = "dev") -> dict[str, bytes]:
    """The files of a published revision that its publisher has chosen, by their names."""
    folder = remote / container / "revisions" / timestamp
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != "manifest.json"
    }


def publish_files(
    remote: Path, files: dict[str, bytes], container: str = "dev", *, after: str | None = None, message: str = ""
) -> str:
    """Publish a revision with files of the test's choice, as another machine would; its timestamp, greater than `after`."""
    root = PublishedRoot(SharedFolder(remote), container, {}, silent)
    return root.publish(files, after, lambda timestamp: new_act("publish", timestamp, os.environ, message=message))


def files(root: Path) -> list[str]:
    """Everything under a root, folders too."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def entered(machine: Machine, target: str, *options: str) -> Path:
    """Enter a revision that must have come from the remote root; where it lies."""
    name = target.partition("@")[0]
    answer = machine.run("use", target, *options, "--", *ASK).stdout.strip().split("|")
    assert answer[:2] == ["yes", name]
    path = Path(answer[2])
    assert path.parent == machine.root / name / "revisions"
    return path


def make_revision(
    container: Path, moment: int = 1_700_000_000, recipe: str = "", *, tool: str = "", remote: Path | None = None
) -> Path:
    """A revision without a Rez in it, quickly made; with a tool of its own, and published, where that is asked for."""
    path = container / "revisions" / f"{moment}.000000"
    tools = path / "venv" / "rez" / "bin" / "rez"
    tools.mkdir(parents=True)
    document = {"format": 1, "rezup_version": "3.0.0", "environments": [{"name": "rez"}], "remote": str(remote or "")}
    folders = [path]
    if remote is not None:
        folders.append(remote / container.name / "revisions" / path.name)
        folders[-1].mkdir(parents=True)
    for folder in folders:
        (folder / "rezup.toml").write_text(recipe, encoding="utf-8")
        (folder / "revision.json").write_text(json.dumps(document), encoding="utf-8")
    if tool:
        (tools / tool).write_text("#!/bin/sh\necho the tool\n", encoding="utf-8")
        (tools / tool).chmod(0o755)
    return path


@contextmanager
def read_only(root: Path) -> Iterator[None]:
    """Take the right to write from everything under a root, and give it back."""
    modes = {path: path.stat().st_mode for path in (root, *root.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & 0o555)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
