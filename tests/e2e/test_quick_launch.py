"""The quick launch as users meet it: it takes over by itself, steps back when it must, and never runs anything twice."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import NOBODY, Machine
from tests.e2e.studio import make_revision
from tests.e2e.terminal import Terminal

from rezup.fastpath import record_path

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a quick launch ends in exec")
DUMP = (sys.executable, "-I", "-c", "import json, os; print(json.dumps(dict(os.environ)))")
NOWHERE: dict[str, Any] = {"XDG_CACHE_HOME": "/dev/null"}


@pytest.fixture
def user(home: Path) -> Machine:
    """Somebody with the container `dev`, which has one variable and one tool."""
    make_revision(home / ".rezup" / "dev", recipe='[env]\nFROM_RECIPE = "${ASKED:-nothing} $"\n', tool="tool")
    return Machine(home)


def environ_of(machine: Machine, *words: str, **variables: Any) -> dict[str, str]:
    """The environment of a command in a container, without what tells where the records are."""
    found: dict[str, str] = json.loads(machine.run("use", *words, "--", *DUMP, **variables).stdout)
    return {name: value for name, value in found.items() if name != "XDG_CACHE_HOME"}


def test_the_second_launch_is_quick_and_the_same(user: Machine) -> None:
    user.prepare("use", "dev", "--", "true")
    assert environ_of(user, "dev") == environ_of(user, "dev", **NOWHERE)
    assert user.is_quick("use", "dev", "-q", "--", "tool"), "whatever the command"
    assert user.run("use", "dev", "--", "tool").stdout == "the tool\n"
    assert user.is_quick("use", "dev", "--", "true", SOMETHING="else"), "and whatever else is set"
    assert not user.is_quick("use", "dev", "--", "true", ASKED="else")
    assert environ_of(user, "dev", ASKED="else")["FROM_RECIPE"] == "else $"


def test_a_home_folder_with_blanks_and_umlauts(tmp_path: Path) -> None:
    home = tmp_path / "ein Heim für 'x'"
    make_revision(home / ".rezup" / "dev", tool="tool")
    machine = Machine(home)
    machine.prepare("use", "dev", "--", "tool")
    assert machine.run("use", "dev", "--", "tool").stdout == "the tool\n"


def test_records_are_closed_to_others(user: Machine) -> None:
    user.prepare("use", "dev", "--", "true")
    folder = user.home / ".cache" / "rezup" / os.uname().nodename / "launches"
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_warning_is_said_every_time(user: Machine) -> None:
    recipe = user.recipe('[rez]\nurl = "git+git://github.com/studio/rez"\n', "dev")
    for _ in range(3):
        assert "GitHub no longer serves" in user.run("use", "dev", "--", "true").stderr
    recipe.unlink()
    user.prepare("use", "dev", "--", "true")


def test_a_script_runs_once_for_each_launch(user: Machine) -> None:
    (user.home / "site.py").write_text(
        "import os\nopen(os.path.expanduser('~/runs'), 'a').write('x')\nprint('said')\n"
        "os.environ['ASKED'] = os.environ.get('USER_ASKS', 'the script')\n",
        encoding="utf-8",
    )
    user.recipe('[init]\nscript = "site.py"\n')
    launches: list[dict[str, Any]] = [{}, {}, {}, {"USER_ASKS": "me"}, {"USER_ASKS": "me"}, {"USER_ASKS": "me"}, {}]
    for count, variables in enumerate(launches, 1):
        done = user.run("use", "dev", "--", "sh", "-c", "sleep 0.1; echo $FROM_RECIPE", **variables)
        assert done.stdout == f"said\n{variables.get('USER_ASKS', 'the script')} $\n"
        assert (user.home / "runs").read_text(encoding="utf-8") == "x" * count
    assert user.is_quick("use", "dev", "--", "true")


@pytest.mark.parametrize("text", ["raise SystemExit", "import sys; sys.exit(0)"])
def test_a_script_may_end_early(user: Machine, text: str) -> None:
    (user.home / "site.py").write_text(f"import os\nos.environ['ASKED'] = 'it'\n{text}\n", encoding="utf-8")
    user.recipe('[init]\nscript = "site.py"\n')
    user.prepare("use", "dev", "--", "true")
    assert environ_of(user, "dev")["FROM_RECIPE"] == "it $"


def test_a_script_that_begins_to_fail_is_worded_as_ever(user: Machine) -> None:
    (user.home / "site.py").write_text("import os\n\nif 'FAIL' in os.environ:\n    1 / 0\n", encoding="utf-8")
    user.recipe('[init]\nscript = "site.py"\n')
    user.prepare("use", "dev", "--", "true")
    failed = user.run("use", "dev", "--", "true", status=125, FAIL="1")
    assert failed.stderr == user.run("use", "dev", "--", "true", status=125, FAIL="1", **NOWHERE).stderr
    assert "site.py, line 4: raises ZeroDivisionError" in failed.stderr


@pytest.mark.parametrize("inner", ["dev", "other"])
def test_a_launch_inside_a_session_is_quick_too(user: Machine, inner: str) -> None:
    make_revision(user.home / ".rezup" / "other", recipe='[env]\nFROM_OTHER = "1"\n')
    words = ("use", "dev", "--", *user.command("use", inner, "--"))
    user.prepare("use", "dev", "--", "true")
    user.prepare(*words, "true")
    inside = json.loads(user.run(*words, *DUMP).stdout)
    plain = json.loads(user.run(*words, *DUMP, **NOWHERE).stdout)
    del plain["XDG_CACHE_HOME"]
    assert inside == plain
    assert inside["REZUP_CONTAINER"] == inner
    assert ("FROM_RECIPE" in inside) == (inner == "dev")
    assert inside["PATH"].count("/.rezup/") == 1


@pytest.mark.parametrize("how", ["by name", "by its first line"])
def test_what_closes_the_lease_has_a_parent(user: Machine, need_program: Callable[[str], Path], how: str) -> None:
    tcsh = need_program("tcsh")
    script = user.home / "script"
    script.write_text(f"#!{tcsh} -f\nexit 3\n", encoding="utf-8")
    script.chmod(0o755)
    command = [str(tcsh), "-f", "-c", "exit 3"] if how == "by name" else [str(script)]
    user.prepare("use", "dev", "--", "true")
    for _ in range(2):
        told = user.run("use", "dev", "--", *command, status=3, PYTHONPROFILEIMPORTTIME="1").stderr
        assert "rezup.main" in told


def test_a_command_that_is_not_there_is_the_ordinary_paths(user: Machine) -> None:
    user.prepare("use", "dev", "--", "true")
    assert "command not found in this container" in user.run("use", "dev", "--", "no-such", status=127).stderr


def test_a_revision_that_somebody_keeps_locked_is_entered_all_the_same(user: Machine) -> None:
    import fcntl

    user.prepare("use", "dev", "--", "true")
    (path,) = user.revisions("dev")
    with open(path / "revision.json", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert not user.is_quick("use", "dev", "--", "true"), "the ordinary path waits for a while"
        assert f"somebody keeps {path}/revision.json locked; " in user.run("use", "dev", "--", "true").stderr
    assert user.is_quick("use", "dev", "--", "true")


def test_many_first_launches_at_once(user: Machine) -> None:
    running = [user.start("use", "dev", "--", "tool") for _ in range(20)]
    assert [each.communicate(timeout=60) for each in running] == [("the tool\n", "")] * 20
    user.prepare("use", "dev", "--", "true")


def test_where_nothing_can_be_recorded_every_launch_works(unprivileged: Machine) -> None:
    make_revision(unprivileged.root / "dev", tool="tool")
    subprocess.run(["chmod", "-R", "a-w,a+rX", str(unprivileged.home)], check=True)
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "root", str(unprivileged.home)], check=True)
    try:
        for _ in range(2):
            done = unprivileged.run("use", "dev", "--", "tool", PYTHONDONTWRITEBYTECODE="1", cwd=Path("/"))
            assert (done.stdout, done.stderr) == ("the tool\n", "")
        assert not unprivileged.is_quick("use", "dev", "--", "true")
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(unprivileged.home)], check=True)


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root writes into the homes of others")
def test_root_leaves_nothing_in_somebody_elses_home(user: Machine) -> None:
    os.chown(user.home, NOBODY, NOBODY)
    user.run("use", "dev", "--", "true")
    assert not (user.home / ".cache").exists()


def test_there_are_never_too_many_records(user: Machine) -> None:
    user.prepare("use", "dev", "--", "true")
    folder = Path(record_path(("dev", False, ["a"]), {"HOME": str(user.home)})).parent
    for number in range(300):
        (folder / f"old{number}").touch()
        os.utime(folder / f"old{number}", (1, 1))
    (user.home / "rezup.toml").write_text("", encoding="utf-8")
    user.prepare("use", "dev", "--", "true")
    assert 0 < len(list(folder.iterdir())) <= 200


@pytest.mark.parametrize("named", [True, False], ids=["named", "the one one is in"])
def test_a_shell_opens_quickly_too(
    user: Machine, terminal: Callable[..., Terminal], need_program: Callable[[str], Path], named: bool
) -> None:
    """And only for who asks from the same shell: another one is opened for whom is in another one."""
    (user.home / ".bashrc").write_text("PS1='mine> '\n", encoding="utf-8")
    (user.home / ".zshrc").write_text("PS1='mine> '; unsetopt prompt_sp\n", encoding="utf-8")
    words = user.command("use", "dev")
    environ = {**user.environ, "TERM": "xterm", "PYTHONPROFILEIMPORTTIME": "1"}
    if named:
        environ["REZUP_DEFAULT_SHELL"] = "bash"
    told = []
    for shell in ("bash", "bash", "bash", "zsh", "bash"):
        line = [str(need_program(shell)), "-f" if shell == "zsh" else "--norc", "-c", f"{shlex.join(words)}; exit $?"]
        with Terminal(line, environ, user.home) as screen:
            screen.expect(re.escape("(dev) mine> "))
            screen.type('echo "<${BASH_VERSION:+bash}${ZSH_VERSION:+zsh}|$REZUP_MARK|$(tool)>"; exit 5')
            opened = screen.expect(r"<(bash|zsh)\|\|the tool>\r?\n").group(1)
            assert screen.wait() == 5
            told.append((opened, "rezup.main" not in screen.shown))
        time.sleep(0.1)
    other = ("bash", True) if named else ("zsh", False)
    assert told[2:] == [("bash", True), other, ("bash", named)]


def test_the_prompt_tells_that_there_is_something_newer(user: Machine, terminal: Callable[..., Terminal]) -> None:
    user.variables["REZUP_DEFAULT_SHELL"] = "bash"
    (user.home / ".bashrc").write_text("PS1='mine> '\n", encoding="utf-8")
    with terminal(user, "use", "dev") as screen:
        screen.expect(re.escape("(dev) mine> "))
    make_revision(user.home / ".rezup" / "dev", 1_700_000_009)
    labels = user.home / ".rezup" / "dev" / "labels"
    labels.mkdir()
    (labels / ".pin").write_text("1700000000.000000\n", encoding="utf-8")
    for words in (("dev",), ("dev@~0",), ("dev@1700000000.000000",), ("dev",)):
        time.sleep(0.1)
        with terminal(user, "use", *words) as screen:
            screen.expect(re.escape("(dev*) mine> "))
    with terminal(user, "use", "dev@latest") as screen:
        screen.expect(re.escape("(dev) mine> "))


def test_what_a_killed_process_has_left_is_cleared(user: Machine) -> None:
    user.prepare("use", "dev", "--", "true")
    for place in (user.root / "dev", user.root):
        (place / ".staging" / "0123456789abcdef@nowhere").mkdir(parents=True)
        os.utime(place / ".staging" / "0123456789abcdef@nowhere", (1, 1))
        user.run("use", "dev", "--", "true")
        assert not (place / ".staging").exists()
        assert user.is_quick("use", "dev", "--", "true")
