"""Every shell, opened as a session opens it: the user's own start-up files, prompt, aliases and history, and nothing of ours."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.shells import KINDS, Person, install_xonsh, people
from tests.e2e.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells of POSIX systems")

LOGIN_LINES = {"fish": "set -gx LOGGED in\n", "tcsh": "setenv LOGGED in\n", "csh": "setenv LOGGED in\n"}
# Of each, how somebody sets the prompt anew before every prompt.
LATE = {
    "bash": "late() { PS1='late> '; }\nPROMPT_COMMAND=late\n",
    "zsh": "late() { PS1='late> '; }\nprecmd_functions+=(late)\n",
    "fish": "function late --on-event fish_prompt; function fish_prompt; echo -n 'late> '; end; end\n",
    "tcsh": "alias precmd 'set prompt = \"late> \"'\n",
}


@pytest.fixture(scope="module")
def xonsh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    made: list[Path] = []

    def install() -> Path:
        if not made:
            made.append(install_xonsh(tmp_path_factory.mktemp("xonsh")))
        return made[0]

    return install


@pytest.fixture(scope="module")
def rez_machine(session_machine: Callable[[], Machine]) -> Machine:
    """A machine with the container `dev`."""
    machine = session_machine()
    machine.run("add", "dev")
    return machine


@pytest.fixture
def person(
    home: Path, need_program: Callable[[str], Path], xonsh: Callable[[], Path], tmp_path: Path
) -> Callable[[str], Person]:
    """`person("zsh")` has that shell and an empty home folder."""
    return people(home, need_program, xonsh, tmp_path)


@pytest.mark.parametrize("name", KINDS)
def test_the_users_own_shell(person: Callable[[str], Person], name: str) -> None:
    user = person(name)
    user.write_start_up()
    with user.open() as screen:
        screen.expect(re.escape("(dev) mine> "))
        screen.type("own-tool")
        screen.expect(re.escape(user.told()))
        screen.expect(re.escape("mine> "))
        screen.type("greet")
        screen.expect("alias-works")
        screen.expect(re.escape("mine> "))
        screen.type(user.program)
        screen.expect(r"(?<!\) )mine> ")
        screen.type("own-tool")
        screen.expect(re.escape(user.told("front/rez")))
        screen.expect(r"(?<!\) )mine> ")
        screen.type("exit 0")
        screen.expect(re.escape("(dev) mine> "))
        screen.type("exit 5")
        assert screen.wait() == 5
    assert "rezup" not in screen.shown
    kept = [path.read_bytes() for path in user.home.glob(KINDS[name].history)] if KINDS[name].history else []
    assert any(b"greet" in text for text in kept) or not KINDS[name].history


@pytest.mark.parametrize("name", KINDS)
def test_every_shell_has_the_revisions_rez(person: Callable[[str], Person], rez_machine: Machine, name: str) -> None:
    """Through the command itself, with the real Rez; twice, the second time by a record."""
    user = person(name)
    user.write_start_up()
    machine = Machine(user.home, {"REZUP_ROOT_LOCAL": str(rez_machine.root), "REZUP_DEFAULT_SHELL": user.program})
    for _ in range(2):
        with Terminal(machine.command("use", "dev"), {**machine.environ, **user.environ}, user.home) as screen:
            screen.expect(re.escape("(dev) mine> "))
            screen.type("rez --version")
            screen.expect(r"\nRez 3\.")
            screen.expect(re.escape("(dev) mine> "))
            screen.type("exit 5")
            assert screen.wait() == 5
        time.sleep(0.1)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.login])
def test_a_login_shell_reads_its_files(person: Callable[[str], Person], name: str) -> None:
    user = person(name)
    user.write_start_up()
    own = ". ~/.bashrc\n" if name == "bash" else ""
    user.write(KINDS[name].login, LOGIN_LINES.get(name, "export LOGGED=in\nPATH=$HOME/front:$PATH\n") + own)
    for login, logged in ((True, "in"), (False, "in" if name == "fish" else "")):
        with user.open(variables={"LOGGED": ""}, login=login) as screen:
            screen.expect(re.escape("(dev) mine> "))
            screen.type('echo "<$LOGGED>"')
            screen.expect(f"<{logged}>\n")
            screen.expect(re.escape("(dev) mine> "))
            screen.type("own-tool")
            screen.expect(re.escape(user.told()))
            screen.expect(re.escape("(dev) mine> "))
            screen.type("exit 5")
            assert screen.wait() == 5


@pytest.mark.parametrize("name", LATE)
def test_a_prompt_that_is_set_late(person: Callable[[str], Person], name: str) -> None:
    user = person(name)
    user.write_start_up(LATE[name])
    with user.open() as screen:
        for _ in range(3):
            screen.expect(r"(?<!\) )\(dev\) late> ")
            screen.type("")
        screen.type("exit 0")
        assert screen.wait() == 0
    assert "(dev) (dev)" not in screen.shown


@pytest.mark.parametrize("login", [False, True])
@pytest.mark.parametrize("name", ["bash", "zsh", "ksh", "mksh", "dash"])
def test_a_strict_start_up_file(person: Callable[[str], Person], name: str, login: bool) -> None:
    """It ends the shell at the first command that fails, or that uses a variable which is not set."""
    user = person(name)
    user.write_start_up("set -eu\n")
    if login:
        user.write(KINDS[name].login, "set -eu\n" + (". ~/.bashrc\n" if name == "bash" else ""))
    with user.open(login=login) as screen:
        screen.expect(re.escape("(dev) mine> "))
        screen.type("own-tool")
        screen.expect(re.escape(user.told()))
        screen.expect(re.escape("(dev) mine> "))
        screen.type("exit 5")
        assert screen.wait() == 5
    assert "unbound" not in screen.shown
    assert "not set" not in screen.shown


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("variables", "mark", "prompt"),
    [
        ({}, "dev*", "(dev*) mine> "),
        ({"REZUP_PROMPT": "st 'a' \"x\" $HOME `id` ; %n \\w {x} \\$ 100%"}, "dev*", None),
        ({"REZUP_DISABLE_PROMPT": "1", "REZUP_PROMPT": "x"}, "dev", "mine> "),
    ],
    ids=["mark", "text", "disabled"],
)
def test_what_the_prompt_shows(
    person: Callable[[str], Person], name: str, variables: dict[str, str], mark: str, prompt: str | None
) -> None:
    user = person(name)
    user.write_start_up()
    with user.open(mark, variables) as screen:
        shown = f"({variables.get('REZUP_PROMPT')}*) mine> " if prompt is None else prompt
        found = screen.expect(r"[^\n]*mine> ").group()
        assert found.replace("\r", "").endswith(shown)
        assert ("(" in found) == ("(" in shown)
        screen.type("own-tool")
        screen.expect(re.escape(user.told()))


@pytest.mark.parametrize("name", KINDS)
def test_a_user_without_start_up_files(person: Callable[[str], Person], name: str) -> None:
    user = person(name)
    user.write_tools()
    with user.open() as screen:
        screen.expect(r"\(dev\) .*[#$%>@] ")
        screen.type("rez")
        screen.expect("the revisions\n")
        screen.expect(r"\(dev\) ")
        screen.type("exit 5")
        assert screen.wait() == 5


@pytest.mark.parametrize("name", KINDS)
def test_a_home_with_an_odd_name(person: Callable[[str], Person], name: str, home: Path) -> None:
    user = person(name)
    user.home = home / ('Zoë\'s "x"' if name == "xonsh" else 'Zoë\'s $HOME "x"')  # xonsh expands what is on PATH
    user.home.mkdir()
    user.tools = user.home / "the tools"
    user.environ.update(HOME=str(user.home), LC_ALL="C.UTF-8")
    user.write_start_up()
    with user.open() as screen:
        screen.expect(re.escape("(dev) mine> "))
        screen.type("rez")
        screen.expect("the revisions\n")
        screen.expect(re.escape("(dev) mine> "))
        screen.type("exit 5")
        assert screen.wait() == 5
