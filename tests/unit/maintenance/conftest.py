"""What the tests of upkeep share: revisions that are ready, and processes that are in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup_api.store.layout import ContainerFolder, platform_tag
from rezup_api.store.metadata import FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Make = Callable[..., Path]

# Run in a child: it holds the lock of a revision, and says so.
HOLD = """
import sys
from pathlib import Path
from rezup_api.disk.flock import lease
held = lease(Path(sys.argv[1]))
print("ready" if held else "refused", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def make(folder: ContainerFolder) -> Make:
    """`make("1700000001.000000", text="x")` is the folder of a revision that is ready here, with one file of that text."""

    def one(timestamp: str, text: str = "x", **document: object) -> Path:
        path = folder.revisions / timestamp
        (path / "venv" / "rez").mkdir(parents=True)
        (path / "venv" / "rez" / "file").write_text(text, encoding="utf-8")
        (path / "rezup.toml").touch()
        own = [{"name": "rez", "interpreter": sys.executable}]
        metadata = {"format": FORMAT, "rezup_version": "3", "platform": platform_tag(), "environments": own, **document}
        (path / "revision.json").write_text(json.dumps(metadata), encoding="utf-8")
        return path

    return one


@pytest.fixture
def session() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """`session(path)` is a process that holds a revision; `session(path, closed=True)` one that is only in it."""
    running: list[subprocess.Popen[str]] = []

    def start(path: Path, *, closed: bool = False) -> subprocess.Popen[str]:
        code = "print('ready', flush=True); input()" if closed else HOLD
        environ = {**os.environ, "REZUP_REVISION": str(path)}
        pipe = subprocess.PIPE
        words = [sys.executable, "-c", code, str(path / "revision.json")]
        running.append(subprocess.Popen(words, env=environ, stdin=pipe, stdout=pipe, text=True))
        stdout = running[-1].stdout
        assert stdout is not None
        assert stdout.readline() == "ready\n"
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()
