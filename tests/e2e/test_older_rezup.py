"""A real rezup 2.6 and this one on the same remote root."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.e2e.studio import publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine


@pytest.fixture(scope="session")
def rezup_2(tmp_path_factory: pytest.TempPathFactory, need_python: Callable[[str], Path]) -> Path:
    """The command of rezup 2.6.0, which does not run on Python 3.12 or newer."""
    python = sys.executable if sys.version_info < (3, 12) else need_python("3.11")
    folder = tmp_path_factory.mktemp("rezup 2") / "venv"
    subprocess.run([sys.executable, "-m", "virtualenv", "-q", "-p", str(python), str(folder)], check=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "rezup==2.1.1", "rezup-api==2.6.0"]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"rezup 2.6.0 cannot be installed: {done.stderr[-200:]}")
    return folder / "bin" / "rezup"


def given(rezup_2: Path, machine: Machine) -> str:
    """What `rez --version` says in the revision that rezup 2.6 gives."""
    command = [str(rezup_2), "use", "dev", "--", "rez", "--version"]
    environ = {**machine.environ, "COLUMNS": "500"}
    done = subprocess.run(command, env=environ, cwd=machine.home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace("\n", "")


@pytest.mark.slow
def test_it_pulls_what_is_published_here(rezup_2: Path, publisher: Machine, consumer: Machine) -> None:
    assert f"revisions/{publish(publisher)}/venv" in given(rezup_2, consumer)
    timestamp = publish(publisher)
    assert f"revisions/{timestamp}/venv" in given(rezup_2, consumer)
    publisher.run("rollback", "dev", "--remote")
    assert f"revisions/{timestamp}/venv" in given(rezup_2, consumer), "it does not know rollbacks"
