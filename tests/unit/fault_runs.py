"""Let calls to the system fail under commands: how the tests start the process that does this, see `faulty.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def compiled(compiler: Path, folder: Path) -> Path:
    """The library that lets a call fail."""
    path = folder / "faults.so"
    command = [str(compiler), "-shared", "-fPIC", "-O1", "-w", "-o", str(path), str(HERE / "faults.c"), "-ldl"]
    subprocess.run(command, check=True)
    return path


def seed() -> int:
    """Where the random choice of a run begins; `REZUP_TESTS_SEED` repeats a run."""
    return int(os.environ.get("REZUP_TESTS_SEED") or time.time_ns() % 1_000_000)


def faulty(library: Path, folder: Path, count: int, seed: int, *words: str) -> Any:
    """Run so many cases; what was found."""
    folder.mkdir()
    environ = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(HERE.parent.parent)}
    command = [sys.executable, "-m", "tests.unit.faulty", str(folder), str(count), str(seed), *words]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
