"""Checks of a recipe: they run inside the new revision, and what fails one is never ready, nowhere."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.studio import publish, published

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Machine

REZ = '[rez]\nurl = "rez==3.4.0"\n'


def checks(*commands: str, timeout: float = 60) -> str:
    return REZ + "".join(f"[[check]]\ncommand = {json.dumps(command)}\ntimeout = {timeout}\n" for command in commands)


def test_they_run_in_a_session_of_the_new_revision(machine: Machine, tmp_path: Path) -> None:
    told = tmp_path / "für wen"
    look = f'printf "%s|" "$REZUP_CONTAINER" "$STUDIO" "$(command -v rez)" "$PWD" "$(ls -A)" > "{told}"; touch left'
    machine.recipe(
        checks("rez --version", look, "test ! -e left && exit 1; exit 0") + '[env]\nSTUDIO = "${HOME}/s"\n', "dev"
    )
    done = machine.run("add", "dev", "--skip-use")
    assert "Checked: rez --version" in done.stderr
    (revision,) = machine.revisions("dev")
    container, studio, rez, folder, listed = told.read_text(encoding="utf-8").split("|")[:5]
    assert (container, studio, listed) == ("dev", f"{machine.home}/s", "")
    assert "/dev/.staging/" in rez
    assert rez.endswith("/venv/rez/bin/rez/rez")
    assert "/dev/.staging/" in folder
    assert sorted(path.name for path in revision.iterdir()) == [
        "files.rez.json",
        "pylock.rez.toml",
        "revision.json",
        "rezup.toml",
        "venv",
    ]
    assert machine.leftovers("dev") == []


@pytest.mark.parametrize(
    ("command", "timeout", "said"),
    [
        ("echo looked; echo 'no licence' >&2; exit 3", 60, ("no licence", "looked", "exit status 3")),
        ("sleep 60", 0.3, ("rezup ended it after 0.3 s, because it had not finished", "ended by signal 15")),
        ("no-such-command", 60, ("not found", "exit status 127")),
    ],
    ids=["fails", "takes too long", "is not there"],
)
def test_what_fails_one_is_not_there(machine: Machine, command: str, timeout: float, said: tuple[str, ...]) -> None:
    machine.recipe(checks("true", command, timeout=timeout), "dev")
    started = time.monotonic()
    refused = machine.run("add", "dev", "--skip-use", status=6).stderr
    assert time.monotonic() - started < 30
    assert f"the check {command!r} fails in the new revision" in refused
    for text in said:
        assert text in refused
    assert "Traceback" not in refused
    assert not (machine.root / "dev").exists()


def test_nothing_is_published_that_fails_here(publisher: Machine) -> None:
    publisher.recipe(checks("false"), "dev")
    publisher.run("add", "dev", "--remote", "--skip-use", status=6)
    assert published(publisher) == []
    assert publisher.revisions("dev") == []


def test_each_machine_runs_them_for_itself(publisher: Machine, consumer: Machine) -> None:
    publisher.recipe(checks('test -z "$BROKEN"'), "dev")
    timestamp = publish(publisher)
    assert "fails in the new revision" in consumer.run("pull", "dev", status=6, BROKEN="1").stderr
    assert consumer.revisions("dev") == []
    consumer.run("pull", "dev")
    assert [path.name for path in consumer.revisions("dev")] == [timestamp]
