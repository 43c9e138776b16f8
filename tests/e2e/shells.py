"""People with shells: each with start-up files that set a prompt, an alias, and a folder of their own before all others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.terminal import Terminal

from rezup_api.session.shells import Shell, interactive

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

POSIX_TEXT = "PATH=$HOME/front:$PATH\nexport MINE=read\nPS1='mine> '\nalias greet='echo alias-{}works'\n"
CSH_TEXT = (
    "setenv PATH \"${HOME}/front:${PATH}\"\nsetenv MINE read\nset prompt = 'mine> '\nalias greet echo alias-''works\n"
)
FISH_TEXT = """
set -gx PATH $HOME/front $PATH
set -gx MINE read
set -g fish_greeting
function fish_prompt; echo -n 'mine> '; end
alias greet 'echo alias-works'
"""
XONSH_TEXT = """
$PATH.insert(0, $HOME + '/front')
$MINE = 'read'
$PROMPT = 'mine> '
$XONSH_SHOW_TRACEBACK = True
aliases['greet'] = 'echo alias-works'
"""
# Tells what a command of the session sees: who read the start-up file, what of ours is left, how often the tools are on PATH.
OWN_TOOL = r"""#!/bin/sh
left=$(env | grep -E '^(REZUP_(TOOLS|MARK|STARTUP|LOGIN|HOME|ENV|ZDOTDIR)|ENV|ZDOTDIR|XONSHRC)=' | sort | tr '\n' ';')
echo "<$MINE|$left|$HOME|$(command -v rez)>"
"""


@dataclass(frozen=True)
class Kind:
    """A shell.

    Args:
        file: its start-up file.
        text: what that says.
        login: the file that it reads as a login shell.
        history: where it keeps its history, a pattern; empty if it does not.
        more: what the start-up file says for that.
        program: what is installed, if it is called otherwise.
    """

    file: str
    text: str
    login: str
    history: str = ""
    more: str = ""
    program: str = ""


KINDS = {
    "bash": Kind(".bashrc", POSIX_TEXT, ".bash_profile", ".bash_history"),
    "zsh": Kind(
        ".zshrc",
        POSIX_TEXT,
        ".zprofile",
        ".my zhistory",
        "unsetopt prompt_sp\nHISTFILE=$HOME/'.my zhistory' SAVEHIST=9 HISTSIZE=9\n",
    ),
    "fish": Kind(
        ".config/fish/config.fish", FISH_TEXT, ".config/fish/conf.d/login.fish", ".local/share/fish/fish_history"
    ),
    "tcsh": Kind(".tcshrc", CSH_TEXT, ".login", ".history", "set savehist = 9\n"),
    "csh": Kind(".cshrc", CSH_TEXT, ".login", ".history", "set savehist = 9\nset history = 9\n", program="bsd-csh"),
    "ksh": Kind(".kshrc", POSIX_TEXT, ".profile", ".sh_history"),
    "mksh": Kind(".mkshrc", POSIX_TEXT, ".profile", ".my history", "HISTFILE=$HOME/'.my history'\n"),
    "dash": Kind(".shrc", POSIX_TEXT, ".profile"),
    "xonsh": Kind(".xonshrc", XONSH_TEXT, "", ".local/share/xonsh/**/*.json"),
}


class Person:
    """Somebody with a home folder, a shell, and start-up files.

    Args:
        home: the folder.
        name: the shell's, of those in KINDS.
        program: its path.
    """

    def __init__(self, home: Path, name: str, program: Path) -> None:
        self.home = home
        self.name = name
        self.program = str(program)
        self.tools = home / "the tools"
        self.environ = {"HOME": str(home), "TERM": "xterm", "SHELL_TYPE": "readline", "PATH": os.environ["PATH"]}
        if name == "dash":
            self.environ["ENV"] = "$HOME/.shrc"

    def write_start_up(self, more: str = "") -> None:
        """A start-up file, a `rez` of one's own that comes first in it, and the revision's."""
        kind = KINDS[self.name]
        self.write(kind.file, kind.text.replace("{}", "''") + kind.more + more)
        self.write_tools()
        if self.name == "fish":  # else it starts to fill this folder, and does not end before that is done
            (self.home / ".local/share/fish/generated_completions").mkdir(parents=True)

    def write_tools(self) -> None:
        """The user's own programs, and the revision's."""
        self.write("front/rez", "#!/bin/sh\necho the users own\n")
        self.write("front/own-tool", OWN_TOOL)
        self.write("the tools/rez", "#!/bin/sh\necho the revisions\n")
        for path in (self.home / "front/rez", self.home / "front/own-tool", self.tools / "rez"):
            path.chmod(0o755)

    def write(self, name: str, text: str) -> Path:
        """Write a file below the home folder."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def open(self, mark: str = "dev", variables: Mapping[str, str] | None = None, *, login: bool = False) -> Terminal:
        """Open the shell on a terminal, as an interactive session does."""
        session = {**self.environ, **(variables or {})}
        session["PATH"] = f"{self.tools}:{session['PATH']}"
        opening = interactive(Shell(self.name, self.program, login), session, str(self.tools), mark)
        return Terminal(opening.command, {**session, **opening.environ}, self.home)

    def told(self, rez: str = "the tools/rez") -> str:
        """What `own-tool` tells where all is well: it sees what it sees in a plain shell, but for `rez`."""
        left = {
            "dash": "ENV=$HOME/.shrc;",
            "xonsh": f"XONSHRC=/etc/xonsh/xonshrc:{self.home}/.config/xonsh/rc.xsh:{self.home}/.xonshrc;",
        }
        return f"<read|{left.get(self.name, '')}|{self.home}|{self.home}/{rez}>"


def people(
    home: Path, need_program: Callable[[str], Path], xonsh: Callable[[], Path], folder: Path
) -> Callable[[str], Person]:
    """Makes somebody with that shell.

    Args:
        folder: where links to shells that are called otherwise may go.
    """

    def make(name: str) -> Person:
        program = xonsh() if name == "xonsh" else need_program(KINDS[name].program or name)
        if program.name != name:
            link = folder / name
            link.symlink_to(program)
            program = link
        return Person(home, name, program)

    return make


def install_xonsh(folder: Path) -> Path:
    """Install xonsh into an environment of its own, as its users do."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
    words = ["install", "-q", "--disable-pip-version-check", "--no-cache-dir", "xonsh"]
    subprocess.run([folder / "bin" / "python", "-m", "pip", *words], check=True, capture_output=True)
    found = shutil.which("xonsh", path=str(folder / "bin"))
    assert found
    return Path(found)
