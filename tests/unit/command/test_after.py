"""What comes after the answer: hooks that hear of it, and a report of a fault."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from rezup import after
from rezup.after import kept_report, let_hooks_hear
from rezup_api.errors import StorageError
from rezup_api.events import Happened

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.command.conftest import Rezup

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the hooks of these tests are for sh")
SHOW = 'f=$(mktemp); cat > "$f"; mv "$f" "got-$REZUP_HOOK"'


@pytest.fixture
def hooks(home: Path) -> Path:
    """A hook for each event, which writes a file into the home folder."""
    path = home / ".config" / "rezup" / "config.toml"
    path.parent.mkdir(parents=True)
    events = ["added", "published", "pulled", "failed", "rolled-back", "switched"]
    path.write_text(f"[[hook]]\non = {json.dumps(events)}\ncommand = {json.dumps(SHOW)}\n", encoding="utf-8")
    return home


def heard(home: Path, event: str) -> dict[str, object]:
    """What the hook for an event has read, as soon as it has; it can hear the next one then."""
    path = home / f"got-{event}"
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"nobody has heard of {event}"
        time.sleep(0.01)
    found: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    return found


def test_hooks_hear_of_what_commands_do(rezup: Rezup, hooks: Path) -> None:
    rezup.run("add", "dev", "--skip-use", "-m", "menus")
    told = heard(hooks, "added")
    assert (told["container"], told["message"]) == ("dev", "menus")
    first = told["revision"]
    rezup.run("use", "dev", "--", "true")
    rezup.run("add", "dev", "--skip-use")
    second = heard(hooks, "added")["revision"]
    rezup.run("use", "dev", "--", "true")
    told = heard(hooks, "switched")
    assert (told["revision"], told["previous"]) == (second, first)
    rezup.run("rollback", "dev", "--local")
    assert heard(hooks, "rolled-back")["revision"] == first


def test_other_revisions_are_no_switch(rezup: Rezup, hooks: Path) -> None:
    rezup.run("add", "dev", "--skip-use")
    rezup.run("use", "dev", "--", "true")
    rezup.run("add", "dev", "--skip-use")
    note = hooks / ".rezup/dev/labels/.given"
    before = note.read_text(encoding="utf-8")
    rezup.run("use", "dev@~0", "--", "true")
    rezup.run("use", "dev", "--local", "--", "true")
    assert note.read_text(encoding="utf-8") == before


def test_without_a_hook_for_it_nothing_is_noted(rezup: Rezup, home: Path) -> None:
    rezup.run("add", "dev", "--skip-use")
    rezup.run("use", "dev", "--", "true")
    assert not (home / ".rezup/dev/labels").exists()


def test_a_failure_is_heard_with_the_error_of_the_command(rezup: Rezup, hooks: Path) -> None:
    rezup.office.recipe("[[check]]\ncommand = 'exit 3'\n")
    document = json.loads(rezup.run("add", "dev", "--skip-use", "--json", status=6)[0])
    error = heard(hooks, "failed")["error"]
    assert isinstance(error, dict)
    assert error == {name: document["error"][name] for name in ("code", "message", "hint")}


def test_a_pull_is_heard_and_so_is_the_switch(rezup: Rezup, hooks: Path, tmp_path: Path) -> None:
    publisher = rezup.office.beside(tmp_path / "other")
    publisher.container().add(publish=True)
    rezup.run("pull", "dev")
    first = heard(hooks, "pulled")["revision"]
    second = publisher.container().add(publish=True, message="menus").timestamp
    rezup.run("pull", "dev")
    assert (heard(hooks, "pulled")["revision"], heard(hooks, "switched")["previous"]) == (second, first)


def test_a_configuration_that_is_wrong_is_a_warning_after_the_answer(rezup: Rezup, home: Path) -> None:
    path = home / ".config" / "rezup" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("[[hok]]\n", encoding="utf-8")
    out, err = rezup.run("add", "dev", "--skip-use", "--json")
    assert json.loads(out)["warnings"] == []
    assert "rezup: warning: the configuration of this machine has no effect where it is wrong" in err
    assert "hok: unknown key (did you mean [[hook]]?)" in err
    assert rezup.run("status")[1] == "", "nothing has happened, so nobody needs it"


@pytest.mark.parametrize("error", [StorageError("no room"), OSError("no processes")])
def test_hooks_that_cannot_be_started_do_not_change_the_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("rezup_api.hooks.hook_start.start_hooks", refuse)
    happened = [Happened("added", "dev")]
    let_hooks_hear(happened)
    assert happened == [], "nobody tries twice"
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"rezup: warning: the hooks of this machine cannot be started: {error}\n")


def test_a_fault_leaves_a_report_and_a_fault_of_the_report_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept_report(ZeroDivisionError("by nothing"))
    assert path.startswith(str(home / ".local/state/rezup/reports"))

    def explode(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr("rezup_api.doctor.examination.report_of", explode)
    assert after.kept_report(ZeroDivisionError("by nothing")) == ""
