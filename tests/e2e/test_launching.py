"""rezup becomes the command: its arguments, process, signals, descriptors and exit status are the command's own."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.skipif(os.name == "nt", reason="on Windows the command is a child")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, warm_caches: Path) -> Machine:
    """A machine with `.main`, which the tests of this module only enter."""
    home = tmp_path_factory.mktemp("launching")
    (home / ".rezup").mkdir()
    (home / ".rezup" / ".cache").symlink_to(warm_caches, target_is_directory=True)
    machine = Machine(home)
    machine.run("add")
    return machine


def script(path: Path, text: str, *, executable: bool = False) -> Path:
    """Write a script."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755 if executable else 0o644)
    return path


def appears(path: Path, timeout: float = 20) -> None:
    """Wait until there is such a file."""
    deadline = time.monotonic() + timeout
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not appear"
        time.sleep(0.02)


def shown(words: Sequence[str]) -> str:
    """How the command `SHOW` prints these arguments."""
    return "".join(f"{os.fsencode(word).hex()}." for word in words)


SHOW = (
    sys.executable,
    "-c",
    "import os, sys; print(''.join(os.fsencode(w).hex() + '.' for w in sys.argv[1:]), end='')",
)
ARGUMENTS = {
    "none": [],
    "empty": [""],
    "blanks": ["a b", "  ", "\t"],
    "quotes": ["'", '"', "it's", "\"a\" 'b'"],
    "what a shell would take": ["$HOME", "`id`", "*", "~", "a;b", "a|b", "a&b", "\\", "!x", "#", "{a,b}", "%PATH%"],
    "newlines": ["a\nb", "\n"],
    "rezup's own": ["--", "-h", "--help", "-V", "-q", "--local", "use", "--do", "-D", "@file"],
    "not ASCII": ["ä", "日本語", "🦀", "e\u0301"],
    "not UTF-8": [os.fsdecode(b"\xff\xfe"), os.fsdecode(b"a\x80b")],
    "long": ["x" * 100_000, "y"],
}


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_arguments_reach_the_command_as_they_are(built: Machine, kind: str) -> None:
    assert built.run("use", "--", *SHOW, *ARGUMENTS[kind]).stdout == shown(ARGUMENTS[kind])
    assert built.run("use", ".main", "-q", "--", *SHOW, *ARGUMENTS[kind], LC_ALL="C").stdout == shown(ARGUMENTS[kind])


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_arguments_reach_a_script_as_they_are(built: Machine, tmp_path: Path, kind: str) -> None:
    text = f'#!/bin/sh\nexec {shlex.join(SHOW)} "$@"\n'
    for executable in (False, True):
        path = script(tmp_path / "a script", text, executable=executable)
        done = built.run("use", "--do", str(path), "--", *ARGUMENTS[kind], REZUP_DEFAULT_SHELL="sh")
        assert done.stdout == shown(ARGUMENTS[kind])


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
    path = script(tmp_path / "script", f"exit {status}\n")
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


FAILURES = {
    "not found": (["no-such-program"], 127, "no-such-program: command not found in this container"),
    "a path that is not there": (["./no/such"], 127, "no/such: command not found"),
    "empty": ([""], 127, "the command is empty"),
    "not executable": (["./plain"], 126, "plain is not executable"),
    "not executable on PATH": (["plain"], 126, "plain is not executable"),
    "a folder": (["./folder"], 126, "folder is not executable"),
    "a folder on PATH": (["folder"], 127, "folder: command not found"),
    "its interpreter is not there": (["./orphan"], 127, "interpreter"),
    "no program": (["./rubbish"], 126, "rubbish"),
}


def check_failure(built: Machine, folder: Path, name: str, *options: str) -> None:
    """Start what cannot be started."""
    script(folder / "plain", "echo no\n")
    (folder / "folder").mkdir()
    script(folder / "orphan", "#!/no/such/interpreter\n", executable=True)
    (folder / "rubbish").write_bytes(b"\x7fELF\x02\x01\x01\x00\x00\x00\nof another machine\n")
    (folder / "rubbish").chmod(0o755)
    words, status, told = FAILURES[name]
    path = f"{os.environ['PATH']}:{folder}"
    done = built.run("use", *options, "--", *words, status=status, cwd=folder, PATH=path)
    assert done.stderr.startswith("rezup: ")
    assert told in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", FAILURES)
def test_a_command_that_cannot_be_started(built: Machine, tmp_path: Path, name: str) -> None:
    check_failure(built, tmp_path, name)


