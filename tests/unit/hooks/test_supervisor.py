"""The supervisor: what hooks get, how long they may take, and what is noted of their failures."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from rezup_api.hooks import supervisor
from rezup_api.hooks.hook_log import HookFailure, read_hook_failures
from rezup_api.hooks.supervisor import Job, supervise

if TYPE_CHECKING:
    from pathlib import Path

ENVELOPE: dict[str, Any] = {"event": "added", "container": "dev", "revision": "1.5", "message": "caf\u00e9"}
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the hooks of these tests are for sh")


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """`run(command, ...)` lets hooks run; their failures."""

    def run(*commands: str, timeout: float = 60) -> list[HookFailure]:
        jobs = [Job(f"here: hook[{index}]", command, timeout, ENVELOPE) for index, command in enumerate(commands)]
        supervise(jobs, tmp_path / "hooks.log", tmp_path, {**os.environ, "SHOW": "spiderman"})
        return read_hook_failures(tmp_path / "hooks.log")

    return run


def test_a_hook_reads_the_document_in_the_home_folder_with_the_callers_variables(run: Any, tmp_path: Path) -> None:
    assert run('cat > got; echo "$REZUP_HOOK $SHOW $(pwd)" > where') == []
    assert json.loads((tmp_path / "got").read_text(encoding="utf-8")) == ENVELOPE
    assert (tmp_path / "where").read_text(encoding="utf-8") == f"added spiderman {tmp_path}\n"


def test_a_hook_that_reads_nothing_does_not_fail(run: Any) -> None:
    assert run("true") == []


def test_a_failure_is_noted_with_the_last_line_and_without_the_command(run: Any, tmp_path: Path) -> None:
    (failure,) = run("echo one; echo https://ann:secret@chat/ says no >&2; exit 7")
    assert failure.where == "here: hook[0]"
    assert (failure.event, failure.container, failure.revision) == ("added", "dev", "1.5")
    assert (failure.why, failure.said) == ("exit status 7", "https://****@chat/ says no")
    assert "exit 7" not in (tmp_path / "hooks.log").read_text(encoding="utf-8")


def test_a_hook_that_takes_too_long_is_ended_with_all_that_it_has_started(run: Any, tmp_path: Path) -> None:
    begun = time.monotonic()
    (failure,) = run("sleep 600 & echo $! > child; wait", timeout=0.5)
    assert time.monotonic() - begun < 60
    assert failure.why == "it was ended after 0.5 s, its time limit"
    child = int((tmp_path / "child").read_text(encoding="utf-8"))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(child, signal.SIGCONT)
        except ProcessLookupError:
            return
        state = (tmp_path / "/proc" / str(child) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        if state == "Z":  # nobody has collected it yet
            return
        time.sleep(0.01)
    pytest.fail("the child goes on")


def test_hooks_run_side_by_side_and_one_that_fails_ends_no_other(run: Any, tmp_path: Path) -> None:
    """Each waits for the other, so that one after the other would never end."""
    waits = "touch {0}; while ! [ -e {1} ]; do sleep 0.01; done"
    failures = run(waits.format("one", "two"), "exit 1", waits.format("two", "one"))
    assert [failure.where for failure in failures] == ["here: hook[1]"]


def test_what_cannot_be_started_is_noted(tmp_path: Path) -> None:
    supervise([Job("here", "true", 1, ENVELOPE)], tmp_path / "hooks.log", tmp_path / "nothing", {})
    (failure,) = read_hook_failures(tmp_path / "hooks.log")
    assert failure.why == "it cannot be started"


def test_the_order_comes_on_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = {"where": "here", "command": "cat > got", "timeout": 60, "envelope": ENVELOPE}
    order = {"log": str(tmp_path / "log"), "home": str(tmp_path), "environ": dict(os.environ), "jobs": [job]}
    (tmp_path / "order").write_text(json.dumps(order), encoding="utf-8")
    with (tmp_path / "order").open(encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert supervisor.main() == 0
    assert json.loads((tmp_path / "got").read_text(encoding="utf-8")) == ENVELOPE
