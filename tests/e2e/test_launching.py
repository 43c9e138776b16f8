"""Commands and scripts: their arguments reach them as they are, and those that cannot be started are said so."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.e2e.conftest import Machine
    from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.skipif(os.name == "nt", reason="on Windows the command is a child")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")


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
