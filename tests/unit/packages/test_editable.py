"""Which editable projects get a plain path, and under which names they are told to the installer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup_api.packages.editable import plain_path_projects
from rezup_api.packages.request import EnvironmentRequest, Requirement
from rezup_api.pythons.interpreter import host_interpreter

if TYPE_CHECKING:
    from pathlib import Path

SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"pyproject.toml": f'{SETUPTOOLS}[project]\nname = "own"\n'}, ["told", "own"]),
        ({"pyproject.toml": '[project]\nname = "told"\n'}, ["told"]),
        ({"pyproject.toml": '[build-system]\nbuild-backend = "hatchling.build"\n[project]\nname = "own"\n'}, []),
        ({"setup.py": "from setuptools import setup\nsetup(name='own', version='1')\n"}, ["told", "own"]),
        ({"setup.py": "import setuptools\nname = 'own'\nsetuptools.setup(name=name)\n"}, ["told"]),
        (
            {"setup.py": "from setuptools import setup\nsetup()\n", "setup.cfg": "[metadata]\nname = own\n"},
            ["told", "own"],
        ),
        ({"setup.cfg": "[metadata]\nname = own\n"}, ["told", "own"]),
        (
            {
                "setup.py": "import setuptools as s\ns.setup(name='own', ext_modules=[s.Extension(name='_c', sources=[])])\n"
            },
            ["told", "own"],
        ),
        ({"setup.py": "setup(name='no/name')\n"}, ["told"]),
        ({"pyproject.toml": "project = 3\nbuild-system = 'x'\n"}, ["told"]),
        ({"pyproject.toml": "[project]\nname = 3\n"}, ["told"]),
        # What cannot be read is the installer's to complain about.
        ({"setup.py": "print 'for Python 2'\n"}, ["told"]),
        ({"setup.py": "setup(", "setup.cfg": "name = own\n"}, ["told"]),
        ({"pyproject.toml": "[project\n"}, ["told"]),
        ({}, ["told"]),
    ],
)
def test_the_names_of_a_project(files: dict[str, str], names: list[str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    tool = Requirement(f"file://{tmp_path}", "told", tmp_path, editable=True)
    others = (Requirement("six", "six"), Requirement(f"file://{tmp_path}", "plain", tmp_path))
    request = EnvironmentRequest("rez", host_interpreter(), (tool,), others, (), "", ((),))
    assert plain_path_projects(request) == names