@pytest.mark.parametrize(
    "words",
    [
        ("use", "--no-such-option"),
        ("use", "--"),
        ("use", "--no-wait"),
        ("use", "a", "b"),
        ("use", "../x", "--", "true"),
        ("use", ".main@", "--", "true"),
        ("use", ".main@~9", "--", "true"),
        ("use", "nobody", "--", "true"),
        ("-q", "use", "nobody", "--", "true"),
    ],
    ids=" ".join,
)
def test_rezups_own_failures_are_125(built: Machine, words: tuple[str, ...]) -> None:
    done = built.run(*words, status=125)
    assert done.stderr.startswith("rezup: ")
    assert done.stdout == ""


def test_an_executable_comes_before_one_that_is_not(built: Machine, tmp_path: Path) -> None:
    for name, executable in (("first", False), ("second", True)):
        (tmp_path / name).mkdir()
        script(tmp_path / name / "tool", f"#!/bin/sh\necho {name}\n", executable=executable)
    path = f"{tmp_path}/first:{tmp_path}/second:{os.environ['PATH']}"
    assert built.run("use", "--", "tool", PATH=path).stdout == "second\n"


def test_a_script_without_an_interpreter_runs_by_sh(built: Machine, tmp_path: Path) -> None:
    script(tmp_path / "bare", 'echo bare "$0" "$@" $REZUP_CONTAINER\n', executable=True)
    done = built.run("use", "--", "./bare", "a b", "", cwd=tmp_path)
    assert done.stdout == "bare ./bare a b  .main\n"
    done = built.run("use", "--do", "bare", "--", "x", cwd=tmp_path)
    assert done.stdout == f"bare {tmp_path}/bare x .main\n"


def test_a_script_that_is_not_executable_runs_in_the_sessions_shell(
    built: Machine, tmp_path: Path, need_program: Callable[[str], Path]
) -> None:
    path = script(tmp_path / "script", "#!/no/such/interpreter\necho in:${BASH_VERSION:+bash}:$REZUP_CONTAINER:$1\n")
    for shell, name in (("sh", "" if not os.path.realpath("/bin/sh").endswith("bash") else "bash"), ("bash", "bash")):
        done = built.run("use", "-d", str(path), "--", "one", REZUP_DEFAULT_SHELL=str(need_program(shell)))
        assert done.stdout == f"in:{name}:.main:one\n"


def test_a_script_that_is_executable_runs_by_its_first_line(built: Machine, tmp_path: Path) -> None:
    text = f"#!{sys.executable}\nimport os, sys\nprint(os.environ['REZUP_CONTAINER'], sys.argv[1:])\nsys.exit(9)\n"
    path = script(tmp_path / "script", text, executable=True)
    done = built.run("use", "--do", str(path), "--", "a", "--do", status=9, REZUP_DEFAULT_SHELL="false")
    assert done.stdout == ".main ['a', '--do']\n"


def test_a_script_is_not_looked_for_on_path(built: Machine, tmp_path: Path) -> None:
    done = built.run("use", "--do", "ls", status=127, cwd=tmp_path)
    assert "there is no script ls" in done.stderr


def test_a_shell_that_is_not_there(built: Machine) -> None:
    done = built.run("use", status=125, stdin="", REZUP_DEFAULT_SHELL="no-such-shell")
    assert "the shell 'no-such-shell' is not there" in done.stderr


def test_not_waiting(built: Machine, tmp_path: Path) -> None:
    text = "exec >/dev/null 2>&1; echo $$ > pid.part; mv pid.part pid; sleep 30"
    started = time.monotonic()
    # Without the session's variables, so that nothing but the lease tells that it runs.
    words = ("env", "-i", f"PATH={os.environ['PATH']}", "sh", "-c", text)
    done = built.run("use", "--no-wait", "--", *words, cwd=tmp_path)
    assert time.monotonic() - started < 20
    assert (done.stdout, done.stderr) == ("", "")
    appears(tmp_path / "pid")
    pid = int((tmp_path / "pid").read_text(encoding="utf-8"))
    os.kill(pid, 0)
    assert built.run("drop", ".main", "--yes", status=5).stderr.startswith("rezup: .main is in use")
    os.kill(pid, signal.SIGTERM)


@pytest.mark.parametrize("name", FAILURES)
def test_not_waiting_for_what_cannot_be_started(built: Machine, tmp_path: Path, name: str) -> None:
    check_failure(built, tmp_path, name, "--no-wait")


def test_not_waiting_for_a_script_without_an_interpreter(built: Machine, tmp_path: Path) -> None:
    script(tmp_path / "bare", "echo ran > ran.part; mv ran.part ran\n", executable=True)
    built.run("use", "-n", "--", "./bare", cwd=tmp_path)
    appears(tmp_path / "ran")


def test_a_command_on_a_terminal_has_it(built: Machine, terminal: Callable[..., Terminal]) -> None:
    with terminal(
        built, "use", "--", "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && stty size; read x; echo got-$x"
    ) as screen:
        screen.expect("50 200\n")
        screen.type("typed")
        screen.expect("got-typed\n")
        assert screen.wait() == 0
