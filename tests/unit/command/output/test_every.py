"""The commands that take `--all`: each container once, whatever becomes of the others."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from rezup.output.every import Every
from rezup_api import NotFoundError, RemoteError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.command.conftest import Rezup


@pytest.fixture
def two(rezup: Rezup) -> Rezup:
    """A machine with a published container, and one of its own."""
    rezup.run("add", "dev", "--skip-use", "--remote", "-m", "for all")
    rezup.run("add", "own", "--skip-use", "-m", "for me")
    return rezup


@pytest.mark.parametrize(
    ("errors", "others", "status"),
    [
        ([], [], 0),
        ([NotFoundError("x")], [], 4),
        ([NotFoundError("x"), RemoteError("x")], [], 7),
        ([NotFoundError("x")], [8], 8),
    ],
)
def test_the_status_is_that_of_the_worst(errors: list[NotFoundError], others: list[int], status: int) -> None:
    assert Every([], [("dev", error) for error in errors]).status(others) == status


def test_the_history_of_all_is_one_list(two: Rezup) -> None:
    lines = two.run("history", "--all")[0].splitlines()
    assert [line.split()[0] for line in lines] == ["CONTAINER", "own", "dev", "dev"]
    told = two.json("history", "--all")
    assert [one["name"] for one in told["containers"]] == ["dev", "own"]
    assert told["containers"][0] == two.json("history", "dev")
    assert told["failed"] == []


def test_the_files_of_all_are_checked_though_one_cannot_be(two: Rezup) -> None:
    out, _ = two.run("verify", "--all")
    assert [line.endswith("is as it was made") for line in out.splitlines()] == [True, True]
    shutil.rmtree(two.office.home / ".rezup" / "dev" / "revisions")
    two.office.home.joinpath(".rezup", "dev", "revisions").mkdir()
    (file,) = two.office.home.glob(".rezup/own/revisions/*/venv/rez/lib/*/site-packages/rez/cli.py")
    file.unlink()
    out, err = two.run("verify", "--all", status=8)
    assert str(file) in out
    assert "is not built here, so there is nothing to check" in err
    two.run("verify", "--all", "--repair")
    assert file.exists()


def test_an_empty_machine_has_nothing_to_check_nor_to_pull(rezup: Rezup) -> None:
    assert rezup.run("verify", "--all")[0] == "There is nothing to check.\n"
    assert rezup.run("pull", "--all")[1] == "Nothing is published\n"
    assert rezup.run("history", "--all")[0] == "Nothing is recorded of any container.\n"


def test_all_that_is_published_is_pulled_though_one_fails(
    two: Rezup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two.run("add", "bad", "--skip-use", "--remote")
    (recipe,) = two.office.remote.glob("bad/revisions/*/rezup.toml")
    recipe.write_text("", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path / "other"))
    planned = two.json("pull", "--all", "--dry-run")
    assert [(one["container"], one["ready"]) for one in planned["containers"]] == [("bad", False), ("dev", False)]
    err = two.run("pull", "--all", status=6)[1]
    assert "rezup: warning: bad: " in err
    assert "dev@" in err.splitlines()[-1]
    assert two.json("status", "dev")["built"]
    two.run("pull", "dev", "--json")


def test_a_failure_is_in_the_document(two: Rezup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (recipe,) = two.office.remote.glob("dev/revisions/*/rezup.toml")
    recipe.write_text("", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path / "other"))
    out, _ = two.run("pull", "--all", "--json", status=6)
    assert '"code": "install"' in out
    assert '"name": "dev"' in out


def test_all_is_what_gc_does_without_a_name(two: Rezup) -> None:
    told = two.json("gc", "--all", "--local", "--dry-run")
    assert [one["name"] for one in told["containers"]] == ["dev", "own"]
    assert told == two.json("gc", "--local", "--dry-run")
    assert told["failed"] == []


@pytest.mark.parametrize("command", ["history", "verify", "pull", "gc"])
def test_a_name_and_all_are_refused(rezup: Rezup, command: str) -> None:
    assert "not allowed with argument" in rezup.run(command, "dev", "--all", status=2)[1]
