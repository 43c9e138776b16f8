"""Outputs that cannot be written: a full disk, or a reader that has gone. They never decide whether the work is done."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.conftest import Machine
    from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")

# How a shell gives a command outputs that cannot be written. A pipe without a reader is its last word.
BROKEN = {
    "full": "2>/dev/full",
    "both closed": ">&- 2>&-",
    "no reader": "2>&9",
    "neither has a reader": ">&9 2>&9",
}


@pytest.fixture(params=[*BROKEN.values()], ids=[*BROKEN])
def run(request: pytest.FixtureRequest) -> Iterator[Callable[..., int]]:
    """`run(machine, "use", "--", "true")` runs rezup with such outputs, and gives its status."""
    reading, writing = os.pipe()
    os.close(reading)

    def start(machine: Machine, *words: str) -> int:
        line = f'exec 9>&0 </dev/null; "$@" {request.param} 9>&-'
        return subprocess.run(
            ["sh", "-c", line, "sh", *machine.command(*words)],
            env={name: value for name, value in machine.environ.items() if name != "PYTHONUNBUFFERED"},
            cwd=machine.home,
            stdin=writing,
            timeout=120,
            check=False,
        ).returncode

    yield start
    os.close(writing)


@pytest.fixture(scope="module")
def away(session_machine: Callable[[], Machine], tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine whose remote root has gone, so that each launch has a warning to give."""
    machine = session_machine()
    share = tmp_path_factory.mktemp("share")
    machine.variables["REZUP_ROOT_REMOTE"] = str(share)
    machine.run("add", "--remote", "--skip-use")
    machine.run("use", "--", "true")
    share.rename(share.with_name("away"))
    assert "warning: the remote root" in machine.run("use", "--", "true").stderr
    return machine


@pytest.mark.parametrize(
    "words",
    [("sh", "-c"), ("tcsh", "-f", "-c")],
    ids=["in the place of rezup", "as a child"],
)
def test_a_launch_with_a_warning_runs_its_command(
    away: Machine, run: Callable[..., int], need_program: Callable[[str], Path], words: tuple[str, ...]
) -> None:
    need_program(words[0])
    ran = away.home / "ran"
    ran.unlink(missing_ok=True)
    assert run(away, "use", "--", *words, f"touch {shlex.quote(str(ran))}; exit 7") == 7
    assert ran.exists()


def test_a_launch_that_fails_returns_125(away: Machine, run: Callable[..., int]) -> None:
    ran = away.home / "never"
    assert run(away, "use", "--strict", "--", "touch", str(ran)) == 125
    assert run(away, "use", "nonesuch", "--", "touch", str(ran)) == 125
    assert run(away, "use", "--nonsense") == 125
    assert run(away, "--nonsense") == 125
    assert not ran.exists()


def test_what_a_script_prints_does_not_keep_the_command_from_running(machine: Machine, run: Callable[..., int]) -> None:
    script = machine.home / "site.py"
    script.write_text("print('from the script')\n", encoding="utf-8")
    machine.recipe(f'[init]\nscript = "{script}"\n[rez]\nurl = "rez==3.4.0"\n')
    assert run(machine, "add", "--skip-use") == 0
    for _ in range(3):  # by the ordinary path, then by a record
        assert run(machine, "use", "--", "sh", "-c", "exit 7") == 7
        assert run(machine, "use", "nonesuch", "--", "true") == 125


def test_acts_are_done_and_return_0(machine: Machine, run: Callable[..., int], tmp_path: Path) -> None:
    for words in (
        ("recipe", "init", "dev"),
        ("add", "dev", "--skip-use"),
        ("tag", "dev", "good"),
        ("pin", "dev"),
        ("unpin", "dev"),
        ("verify", "dev", "--repair"),
        ("bundle", "dev", "-o", str(tmp_path / "bundle.zip")),
        ("gc",),
        ("drop", "dev", "--yes"),
    ):
        assert run(machine, *words) == 0, words
    assert (machine.home / "rezup.dev.toml").exists()
    assert machine.run("bundle", "--verify", str(tmp_path / "bundle.zip")).returncode == 0
    assert machine.revisions("dev") == []
    assert machine.leftovers("dev") == []


def test_an_act_says_elsewhere_that_it_is_done(machine: Machine) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            machine.command("recipe", "init", "dev"),
            env=machine.environ,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 0
    assert done.stderr.decode().startswith("rezup: warning: cannot write the output: No space left on device; ")
    assert (machine.home / "rezup.dev.toml").exists()


@pytest.mark.parametrize("words", ["--help", "use --help", "nonesuch --json", "status nonesuch --json"])
def test_no_status_of_pythons_own(machine: Machine, words: str) -> None:
    """Python gives 120 where it cannot write out what is left at its end."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            machine.command(*words.split()), env=machine.environ, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode != 120
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("shown", ["2>&1 | head -n 1", "2>&1 | true"])
def test_a_build_is_finished_when_the_reader_of_its_messages_goes_away(machine: Machine, shown: str) -> None:
    words = shlex.join(machine.command("add", "dev", "--skip-use"))
    done = subprocess.run(
        ["sh", "-c", f"{{ {words}; echo $? >status; }} {shown}"],
        env=machine.environ,
        cwd=machine.home,
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert (machine.home / "status").read_text(encoding="utf-8") == "0\n"
    assert len(machine.revisions("dev")) == 1
    assert machine.leftovers("dev") == []
    assert b"Exception ignored" not in done.stderr


def test_a_build_is_finished_when_its_terminal_goes_away(
    machine: Machine, terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    """As with `nohup` or `disown`: the live display has nowhere to go."""
    go = tmp_path / "go"
    machine.recipe(
        f'[rez]\nurl = "rez==3.4.0"\n[[check]]\ncommand = "while test ! -e {go}; do sleep 0.05; done"\n', "dev"
    )
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # inherited, as `nohup` has it
    try:
        screen = terminal(machine, "add", "dev", "--skip-use")
    finally:
        signal.signal(signal.SIGHUP, before)
    screen.expect("Checking")
    screen.hang_up()
    try:
        go.touch()
        assert screen.process.wait(60) == 0
    finally:
        screen.process.kill()
    assert len(machine.revisions("dev")) == 1


def test_a_reader_that_is_slow_gets_every_message(machine: Machine) -> None:
    """Its pipe is full and does not block, as the one of a program that reads from many."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    filled = 0
    while True:
        try:
            filled += os.write(writing, b"." * 4096)
        except BlockingIOError:
            break
    running = subprocess.Popen(machine.command("use", "nonesuch", "--", "true"), env=machine.environ, stderr=writing)
    os.close(writing)
    with open(reading, "rb") as stream:
        told = stream.read()[filled:]
    assert running.wait(60) == 125
    assert told.startswith(b"rezup: there is no container nonesuch")
