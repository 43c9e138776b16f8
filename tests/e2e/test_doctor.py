"""`rezup doctor` on real machines: good ones, broken ones, and what it leaves of them: everything as it was."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import tree_digest

from rezup_api.doctor.examination import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine

# Neither the index nor all interpreters of this machine are of interest here.
APART: dict[str, Any] = {
    "PIP_NO_INDEX": "1",
    "PATH": "/usr/bin:/bin",
    "REZUP_DEFAULT_SHELL": "/bin/sh",
    "PYENV_ROOT": "/nothing",
}


def examined(machine: Machine, *words: str, status: int = 0, **variables: Any) -> dict[str, Any]:
    """The first observation of each check."""
    done = machine.run("doctor", *words, "--json", status=status, **{**APART, **variables})
    checks = json.loads(done.stdout)["data"]["checks"]
    return {one["check"]: one for one in reversed(checks)}


def test_a_new_machine_is_well_and_stays_empty(cold_machine: Machine) -> None:
    seen = examined(cold_machine)
    assert {one["level"] for one in seen.values()} == {"ok"}, seen
    assert "is not there yet" in seen["local-root"]["text"]
    assert list(cold_machine.home.iterdir()) == []


def test_everything_is_looked_at_and_nothing_is_changed(publisher: Machine, remote: Path, tmp_path: Path) -> None:
    publisher.run("add", "prod", "--remote", "-s")
    publisher.variables["XDG_STATE_HOME"] = str(tmp_path / "state")  # as if nobody had ever asked the remote root
    places = (publisher.home, remote)
    times = [path.lstat().st_mtime_ns for place in places for path in sorted(place.rglob("*")) if path.is_file()]
    before = [tree_digest(place) for place in places]
    seen = examined(publisher, "prod")
    examined(publisher)
    assert [tree_digest(place) for place in places] == before
    after = [path.lstat().st_mtime_ns for place in places for path in sorted(place.rglob("*")) if path.is_file()]
    assert after == times
    assert not (tmp_path / "state").exists()
    asked = set(CHECKS) - {"recipes", "completion", "startup-files"}
    assert asked <= seen.keys()
    assert {check: one["level"] for check, one in seen.items() if one["level"] != "ok"} == {}
    assert seen["remote-root-log"]["text"] == f"every container on {remote} has a log"
    assert seen["revision"]["text"].endswith("is ready here")


def test_a_machine_in_a_bad_way_says_what_to_do(machine: Machine, tmp_path: Path) -> None:
    (machine.home / "rezup.dev.toml").write_text("wrong = 1\n", encoding="utf-8")
    (machine.home / ".bashrc").write_text("exec fish\n", encoding="utf-8")
    config = machine.home / ".config/rezup/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[[hook]]\non = "added"\ncommand = "true"\n', encoding="utf-8")
    config.chmod(0o666)
    (machine.home / "bin").mkdir()
    bash = machine.home / "bin/bash"
    bash.write_text("#!/bin/sh\n", encoding="utf-8")
    bash.chmod(0o755)
    variables: dict[str, Any] = {
        "REZUP_ROOT_REMOTE": str(tmp_path / "nothing"),
        "REZUP_ROOT_LOCAL": "/dev/null/root",
        "REZUP_PYTHON_PATH": "/nothing/here",
        "REZUP_DEFAULT_SHELL": str(bash),
    }
    done = machine.run("doctor", status=8, **{**APART, **variables})
    lines = done.stdout.splitlines()
    found = {
        line.split(":")[0].split()[1]: line.split()[0] for line in lines if not line.startswith(" ") and ":" in line
    }
    wrong = {"local-root", "remote-root", "recipes", "machine-configuration"}
    assert {check for check, level in found.items() if level == "wrong"} == wrong
    assert {"startup-files", "completion", "interpreters"} == {c for c, level in found.items() if level == "warning"}
    assert lines[-1].startswith("4 wrong, 3 warning")
    for number, line in enumerate(lines[:-1]):
        if line.startswith(("wrong", "warning")):
            assert lines[number + 1].startswith("          -> "), line
    assert f"{config}: is not read, because other users can change {config} (" in done.stdout


def test_the_way_out_works_when_it_is_typed(publisher: Machine, consumer: Machine) -> None:
    publisher.run("add", "prod", "--remote", "-s")
    seen = examined(consumer, "prod")
    assert (seen["revision"]["level"], seen["revision"]["way_out"]) == ("warning", "build it: rezup pull prod")
    consumer.run("pull", "prod")
    assert examined(consumer, "prod")["revision"]["level"] == "ok"
    consumer.run("pin", "prod", "--local")
    seen = examined(consumer, "prod")
    assert seen["pins"]["way_out"] == "to get the newest again: rezup unpin prod --local"
    consumer.run("unpin", "prod", "--local")
    assert examined(consumer, "prod")["pins"]["level"] == "ok"


def test_a_report_has_no_secrets(machine: Machine) -> None:
    (machine.home / "rezup.toml").write_text(
        "[pip]\noptions = ['--index-url=https://a:hunter2@x/']\n", encoding="utf-8"
    )
    variables: dict[str, Any] = {
        "REZUP_UPGRADE_SOURCE": "https://ann:hunter2@127.0.0.1:1/simple",
        "PIP_INDEX_URL": "https://ann:hunter2@127.0.0.1:1/simple",
        "PIP_NO_INDEX": "",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
    }
    done = machine.run("doctor", ".main", "--report", status=8, **{**APART, **variables})
    assert "hunter2" not in done.stdout + done.stderr
    assert str(machine.home) not in done.stdout
    assert "  REZUP_UPGRADE_SOURCE=https://****@127.0.0.1:1/simple\n" in done.stdout
    assert "  wrong   index: https://****@127.0.0.1:1/simple does not answer: " in done.stdout


def test_a_broken_site_script_does_not_keep_the_doctor_away(machine: Machine) -> None:
    (machine.home / "site.py").write_text("raise SystemError('x')\n", encoding="utf-8")
    (machine.home / "rezup.toml").write_text('[init]\nscript = "site.py"\n', encoding="utf-8")
    done = machine.run("doctor", status=0, **APART)
    assert "rezup: warning: " in done.stderr


@pytest.mark.parametrize("state", ["", "/dev/null"])
def test_an_internal_error_leaves_a_report_and_says_where(machine: Machine, tmp_path: Path, state: str) -> None:
    """The fault: a module of the library that asks for the impossible, before the one that was installed."""
    broken = tmp_path / "usercustomize.py"
    broken.write_text(
        "import rezup_api.studio\n"
        "def status(self): raise ZeroDivisionError('https://ann:hunter2@host/ by nothing')\n"
        "rezup_api.studio.Studio.status = status\n",
        encoding="utf-8",
    )
    variables: dict[str, Any] = {"PYTHONPATH": str(tmp_path), **({"XDG_STATE_HOME": state} if state else {})}
    (tmp_path / "sitecustomize.py").write_text(broken.read_text(encoding="utf-8"), encoding="utf-8")
    done = machine.run("status", status=1, **variables)
    folder = machine.home / ".local/state/rezup/reports"
    if state:
        assert "run it again with --debug and report what it prints" in done.stderr
        assert not folder.exists()
        return
    (report,) = folder.iterdir()
    assert f"  -> this is a fault of rezup; report it with what is in {report}" in done.stderr
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text(encoding="utf-8")
    assert "ZeroDivisionError: https://****@host/ by nothing" in text
    assert "Checks:\n  ok      python: " in text


def test_the_terminal_shows_it_too(machine: Machine, terminal: Callable[..., Any]) -> None:
    with terminal(machine, "doctor", **APART) as screen:
        screen.expect("ok      python: ")
        screen.expect("All is well")
        assert screen.wait() == 0
