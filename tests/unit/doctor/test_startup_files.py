"""The start-up files of shells: which they are, and which of their lines are in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from rezup_api.doctor.startup_files import read_startup_files, startup_files, troubles
from rezup_api.session.detection import Shell


def of(name: str, *, login: bool = False) -> Shell:
    return Shell(name, f"/bin/{name}", login)


@pytest.mark.parametrize(
    ("shell", "variables", "names"),
    [
        (of("bash"), {}, ["/h/.bashrc"]),
        (
            of("bash", login=True),
            {},
            ["/etc/profile", "/h/.bash_profile", "/h/.bash_login", "/h/.profile", "/h/.bashrc"],
        ),
        (of("zsh"), {"ZDOTDIR": "/z"}, ["/etc/zsh/zshenv", "/etc/zshenv", "/z/.zshenv", "/z/.zshrc"]),
        (of("zsh", login=True), {}, ["/etc/zsh/zshenv", "/etc/zshenv", "/h/.zshenv", "/h/.zprofile", "/h/.zshrc"]),
        (of("fish"), {"XDG_CONFIG_HOME": "/c"}, ["/c/fish/config.fish"]),
        (of("tcsh"), {}, ["/h/.tcshrc", "/h/.cshrc"]),
        (of("dash"), {"ENV": "/h/.shrc"}, ["/h/.shrc"]),
        (of("dash"), {"ENV": "$HOME/.shrc"}, []),
        (of("nu"), {}, []),
    ],
)
def test_each_shell_has_its_files(shell: Shell, variables: dict[str, str], names: list[str]) -> None:
    assert [str(path) for path in startup_files(shell, {"HOME": "/h", **variables})] == names


def test_files_that_exist_are_read_whatever_their_encoding(home: Path) -> None:
    (home / ".bashrc").write_bytes(b"# caf\xe9\n")
    assert read_startup_files(of("bash"), {"HOME": str(home)}) == {home / ".bashrc": "# caf\ufffd\n"}
    assert read_startup_files(of("zsh"), {"HOME": str(home)}).keys() <= {Path("/etc/zsh/zshenv"), Path("/etc/zshenv")}


@pytest.mark.parametrize(
    ("shell", "file", "line", "text"),
    [
        ("bash", ".bashrc", "exec fish", "bash becomes fish"),
        ("bash", ".bashrc", "[ -t 0 ] && exec /usr/bin/zsh -l", "bash becomes zsh"),
        ("bash", ".bashrc", "if [ -t 0 ]; then exec -l tmux; fi", "bash becomes tmux"),
        ("fish", "config.fish", "exec bash", "fish becomes bash"),
        ("bash", ".bashrc", "export PS1='$ '", "PS1 is exported"),
        ("tcsh", ".tcshrc", 'setenv prompt "x"', "prompt is exported"),
        ("dash", ".shrc", "PROMPT_COMMAND=x", "dash then shows no mark"),
        ("zsh", "zshenv", "export ZDOTDIR=~/.zsh", "zsh shows no mark"),
        ("bash", ".bashrc", "exec > ~/log", ""),
        ("bash", ".bashrc", "exec 3>&1", ""),
        ("bash", ".bashrc", "# exec fish", ""),
        ("bash", ".bashrc", "true # exec fish", ""),
        ("bash", ".bashrc", "alias f='exec_fish'", ""),
        ("bash", ".bashrc", "docker exec bash", ""),
        ("bash", ".bashrc", "PS1='$ '", ""),
        ("bash", ".bashrc", 'eval "$(starship init bash)"', ""),
        ("zsh", "zshenv", "[[ -n $ZDOTDIR ]] || ZDOTDIR=~/.zsh", ""),
        ("zsh", "zshenv", "ZDOTDIR=${ZDOTDIR:-~/.zsh}", ""),
        ("zsh", "zshenv", 'if [ -z "$ZDOTDIR" ]; then\n  ZDOTDIR=~/.zsh\nfi', ""),
        ("zsh", ".zshenv", "ZDOTDIR=~/.zsh", ""),
    ],
)
def test_lines_that_are_in_the_way_are_found_and_no_others(shell: str, file: str, line: str, text: str) -> None:
    found = troubles(of(shell), {Path("/h") / file: f"\n{line}\n"})
    assert len(found) == (1 if text else 0)
    for trouble in found:
        assert (trouble.path.name, trouble.line) == (file, 2)
        assert text in trouble.text
        assert trouble.way_out
