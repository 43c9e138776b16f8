"""Programs that close the lease: csh, tcsh, and scripts for them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.session.descriptors import closes_descriptors

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("line", "closing"),
    [
        ("#!/bin/csh -f", True),
        ("#! /usr/bin/tcsh", True),
        ("#!/usr/bin/env tcsh", True),
        ("#!/usr/bin/env -S tcsh -f", True),
        ("#!/usr/bin/env -S A=b csh", True),
        ("#!/bin/sh tcsh", False),
        ("#!/usr/bin/env bash", False),
        ("#!/usr/bin/env python3 tcsh", False),
        ("# /bin/tcsh", False),
        ("", False),
    ],
)
def test_scripts(tmp_path: Path, line: str, closing: bool) -> None:
    path = tmp_path / "tool"
    path.write_text(f"{line}\necho tcsh\n")
    assert closes_descriptors(str(path)) is closing
    outer = tmp_path / "outer"
    outer.write_text(f"#!{path}\n")
    assert closes_descriptors(str(outer)) is closing


def test_programs(tmp_path: Path) -> None:
    assert closes_descriptors("/bin/tcsh")
    assert closes_descriptors("csh")
    assert not closes_descriptors("/bin/bash")
    assert not closes_descriptors(str(tmp_path))
    (tmp_path / "endless").write_text(f"#!{tmp_path / 'endless'}\n")
    assert not closes_descriptors(str(tmp_path / "endless"))
    if os.name != "nt":
        (tmp_path / "mine").symlink_to("/somewhere/tcsh")
        assert closes_descriptors(str(tmp_path / "mine"))
