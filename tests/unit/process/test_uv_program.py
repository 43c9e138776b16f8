"""Which uv belongs to this rezup: that of its own environment, whatever is on PATH."""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from rezup_api.process import runner
from rezup_api.process.uv_program import find_uv

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_that_of_this_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "uv").write_text("#!/bin/sh\necho another\n", encoding="utf-8")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_uv()
    assert found is not None
    assert runner.start([found, "--version"], environ=os.environ).wait().stdout.startswith("uv ")


@pytest.mark.parametrize("error", [None, FileNotFoundError("no uv here")])
def test_none_is_none(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> None:
    def missing() -> str:
        assert error is not None
        raise error

    module = ModuleType("uv")
    if error is not None:
        module.find_uv_bin = missing  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "uv", module)
    assert find_uv() is None
