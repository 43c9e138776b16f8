"""Whichever call to the system fails, a command leaves the old state or the new one, says what failed, and can be repeated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the library that lets calls fail is for Linux")

HERE = Path(__file__).parent
WHOLE = bool(os.environ.get("REZUP_TESTS_WHOLE"))
CASES = 5000 if WHOLE else 15


@pytest.fixture(scope="session")
def library(need_program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that lets a call fail."""
    path = tmp_path_factory.mktemp("faults") / "faults.so"
    command = [
        str(need_program("cc")),
        "-shared",
        "-fPIC",
        "-O1",
        "-w",
        "-o",
        str(path),
        str(HERE / "faults.c"),
        "-ldl",
    ]
    subprocess.run(command, check=True)
    return path


def faulty(library: Path, folder: Path, count: int, seed: int) -> Any:
    """Run so many cases; what was found."""
    folder.mkdir()
    environ = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(HERE.parent.parent)}
    command = [sys.executable, "-m", "tests.unit.faulty", str(folder), str(count), str(seed)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_whatever_fails_the_state_is_whole_and_the_next_command_works(library: Path, tmp_path: Path) -> None:
    """`REZUP_TESTS_SEED` repeats a run."""
    seed = int(os.environ.get("REZUP_TESTS_SEED") or time.time_ns() % 1_000_000)
    found = faulty(library, tmp_path / "work", CASES, seed)
    assert found["cases"] == CASES
    assert found["calls"] > 2000, "hardly any call is met"
    assert found["wrong"] == [], f"seed {seed}"
