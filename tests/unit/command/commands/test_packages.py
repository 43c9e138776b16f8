"""`rezup packages`: the table, the lines for pip, the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.command.conftest import Rezup


def test_the_table_has_a_row_for_each_package(rezup: Rezup) -> None:
    rezup.run("add", "dev", "--skip-use")
    lines = rezup.run("packages", "dev")[0].splitlines()
    assert lines[0].startswith("Packages of dev@")
    assert [line.split()[:3] for line in lines[2:]] == [["rez", "pip", "25.0"], ["rez", "rez", "3.4.0"]]


def test_the_lines_for_pip_have_digests_below_a_comment(rezup: Rezup) -> None:
    rezup.run("add", "dev", "--skip-use")
    comment, _, line = rezup.run("packages", "dev", "--format", "requirements")[0].splitlines()
    assert comment.startswith("# dev@")
    assert comment.partition(": ")[2].startswith("rez, Python 3.")
    assert line.startswith("rez==3.4.0 --hash=sha256:")


def test_one_environment_can_be_named(rezup: Rezup) -> None:
    rezup.run("add", "dev", "--skip-use")
    told = rezup.json("packages", "dev", "-e", "rez")
    assert [one["name"] for one in told["environments"]] == ["rez"]
    assert "it has rez" in rezup.run("packages", "dev", "-e", "nope", status=4)[1]
