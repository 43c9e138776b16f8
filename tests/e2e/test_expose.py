"""Launchers as users meet them: exposed, run, listed, removed; what they give follows what `use` gives."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.repositories import package

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no launchers on Windows")

SAYS = "import os; print(os.environ['REZUP_CONTAINER'], os.environ['REZUP_REVISION'], os.environ['STUDIO'])"


@pytest.fixture(scope="module")
def user(session_machine: Callable[[], Machine]) -> Machine:
    """A machine with a revision of `dev`; the tests of this module may add others."""
    machine = session_machine()
    machine.recipe('[env]\nSTUDIO = "first"\n', "dev")
    machine.run("add", "dev", "--skip-use")
    return machine


def bin_of(machine: Machine) -> Path:
    return machine.home / ".local" / "bin"


def call(machine: Machine, *words: str, status: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a launcher by its name, as from a terminal whose PATH has its folder."""
    environ = {**machine.environ, "PATH": f"{bin_of(machine)}:{os.environ['PATH']}", **variables}
    program = str(shutil.which(words[0], path=environ["PATH"]))
    done = subprocess.run(
        [program, *words[1:]], env=environ, capture_output=True, text=True, cwd=machine.home, timeout=120, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_a_tool_is_exposed_run_listed_and_removed(user: Machine) -> None:
    told = user.run("expose", "dev", "rez-python", "rez", SHELL="/bin/bash").stdout.splitlines()
    assert told == [
        f"Exposed rez-python of dev: {bin_of(user)}/rez-python",
        f"Exposed rez of dev: {bin_of(user)}/rez",
        f"{bin_of(user)} is not on PATH; to put it there:",
        f'  export PATH={bin_of(user)}:"$PATH"',
    ]
    # The line that it prints does what it says, and then it is not printed any more.
    script = f"{told[-1].strip()}; rez-python --version; exec rezup expose dev rez"
    environ = {**user.environ, "PATH": f"{os.path.dirname(user.command()[0])}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Python 3.")
    assert done.stdout.splitlines()[1:] == [f"Exposed rez of dev: {bin_of(user)}/rez"]
    (revision,) = user.revisions("dev")
    assert call(user, "rez-python", "-c", SAYS).stdout == f"dev {revision} first\n"
    assert call(
        user, "rez-python", "-c", "import sys; print(sys.argv[1:]); sys.exit(9)", "a b", "", "--", "-h", status=9
    ).stdout == ("['a b', '', '--', '-h']\n")
    rows = user.run("exposed").stdout.splitlines()
    assert [row.split() for row in rows] == [
        ["LAUNCHER", "CONTAINER", "TOOL"],
        ["rez", "dev", "rez"],
        ["rez-python", "dev", "rez-python"],
    ]
    assert [one["launcher"] for one in user.json("exposed")["launchers"]] == ["rez", "rez-python"]
    assert (
        user.run("unexpose", "rez", "rez-python").stdout.splitlines()[0] == f"Removed {bin_of(user)}/rez (rez of dev)"
    )
    assert user.run("exposed").stdout == f"Nothing is exposed in {bin_of(user)}.\n"
    assert os.listdir(bin_of(user)) == []


@pytest.mark.parametrize(("shell", "line"), [("fish", "fish_add_path {}"), ("tcsh", "setenv PATH {}:$PATH:q")])
def test_the_line_for_path_is_that_of_the_shell(
    user: Machine, need_program: Callable[[str], Path], shell: str, line: str
) -> None:
    told = user.run("expose", "dev", "rez", SHELL=f"/bin/{shell}").stdout.splitlines()[-1].strip()
    assert told == line.format(bin_of(user))
    words = [str(need_program(shell)), "-c", f"{told}; rez --version"]
    done = subprocess.run(words, env=user.environ, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Rez 3.")


def test_it_gives_what_use_gives_at_that_moment_and_quickly(new_machine: Callable[[], Machine], tmp_path: Path) -> None:
    user = new_machine()
    user.recipe('[env]\nSTUDIO = "first"\n', "dev")
    user.run("add", "dev", "--skip-use")
    user.run("expose", "dev", "rez-python")
    user.run("expose", "dev@~1", "rez-python", "--as", "old-python", status=4)
    user.recipe('[env]\nSTUDIO = "second"\n', "dev")
    user.run("add", "dev", "--skip-use")
    user.run("tag", "dev@~1", "good")
    user.run("expose", "dev@good", "rez-python", "--as", "old-python")
    old, new = user.revisions("dev")
    assert call(user, "rez-python", "-c", SAYS).stdout == f"dev {new} second\n"
    assert call(user, "old-python", "-c", SAYS).stdout == f"dev {old} first\n"
    user.run("rollback", "dev")
    assert call(user, "rez-python", "-c", SAYS).stdout == f"dev {old} first\n"
    user.run("unpin", "dev")
    # The record that `use` has made answers the launcher, too.
    user.prepare("use", "dev", "--", "true")
    told = call(user, "rez-python", "-c", SAYS, PYTHONPROFILEIMPORTTIME="1")
    assert told.stdout == f"dev {new} second\n"
    assert "rezup.fastpath" in told.stderr
    assert "rezup.main" not in told.stderr
    # The root moves; the launcher names nothing in it.
    moved = tmp_path / "moved"
    user.root.rename(moved)
    assert (
        call(user, "rez-python", "-c", SAYS, REZUP_ROOT_LOCAL=str(moved)).stdout
        == f"dev {moved}/dev/revisions/{new.name} second\n"
    )


def test_a_program_of_rez_packages_runs_in_rez_env(user: Machine, tmp_path: Path) -> None:
    says = '#!/bin/sh\necho "painting in $REZ_USED_REQUEST, $REZUP_CONTAINER: $*"\nexit 5\n'
    text = 'def commands():\n    env.PATH.append("{root}/bin")\n    alias("brush", "echo with a brush")\n'
    package(tmp_path, "paint", "2024", text, {"bin/paint": says})
    package(tmp_path, "show", "1")
    user = Machine(user.home, {"REZ_PACKAGES_PATH": str(tmp_path)})
    user.run("expose", "dev", "paint", "--request", "paint-2024 show")
    assert call(user, "paint", "a b", "-x", status=5).stdout == "painting in paint-2024 show, dev: a b -x\n"
    rows = user.run("exposed").stdout.splitlines()
    assert next(row.split() for row in rows if "paint" in row) == ["paint", "dev", "paint", "paint-2024", "show"]
    refused = user.run("expose", "dev", "paint", "--request", "paint-2023", "--as", "other", status=4)
    assert "Package could not be found: paint-2023" in refused.stderr
    (hint,) = re.findall("see why: rezup (use .*)", refused.stderr)
    assert "paint-2023" in user.run(*hint.split(), status=1).stderr
    warned = user.run("expose", "dev", "paitn", "--request", "paint").stderr
    assert "paitn is no program of paint" in warned
    assert "did you mean paint?" in warned
    user.run("expose", "dev", "brush", "--request", "paint")
    assert call(user, "brush", "red").stdout == "with a brush red\n"
    user.run("unexpose", "paint", "paitn", "brush")


def test_what_is_in_the_way_stays(user: Machine, tmp_path: Path) -> None:
    (tmp_path / "rez").write_text("mine\n", encoding="utf-8")
    refused = user.run("expose", "dev", "rez-env", "rez", "--to", str(tmp_path), status=2)
    assert f"{tmp_path}/rez was not written by rezup expose" in refused.stderr
    assert os.listdir(tmp_path) == ["rez"]
    assert "was not written by rezup" in user.run("unexpose", "rez", "--to", str(tmp_path), status=2).stderr
    user.run("expose", "dev", "rez", "--to", str(tmp_path), "--as", "rez-3")
    assert sorted(os.listdir(tmp_path)) == ["rez", "rez-3"]
    assert (tmp_path / "rez").read_text(encoding="utf-8") == "mine\n"
    assert user.run("unexpose", "rez-3", "--to", str(tmp_path)).stdout.startswith(f"Removed {tmp_path}/rez-3")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("dev rez-nev", 4, "did you mean rez-env? it has: "),
        ("dev@nonesuch rez", 4, "nonesuch"),
        ("dve rez", 4, "did you mean: rezup expose dev rez"),
        ("dev rez --to nowhere", 4, "make it: mkdir -p "),
        ("dev rez --as rezup", 2, "would hide rezup itself"),
        ("dev rez --as a/b", 2, "cannot be the name of a launcher"),
        ("dev rez rez-env --as x", 2, "one name is for one tool"),
        ("dev maya --request --x", 2, "rezup expose"),
        ("dev", 2, "TOOL"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(user: Machine, words: str, status: int, said: str) -> None:
    done = user.run("expose", *words.split(), status=status)
    assert said in done.stderr
    assert not (bin_of(user) / "rez-nev").exists()
    error = json.loads(user.run("expose", *words.split(), "--json", status=status).stdout or '{"error": {}}')
    assert "error" in error


def test_a_tool_that_its_container_has_no_more_is_said_and_does_not_start_itself_for_ever(
    new_machine: Callable[[], Machine],
) -> None:
    user = new_machine()
    user.run("add", "dev", "--skip-use")
    (revision,) = user.revisions("dev")
    user.run("expose", "dev", "rez-bind")
    (revision / "venv" / "rez" / "bin" / "rez" / "rez-bind").unlink()
    begun = time.monotonic()
    told = call(user, "rez-bind", status=127).stderr
    assert "rez-bind runs itself over and over" in told
    assert told.count("rezup: ") == 1
    assert time.monotonic() - begun < 60
    assert call(user, "rez-bind", status=125, REZUP_ROOT_LOCAL="/nowhere").stderr.startswith(
        "rezup: there is no container dev"
    )
    # Where its folder is not on PATH, it is simply not found.
    words = [bin_of(user) / "rez-bind"]
    done = subprocess.run(words, env=user.environ, capture_output=True, text=True, check=False)
    assert (done.returncode, "rez-bind: command not found in this container" in done.stderr) == (127, True)


def test_an_installation_that_is_gone_is_listed(user: Machine) -> None:
    user.run("expose", "dev", "rez-cp")
    path = bin_of(user) / "rez-cp"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(user.command()[0], "/gone/rezup"), encoding="utf-8")
    assert "broken: /gone/rezup is gone; expose it again" in user.run("exposed").stdout
    user.run("expose", "dev", "rez-cp")
    assert path.read_text(encoding="utf-8") == text
    assert "broken" not in user.run("exposed").stdout
    user.run("unexpose", "rez-cp")


def test_a_launcher_follows_the_link_by_which_rezup_was_called(user: Machine, tmp_path: Path) -> None:
    (tmp_path / "rezup").symlink_to(user.command()[0])
    words = [str(tmp_path / "rezup"), "expose", "dev", "rez", "--json"]
    done = subprocess.run(words, env=user.environ, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["data"]["launchers"][0]["command"] == [str(tmp_path / "rezup")]
    assert call(user, "rez", "--version").stdout.startswith("Rez 3.")
    module = [sys.executable, "-m", "rezup", "expose", "dev", "rez", "--json"]
    done = subprocess.run(module, env=user.environ, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["data"]["launchers"][0]["command"] == [sys.executable, "-m", "rezup"]
    assert call(user, "rez", "--version").stdout.startswith("Rez 3.")
    user.run("unexpose", "rez")
