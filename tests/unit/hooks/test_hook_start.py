"""Which hooks start for what has happened, and that nobody waits for them."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from rezup_api.configuration.machine_file import wants
from rezup_api.events import Event, Happened, Warned
from rezup_api.hooks import hook_start
from rezup_api.hooks.hook_start import start_hooks

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.events import Reporter

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the hooks of these tests are for sh")
ADDED = Happened("added", "dev", "1.5")


@pytest.fixture
def configure(home: Path) -> Any:
    """`configure(text)` writes the configuration of the user; the environment that it is for."""

    def write(text: str) -> dict[str, str]:
        path = home / ".config" / "rezup" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return {**os.environ, "HOME": str(home)}

    return write


def hook(on: str, command: str) -> str:
    return f"[[hook]]\non = {on}\ncommand = {json.dumps(command)}\n"


def silent(event: Event) -> None:
    raise AssertionError(event)


def lines_of(path: Path, count: int) -> list[str]:
    """The lines of a file, as soon as it has so many."""
    deadline = time.monotonic() + 60
    while not path.exists() or len(path.read_text(encoding="utf-8").splitlines()) < count:
        assert time.monotonic() < deadline, f"{path} does not have {count} lines"
        time.sleep(0.01)
    return sorted(path.read_text(encoding="utf-8").splitlines())


def test_hooks_hear_of_their_events_and_of_no_others(configure: Any, home: Path) -> None:
    show = 'read line; echo "NAME $line" >> heard'
    environ = configure(
        hook('["added", "pulled"]', show.replace("NAME", "one"))
        + hook('"failed"', show.replace("NAME", "two"))
        + hook('"added"', show.replace("NAME", "three"))
    )
    assert start_hooks([ADDED, Happened("pulled", "prod", "2.5"), Happened("switched", "dev")], environ, silent) == 3
    heard = [line.split(" ", 1) for line in lines_of(home / "heard", 3)]
    found = [(name, json.loads(text)["event"], json.loads(text)["container"]) for name, text in heard]
    assert sorted(found) == [("one", "added", "dev"), ("one", "pulled", "prod"), ("three", "added", "dev")]


def test_without_a_hook_for_it_nothing_starts(configure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_start, "start_detached", None)
    assert start_hooks([ADDED], {**os.environ}, silent) == 0
    assert start_hooks([ADDED], configure(hook('"failed"', "true")), silent) == 0
    assert start_hooks([], configure(hook('"added"', "true")), silent) == 0


def test_a_hook_starts_no_hooks(configure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = configure(hook('"added"', "true"))
    assert wants("added", environ)
    assert not wants("failed", environ)
    monkeypatch.setattr(hook_start, "start_detached", None)
    environ["REZUP_HOOK"] = "failed"
    assert start_hooks([ADDED], environ, silent) == 0
    assert not wants("added", environ)


def test_the_caller_does_not_wait(configure: Any, home: Path) -> None:
    """The hook waits for a file that is made only afterwards."""
    environ = configure(hook('"added"', "while ! [ -e go ]; do sleep 0.01; done; echo done > ended"))
    assert start_hooks([ADDED], environ, silent) == 1
    (home / "go").touch()
    assert lines_of(home / "ended", 1) == ["done"]


def test_what_is_wrong_with_the_configuration_is_a_warning_and_the_rest_holds(configure: Any, home: Path) -> None:
    told: list[Event] = []
    environ = configure(hook('"added"', "echo it > heard") + hook('"addd"', "true") + "x = 1\n")
    assert start_hooks([ADDED], environ, told.append) == 1
    assert lines_of(home / "heard", 1) == ["it"]
    (warning,) = told
    assert isinstance(warning, Warned)
    assert "hook[1].on: 'addd' is not a value" in warning.text
    assert "x: unknown key" in warning.text


def test_hooks_that_cannot_be_started_are_a_warning(configure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Event] = []
    monkeypatch.setattr(sys, "executable", "/nothing/python")
    report: Reporter = told.append
    assert start_hooks([ADDED], configure(hook('"added"', "true")), report) == 0
    assert told == [Warned("the hooks of this machine cannot be started")]
