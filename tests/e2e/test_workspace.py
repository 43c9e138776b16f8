"""A fresh clone as a uv workspace: `uv sync`, then `uv run rezup`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rezup

UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"


@pytest.fixture
def clone(checkout: Path, tmp_path: Path) -> Path:
    """What a clone of this checkout would hold if it were committed as it is."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout
    folder = tmp_path / "a clone"
    for name in filter(None, listed.split("\0")):
        if (checkout / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(checkout / name, folder / name)
    return folder


def test_uv_syncs_and_runs_a_clone(clone: Path, home: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"}}
    environ = {**kept, "UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never", "UV_CACHE_DIR": str(home / "uv")}

    def uv(*words: str) -> str:
        done = subprocess.run([UV, *words], cwd=clone, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    uv("sync")
    assert uv("run", "rezup", "--version").startswith(f"rezup {rezup.__version__} from {clone / 'rezup' / 'src'} ")
    where = uv("run", "--offline", "python", "-c", "import rezup_api; print(rezup_api.__file__)")
    assert Path(where.strip()).is_relative_to(clone / "rezup_api" / "src")
