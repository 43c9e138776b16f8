"""Whichever call to the system fails, a command leaves the old state or the new one, says what failed, and can be repeated."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from tests.unit import fault_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the library that lets calls fail is for Linux")

WHOLE = bool(os.environ.get("REZUP_TESTS_WHOLE"))
CASES = 5000 if WHOLE else 15


@pytest.mark.slow
def test_whatever_fails_the_state_is_whole_and_the_next_command_works(
    need_program: Callable[[str], Path], tmp_path: Path
) -> None:
    library, seed = fault_runs.compiled(need_program("cc"), tmp_path), fault_runs.seed()
    found = fault_runs.faulty(library, tmp_path / "work", CASES, seed)
    assert found["cases"] == CASES
    assert found["calls"] > 2000, "hardly any call is met"
    assert found["wrong"] == [], f"seed {seed}"


@pytest.mark.slow
def test_a_label_that_cannot_be_removed_leaves_nothing_in_staging(
    need_program: Callable[[str], Path], tmp_path: Path
) -> None:
    """It is moved there first; of all acts, this one was found to leave it."""
    library, seed = fault_runs.compiled(need_program("cc"), tmp_path), fault_runs.seed()
    found = fault_runs.faulty(library, tmp_path / "work", 300 if WHOLE else 10, seed, "untag", "untag remote")
    assert found["calls"] > 100, "hardly any call is met"
    assert found["wrong"] == [], f"seed {seed}"
