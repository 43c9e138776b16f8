"""rezup becomes the command, which inherits what it would have without rezup: process, signals, descriptors, locale, limits."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="on Windows the command is a child")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")


def test_the_command_is_this_very_process(built: Machine) -> None:
    running = built.start("use", "--", "sh", "-c", "echo $$; ps -o ppid= -p $$")
    told, _ = running.communicate(timeout=30)
    assert told.split() == [str(running.pid), str(os.getpid())]


def test_its_input_and_outputs_are_the_commands(built: Machine) -> None:
    done = built.run("use", "--", "sh", "-c", "cat; echo told >&2", stdin="given ü\n")
    assert (done.stdout, done.stderr) == ("given ü\n", "told\n")


def test_the_working_folder_and_the_umask_stay(built: Machine, tmp_path: Path) -> None:
    running = built.start("use", "--", "sh", "-c", "pwd; umask", cwd=tmp_path, umask=0o027)
    assert running.communicate(timeout=30)[0] == f"{tmp_path}\n0027\n"


@pytest.mark.parametrize("status", [0, 1, 2, 7, 125, 126, 127, 255])
def test_the_exit_status_is_the_commands(built: Machine, tmp_path: Path, status: int) -> None:
    assert built.run("use", "--", "sh", "-c", f"exit {status}", status=status).stderr == ""
    path = tmp_path / "script"
    path.write_text(f"exit {status}\n", encoding="utf-8")
    built.run("use", "--do", str(path), status=status, REZUP_DEFAULT_SHELL="sh")


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT", "SIGSEGV", "SIGPIPE", "SIGXFSZ", "SIGUSR1", "SIGHUP"])
def test_a_signal_that_ends_the_command_is_seen(built: Machine, name: str) -> None:
    number = signal.Signals[name]
    built.run("use", "--", "sh", "-c", f"ulimit -c 0; kill -{number:d} $$", status=-number)


def test_a_signal_sent_to_the_process_reaches_the_command(built: Machine) -> None:
    text = "trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    running = built.start("use", "--", "sh", "-c", text)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.terminate()
    assert running.communicate(timeout=30)[0] == "caught\n"
    assert running.returncode == 5


@linux
def test_signals_are_as_they_were_before_python(built: Machine) -> None:
    asked = "grep -E '^Sig(Ign|Blk)' /proc/self/status"
    assert built.run("use", "--", "sh", "-c", asked).stdout == subprocess.check_output(["sh", "-c", asked], text=True)
    ignoring = "trap '' HUP INT; exec"
    words = shlex.join(built.command("use", "--", "sh", "-c", asked))
    told = subprocess.check_output(["sh", "-c", f"{ignoring} {words}"], env=built.environ, text=True)
    plain = subprocess.check_output(["sh", "-c", f"{ignoring} sh -c {shlex.quote(asked)}"], text=True)
    assert told == plain, "what the caller ignores (nohup) stays ignored"


def test_a_command_that_is_stopped_goes_on(built: Machine) -> None:
    running = built.start("use", "--", "sh", "-c", "echo $$; kill -STOP $$; exit 4")
    assert os.waitid(os.P_PID, running.pid, os.WSTOPPED | os.WNOWAIT).si_status == signal.SIGSTOP  # type: ignore[union-attr]
    running.send_signal(signal.SIGCONT)
    assert running.communicate(timeout=30)[0] == f"{running.pid}\n"
    assert running.returncode == 4


def test_job_control_is_that_of_the_shell_it_was_started_from(
    built: Machine, need_program: Callable[[str], Path]
) -> None:
    """Ctrl-Z stops the command, `fg` lets it go on, Ctrl-C ends it, and the shell sees all of that."""
    words = shlex.join(built.command("use", "--", "sleep", "60"))
    environ = {**built.environ, "TERM": "xterm", "PS1": "mine> "}
    with Terminal([str(need_program("bash")), "--norc", "-i"], environ, built.home) as screen:
        screen.expect("mine> ")
        screen.type(words)
        time.sleep(1)
        screen.press("\x1a")
        screen.expect(r"\[1\]\+ +Stopped")
        screen.type("fg")
        screen.expect("sleep 60")
        time.sleep(0.3)
        screen.interrupt()
        screen.expect("mine> ")
        screen.type('echo "<$?>"')
        screen.expect("<130>\n")
        screen.type("exit 0")
        assert screen.wait() == 0


def test_limits_stay(built: Machine) -> None:
    words = shlex.join(built.command("use", "--", "sh", "-c", "ulimit -n; ulimit -S -c"))
    told = subprocess.check_output(
        ["sh", "-c", f"ulimit -n 123; ulimit -S -c 0; {words}"], env=built.environ, text=True
    )
    assert told == "123\n0\n"


def test_a_command_whose_reader_has_gone_ends_as_ever(built: Machine) -> None:
    words = shlex.join(built.command("use", "--", "yes"))
    done = subprocess.run(
        ["sh", "-c", f"{{ {words}; echo $? >&2; }} | head -n 1"],
        env=built.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("y\n", f"{128 + signal.SIGPIPE}\n")


@linux
def test_the_command_gets_the_lease_and_no_other_descriptor(built: Machine) -> None:
    done = built.run("use", "--", "sh", "-c", "ls -l /proc/$$/fd; exit")
    found = dict(line.split()[-3::2] for line in done.stdout.splitlines()[1:])
    (lease,) = set(found) - {"0", "1", "2"}
    assert int(lease) >= 100, "a script's own `exec 3>file` must not close it"
    assert found[lease] == str(built.revisions()[0] / "revision.json")


@linux
def test_descriptors_of_the_caller_are_passed_on(built: Machine) -> None:
    reading, writing = os.pipe()
    with open(reading, encoding="utf-8") as stream:
        text = f"import os; os.write({writing}, b'through')"
        running = built.start("use", "--", sys.executable, "-c", text, pass_fds=(writing,))
        os.close(writing)
        assert stream.read() == "through"
        assert running.communicate(timeout=30) == ("", "")


@pytest.mark.parametrize(("closed", "left"), [("<&-", 6), (">&-", 5), ("2>&-", 3), ("<&- >&- 2>&-", 0)])
def test_a_caller_that_has_closed_its_standard_streams(built: Machine, closed: str, left: int) -> None:
    asked = "s=0; for n in 0 1 2; do test -e /dev/fd/$n && s=$((s + (1 << n))); done; exit $s"
    for words, status in ((("use", "--", "sh", "-c", asked), left), (("status",), 0), (("use", "no@body"), 125)):
        line = f"{shlex.join(built.command(*words))} {closed}; echo $?"
        told = subprocess.check_output(["sh", "-c", line], env=built.environ, text=True, timeout=60)
        assert int(told.split()[-1]) == status


@linux
@pytest.mark.parametrize(
    "locale", [{}, {"LANG": "C"}, {"LC_CTYPE": "C.UTF-8"}, {"LC_ALL": "C"}, {"LC_ALL": ""}, {"LC_CTYPE": "C"}], ids=str
)
def test_the_locale_is_the_callers(built: Machine, locale: dict[str, str]) -> None:
    plain = {name: value for name, value in built.environ.items() if not name.startswith(("LC_", "LANG"))}
    running = built.start("use", "--", "sh", "-c", "env | grep -E '^(LC_|LANG)'", env={**plain, **locale})
    told, _ = running.communicate(timeout=30)
    assert dict(line.split("=") for line in told.splitlines()) == locale


@linux
def test_a_recipe_can_ask_for_a_locale(machine: Machine) -> None:
    machine.recipe('[env]\nLC_CTYPE = "C.UTF-8"\n')
    plain = {name: value for name, value in machine.environ.items() if not name.startswith(("LC_", "LANG"))}
    running = machine.start("use", "--", "printenv", "LC_CTYPE", env=plain)
    assert running.communicate(timeout=60)[0] == "C.UTF-8\n"
