"""Interpreters, and what must not mislead one that is started."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rezup_api.pythons.interpreter import Interpreter, clean_environ, host_interpreter


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("PATH", True),
        ("HOME", True),
        ("PIP_INDEX_URL", True),
        ("PYTHONPATH", False),
        ("PYTHONHOME", False),
        ("VIRTUAL_ENV", False),
        ("VIRTUALENV_SEEDER", False),
        ("CONDA_PREFIX", False),
        ("PIP_TARGET", False),
        ("PIP_USER", False),
        ("__PYVENV_LAUNCHER__", False),
    ],
)
def test_what_makes_a_python_another_one_is_taken_out(name: str, kept: bool) -> None:
    assert clean_environ({name: "x", "OTHER": "y"}) == {"OTHER": "y", **({name: "x"} if kept else {})}


def test_the_host_is_no_environment() -> None:
    host = host_interpreter()
    told = "import sys; print(sys.prefix == sys.base_prefix, '%d.%d.%d' % sys.version_info[:3])"
    done = subprocess.run([host.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", host.version_text]
    assert host.version == sys.version_info[:3]


def test_what_an_environment_depends_on() -> None:
    one = Interpreter("/usr/bin/python3", (3, 11, 7), "CPython", "x86_64")
    others = [
        Interpreter("/opt/python3", (3, 11, 7), "CPython", "x86_64"),
        Interpreter("/usr/bin/python3", (3, 11, 8), "CPython", "x86_64"),
        Interpreter("/usr/bin/python3", (3, 11, 7), "PyPy", "x86_64"),
        Interpreter("/usr/bin/python3", (3, 11, 7), "CPython", "aarch64"),
    ]
    assert len({one.identity, *(other.identity for other in others)}) == 5
    assert str(one) == "Python 3.11.7 (/usr/bin/python3)"
