"""Python, rezup and uv."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rezup_api._version import __version__
from rezup_api.doctor import program_checks
from rezup_api.doctor.program_checks import OLDEST, TESTED, check_python, check_rezup, check_uv, judged_python
from rezup_api.doctor.scene import Installation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.doctor.scene import Scene

INSTALLED = Installation(__version__, "/tools", __version__, "/tools", editable=False, source="")


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ((3, 9, 18), "wrong"),
        ((2, 7, 18), "wrong"),
        ((*OLDEST, 0), "ok"),
        ((*TESTED, 9), "ok"),
        ((TESTED[0], TESTED[1] + 1, 0), "warning"),
        ((4, 0, 0), "warning"),
    ],
)
def test_pythons_are_judged_by_their_version(version: tuple[int, ...], level: str) -> None:
    seen = judged_python(version, "/bin/python")
    assert seen.level == level
    assert seen.text.startswith(f"Python {'.'.join(map(str, version))} at /bin/python")
    assert bool(seen.way_out) == (level != "ok")


def test_the_versions_are_those_of_the_distribution(checkout: Path) -> None:
    text = (checkout / "rezup_api" / "pyproject.toml").read_text(encoding="utf-8")
    named = [tuple(map(int, found)) for found in re.findall(r"Python :: (\d)\.(\d+)", text)]
    assert (min(named), max(named)) == (OLDEST, TESTED)


def test_this_python_is_looked_at(scene: Callable[..., Scene]) -> None:
    assert sys.executable in check_python(scene()).text


@pytest.mark.parametrize(
    ("installation", "level", "text"),
    [
        (None, "ok", f"the library rezup_api {__version__}"),
        (INSTALLED, "ok", f"rezup {__version__} from /tools"),
        (replace(INSTALLED, editable=True), "ok", f"rezup {__version__} from its sources in /tools"),
        (
            replace(INSTALLED, place="/home/r", installed="3.0"),
            "ok",
            f"rezup {__version__} from /home/r, in place of the installed 3.0 in /tools",
        ),
        (
            replace(INSTALLED, version="2.9"),
            "wrong",
            f"rezup 2.9 in /tools runs with the library rezup_api {__version__}",
        ),
    ],
)
def test_rezup_says_where_it_comes_from(
    scene: Callable[..., Scene], installation: Installation | None, level: str, text: str
) -> None:
    seen = check_rezup(scene(installation=installation))
    assert (seen.level, seen.text) == (level, text)


def test_the_real_uv_says_its_version(scene: Callable[..., Scene]) -> None:
    seen = check_uv(scene())
    assert seen.level == "ok"
    assert re.match(r"uv \d+\.\d+\S* at /", seen.text)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (None, ("warning", "uv is not installed with this rezup")),
        ("#!/bin/sh\necho cannot open shared object >&2; exit 127\n", ("wrong", "cannot open shared object")),
        ("#!/nothing/sh\n", ("wrong", "cannot start")),
    ],
)
def test_a_uv_that_is_not_there_or_broken(
    scene: Callable[..., Scene],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str | None,
    expected: tuple[str, str],
) -> None:
    program = None
    if script is not None:
        program = tmp_path / "uv"
        program.write_text(script, encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setattr(program_checks, "find_uv", lambda: program and str(program))
    seen = check_uv(scene())
    assert seen.level == expected[0]
    assert expected[1] in seen.text
    assert "install uv" in seen.way_out
