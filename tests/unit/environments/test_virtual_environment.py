"""Empty environments: the same bytes wherever they lie, and which release of virtualenv makes them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import pytest

from rezup_api.cache.folders import Caches
from rezup_api.environments.virtual_environment import OLD_RELEASE, create_environment
from rezup_api.errors import InstallError
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.store.layout import BIN, site_packages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.resolve.uv import UvEngine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the old virtualenv of these tests is a shell script")


@dataclass
class Helper:
    """Installs a virtualenv that makes a folder with what is needed, and writes down how it was called."""

    installed: list[str] = field(default_factory=list)
    fails: bool = False

    def install_tool(self, environment: Path, requirement: str) -> None:
        """See `UvEngine.install_tool`."""
        self.installed.append(requirement)
        python = environment / BIN / "python"
        python.unlink()
        made = 'for target; do :; done; mkdir -p "$target/lib/python2.7/site-packages"; echo "home = x" > "$target/pyvenv.cfg"'
        end = "echo no such interpreter >&2; exit 3" if self.fails else 'echo "$@" > "$target/called"'
        python.write_text(f"#!/bin/sh\n{made}\n{end}\n", encoding="utf-8")
        python.chmod(0o755)


@pytest.fixture
def create(tmp_path: Path) -> Callable[..., Path]:
    """`create("name", interpreter, seed=True, helper=helper)` makes an environment; its folder."""

    def make(name: str, interpreter: Interpreter, *, seed: bool = False, helper: Helper | None = None) -> Path:
        path = tmp_path / name / "environment"
        path.parent.mkdir(parents=True, exist_ok=True)
        environ = {**os.environ, "VIRTUALENV_SYSTEM_SITE_PACKAGES": "1", "PYTHONHOME": "/nowhere"}
        caches = Caches(tmp_path / "caches")
        given = cast("UvEngine | None", helper)
        create_environment(path, interpreter, seed=seed, caches=caches, environ=environ, helper=given)
        return path

    return make


def files(path: Path) -> dict[str, bytes | str]:
    """What lies in a tree."""
    found: dict[str, bytes | str] = {}
    for entry in sorted(path.rglob("*")):
        if entry.is_symlink():
            found[str(entry.relative_to(path))] = os.readlink(entry)
        elif entry.is_file():
            found[str(entry.relative_to(path))] = entry.read_bytes()
    return found


def test_two_of_them_are_equal_byte_for_byte(create: Callable[..., Path]) -> None:
    one, other = create("one", host_interpreter()), create("another place", host_interpreter())
    assert files(one) == files(other)
    assert not [name for name in files(one) if "_virtualenv" in name or "CACHEDIR" in name or ".gitignore" in name]
    assert os.listdir(site_packages(one, host_interpreter().version)) == []


def test_what_the_user_has_set_for_others_does_not_count(create: Callable[..., Path]) -> None:
    python = create("one", host_interpreter()) / BIN / "python"
    said = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str(python.parent.parent)
    text = (python.parent.parent / "pyvenv.cfg").read_text(encoding="utf-8")
    assert "include-system-site-packages = false" in text


@pytest.mark.parametrize(
    ("version", "seed", "old"),
    [((2, 7, 18), False, True), ((3, 8, 1), True, True), ((3, 5, 1), False, True), ((3, 8, 1), False, False)],
)
def test_which_release_makes_it(
    create: Callable[..., Path], version: tuple[int, int, int], seed: bool, old: bool
) -> None:
    helper = Helper()
    interpreter = replace(host_interpreter(), version=version)
    path = create("one", interpreter, seed=seed, helper=helper)
    assert helper.installed == ([OLD_RELEASE] if old else [])
    if old:
        words = (path / "called").read_text(encoding="utf-8").split()
        assert words[:2] == ["-m", "virtualenv"]
        assert ("--no-seed" in words) is not seed
        create("two", interpreter, seed=seed, helper=helper)
        assert helper.installed == [OLD_RELEASE], "it is installed once"


def test_an_old_python_needs_the_helper(create: Callable[..., Path]) -> None:
    with pytest.raises(InstallError, match="there is no uv to install it"):
        create("one", replace(host_interpreter(), version=(2, 7, 18)))


def test_what_the_old_release_says_is_told(create: Callable[..., Path]) -> None:
    with pytest.raises(InstallError, match="virtualenv cannot make the environment: no such interpreter") as caught:
        create("one", replace(host_interpreter(), version=(2, 7, 18)), helper=Helper(fails=True))
    assert caught.value.status == 3


def test_an_interpreter_that_is_none_is_said(create: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="virtualenv cannot make"):
        create("one", replace(host_interpreter(), executable=str(tmp_path / "python")))
