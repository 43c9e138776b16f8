"""`rezup env`: what a session sets and removes, taken by real shells and by other programs."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from dotenv import dotenv_values
from tests.e2e.conftest import rezup_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="asks POSIX shells")

RECIPE = r"""
[env]
QUOTES = '''it's "quoted" `id` $HOME ${HOME-x} \ \n !! !x end!'''
BREAKS = "\na\n  b\\\n"
BLANKS = "  x  "
EMPTY = ""
UMLAUTS = "ü 漢 % ~ * [x] {a,b} #"
BYTES = "caf${RAW}"
SET_BEFORE = "changed"
"""
CALLER = {"RAW": "\udce9\udcff", "SET_BEFORE": "old", "PATH": f"/odd 'folder:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
OWN = {"REZUP_CONTAINER", "REZUP_REVISION", "REZUP_USING_REMOTE", "REZUP_SESSION", "PATH"}
TAKEN = {
    "bash": 'eval "$(rezup env)"',
    "dash": 'eval "$(rezup env --format sh .main)"',
    "zsh": 'eval "$(rezup env)"',
    "ksh": 'eval "$(rezup env)"',
    "fish": "rezup env --format fish | source",
    "tcsh": "rezup env --format csh > taken; source taken",
    "csh": "rezup env --format csh > taken; source taken",
    "bsd-csh": "rezup env --format csh > taken; source taken",
}
# Without the start-up files of the user.
BARE = {"zsh": ["-f"], "fish": ["--no-config"], "tcsh": ["-f"], "csh": ["-f"], "bsd-csh": ["-f"]}
# The shells that can hold a file open.
HOLDING = {"bash", "dash", "zsh", "ksh", "ksh93"}
# What a shell changes itself while it goes along.
PASSING = {"_", "SHLVL", "PWD", "OLDPWD"}


def on_path(machine: Machine) -> str:
    """A folder that has rezup in it."""
    folder = machine.home / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "rezup").write_text(f'#!/bin/sh\nexec {shlex.join(rezup_command())} "$@"\n', encoding="utf-8")
    (folder / "rezup").chmod(0o755)
    return str(folder)


def run_in(machine: Machine, program: Path, line: str, variables: dict[str, str]) -> bytes:
    """What a shell prints that runs a line, without its user's start-up files; it says nothing else."""
    done = subprocess.run(
        [program, *BARE.get(program.name, []), "-c", line],
        env={**machine.environ, **variables},
        cwd=machine.home,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def read_environ(printed: bytes) -> dict[str, str]:
    """What `env -0` has printed."""
    return dict(item.split("=", 1) for item in os.fsdecode(printed).split("\0") if item)


def difference(before: dict[str, str], after: dict[str, str]) -> dict[str, str | None]:
    """What is set and removed from one to the other."""
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    return {name: after.get(name) for name in names - PASSING}


def document(machine: Machine, *words: str, raw: str = "") -> dict[str, Any]:
    """The `data` that `rezup env --json` prints."""
    told: dict[str, Any] = json.loads(machine.run("env", "--json", *words, RAW_BYTES=raw).stdout)
    assert (told["format"], told["command"]) == (1, "env")
    data: dict[str, Any] = told["data"]
    return data


@pytest.mark.parametrize("shell", TAKEN)
def test_a_shell_has_the_environment_that_use_gives(
    machine: Machine, shell: str, need_program: Callable[[str], Path]
) -> None:
    program = need_program(shell)
    machine.recipe(RECIPE)
    machine.run("add", "--skip-use")
    variables = {**CALLER, "PATH": f"{on_path(machine)}:{CALLER['PATH']}"}
    used = read_environ(run_in(machine, need_program("sh"), "rezup use -- env -0", variables))
    expected = difference({**machine.environ, **variables}, used)
    names = {"QUOTES", "BREAKS", "BLANKS", "EMPTY", "UMLAUTS", "BYTES", "SET_BEFORE"}
    assert set(expected) == {*names, *OWN}
    assert (expected["BYTES"], expected["BREAKS"]) == ("caf\udce9\udcff", "\na\n  b\\\n")
    before = read_environ(run_in(machine, program, "env -0", variables))
    after = read_environ(run_in(machine, program, f"{TAKEN[shell]}; env -0", variables))
    assert difference(before, after) == expected


@pytest.mark.parametrize("shell", TAKEN)
def test_rez_is_the_sessions(machine: Machine, shell: str, need_program: Callable[[str], Path]) -> None:
    program = need_program(shell)
    machine.run("add", "--skip-use")
    variables = {"PATH": f"{on_path(machine)}:{os.environ['PATH']}", "COLUMNS": "1000"}
    told = run_in(machine, program, f"{TAKEN[shell]}; rez --version", variables).decode()
    (revision,) = machine.revisions()
    assert re.fullmatch(rf"Rez 3\.\S+ from {revision}/venv/rez/\S+ \(.*\)\n", told)


def test_the_document(machine: Machine) -> None:
    machine.recipe('[env]\nA = "ü\\n"\nRAW = "x${RAW_BYTES}"\n', "dev")
    machine.run("add", "dev")
    told = document(machine, "dev", raw="\udcff")
    (revision,) = machine.revisions("dev")
    assert {key: told[key] for key in ("container", "timestamp", "revision")} == {
        "container": "dev",
        "timestamp": revision.name,
        "revision": str(revision),
    }
    assert told["environ"]["A"] == "ü\n"
    assert told["environ"]["RAW"] == "x\udcff", "a byte that is not UTF-8, as Python has it"
    assert set(told["environ"]) == {"A", "RAW", *OWN}
    assert document(machine, "dev", "--format", "json") == document(machine, "dev")
    assert machine.run("env", "dev", "--json", "--format", "sh").stdout.startswith("export A='ü\n'\n"), "the last holds"


def test_dotenv(machine: Machine) -> None:
    machine.recipe('[env]\nA = "a b"\nB = "$HOME # x"\nC = "it\'s\\n${HOME:-}"\n')
    machine.run("add")
    text = machine.run("env", "--format", "dotenv").stdout
    assert dotenv_values(stream=io.StringIO(text)) == document(machine)["environ"]
    assert "A=a b\n" in text


def test_inside_another_session_what_that_set_is_removed(machine: Machine) -> None:
    machine.recipe('[env]\nONLY_DEV = "1"\nBOTH = "dev"\n', "dev")
    machine.recipe('[env]\nBOTH = "other"\n', "other")
    machine.run("add", "dev")
    machine.run("add", "other")
    rezup = shlex.join(rezup_command())
    told = machine.run("use", "dev", "--", "sh", "-c", f"{rezup} env other --json").stdout
    environ = json.loads(told)["data"]["environ"]
    assert (environ["ONLY_DEV"], environ["BOTH"]) == (None, "other")
    assert f"{machine.revisions('dev')[0]}" not in environ["PATH"]
    script = f'eval "$({rezup} env other)"; echo "${{ONLY_DEV-gone}} $BOTH"'
    assert machine.run("use", "dev", "--", "sh", "-c", script).stdout == "gone other\n"
    done = machine.run("use", "dev", "--", "sh", "-c", f"{rezup} env other --format dotenv")
    assert "ONLY_DEV" not in done.stdout
    assert "dotenv cannot say that these are to be removed: ONLY_DEV" in done.stderr
    assert machine.run("use", "dev", "--", "sh", "-c", f"{rezup} env dev").stdout == "", "nothing is to change"


def test_what_is_said_goes_to_stderr(machine: Machine) -> None:
    """Building, warnings and what the site-customize script prints leave stdout to the result."""
    script = machine.home / "site.py"
    text = "import os\nprint('hello')\nos.system('echo from a child')\nos.environ['SITE'] = 'ran'\n"
    script.write_text(text, encoding="utf-8")
    machine.recipe(f'[init]\nscript = "{script}"\n[dotenv]\n1 = "gone.env"\n[env]\n"A-B" = "x"\n')
    done = machine.run("env")
    assert len(machine.revisions()) == 1, "it is made first, as with use"
    assert "export SITE='ran'\n" in done.stdout, "what the script changes is a part of it"
    *lines, last = done.stdout.splitlines()
    assert {line.split("=")[0] for line in lines} == {f"export {name}" for name in {*OWN, "SITE"}}
    assert last.startswith(f"if [ -r '{machine.revisions()[0]}/revision.json' ]; then exec 7<"), (
        "it is held from then on"
    )
    for told in ("hello\n", "from a child\n", "gone.env is not there", "sh cannot set variables so named: 'A-B'"):
        assert told in done.stderr
    assert set(machine.json("env")["environ"]) == {*OWN, "SITE", "A-B"}


@pytest.mark.parametrize(
    ("words", "status"),
    [(("nope",), 4), (("dev@~7",), 4), (("../x",), 2), (("dev", "--format", "cmd"), 2), (("dev", "--", "ls"), 2)],
)
def test_a_failure_prints_nothing(machine: Machine, words: tuple[str, ...], status: int) -> None:
    machine.run("add", "dev")
    done = machine.run("env", *words, status=status)
    assert done.stdout == ""
    assert done.stderr.startswith("rezup: ")


@pytest.mark.parametrize("form", ["dotenv", "powershell"])
def test_a_format_that_cannot_hold_a_value(machine: Machine, form: str) -> None:
    machine.recipe('[env]\nBYTES = "${RAW}"\n')
    machine.run("add")
    done = machine.run("env", "--format", form, status=2, RAW="\udcff")
    assert done.stdout == ""
    assert f"the format {form} cannot hold BYTES: its value is not UTF-8" in done.stderr


@pytest.mark.parametrize("shell", TAKEN)
def test_what_a_shell_has_taken_stays_as_long_as_it_lives(
    machine: Machine, shell: str, need_program: Callable[[str], Path]
) -> None:
    program = need_program(shell)
    machine.run("add", "dev")
    machine.run("add", "dev")
    older = machine.revisions("dev")[0]
    line = TAKEN[shell].replace("rezup env", "rezup env dev@~1").replace(" .main", "")
    variables = {**machine.environ, "PATH": f"{on_path(machine)}:{os.environ['PATH']}"}
    words = [str(program), *BARE.get(program.name, []), "-c", f"{line}; echo taken; cat; true"]
    with subprocess.Popen(
        words, env=variables, cwd=machine.home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stdout.readline() == "taken\n"
        machine.run("gc", "dev", "--keep", "1")
        assert older.is_dir()
        assert "is in use" in machine.run("drop", "dev", "--yes", status=5).stderr
        running.stdin.close()
        assert running.wait() == 0
    told = machine.run("gc", "dev", "--keep", "1").stdout
    if program.name in HOLDING:
        assert not older.exists()
    else:
        assert "handed out by `rezup env` in the last 7 days" in told
        note = machine.root / "dev" / ".held" / older.name
        os.utime(note, (time.time() - 8 * 86400,) * 2)
        machine.run("gc", "dev", "--keep", "1")
        assert not older.exists()
        assert not note.exists()


def test_the_shell_itself_is_asked_for_too(machine: Machine) -> None:
    machine.run("add", "dev")
    machine.run("add", "dev")
    older = machine.revisions("dev")[0]
    # As after `rezup env` in a format that cannot hold it.
    machine.run("gc", "dev", "--keep", "1", REZUP_REVISION=str(older))
    assert older.is_dir()
    assert "uses dev@" in machine.run("drop", "dev", "--yes", status=5, REZUP_REVISION=str(older)).stderr


def test_a_text_that_outlives_its_revision_does_no_harm(machine: Machine, need_program: Callable[[str], Path]) -> None:
    machine.run("add", "dev")
    text = machine.run("env", "dev").stdout
    machine.run("drop", "dev", "--yes")
    for shell in ("dash", "bash"):
        assert run_in(machine, need_program(shell), f"set -eu\n{text}\necho $REZUP_CONTAINER", {}) == b"dev\n"


def test_nothing_is_held(machine: Machine) -> None:
    machine.run("add", "dev")
    with open(machine.home / "taken", "wb") as stream:
        subprocess.run(machine.command("env", "dev"), env=machine.environ, stdout=stream, check=True)
    with machine.start("use", "dev", "--", "cat", stdin=subprocess.PIPE) as running:
        time.sleep(0.5)
        machine.run("env", "dev")
        assert running.stdin is not None
        running.stdin.close()
        assert running.wait() == 0
    machine.run("drop", "dev", "--yes")


def test_an_older_revision_and_the_local_one(machine: Machine) -> None:
    machine.recipe('[env]\nWHICH = "first"\n', "dev")
    machine.run("add", "dev")
    machine.recipe('[env]\nWHICH = "second"\n', "dev")
    machine.run("add", "dev")
    assert "export WHICH='second'\n" in machine.run("env", "dev").stdout
    assert "export WHICH='first'\n" in machine.run("env", "dev@~1").stdout
    assert "export WHICH='second'\n" in machine.run("env", "-l", "dev", REZUP_ROOT_REMOTE="/nowhere").stdout
