"""Whichever call of rezup to the system fails while a real engine builds, the state is whole, and the next command builds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from tests.unit import fault_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the library that lets calls fail is for Linux")

CASES = 200


@pytest.mark.slow
@pytest.mark.whole
def test_a_build_that_fails_anywhere_leaves_the_state_whole(
    need_program: Callable[[str], Path], tmp_path: Path
) -> None:
    """With the small engine of tests/unit, each run has a sample; this one has uv, the real Rez, and the compiled byte code."""
    library, seed = fault_runs.compiled(need_program("cc"), tmp_path), fault_runs.seed()
    found = fault_runs.faulty(library, tmp_path / "work", CASES, seed, "add", "publish", "pull", "real")
    assert found["cases"] == CASES
    assert found["calls"] > 2000, "hardly any call is met"
    assert found["wrong"] == [], f"seed {seed}"
