"""The first session of the README: its commands are run, and print what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.pages import Reader

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_first_session(cold_machine: Machine) -> None:
    section = README.read_text(encoding="utf-8").partition("\n## A first session\n")[2].partition("\n## ")[0]
    reader = Reader(cold_machine)
    reader.follow(section)
    assert reader.commands >= 6
