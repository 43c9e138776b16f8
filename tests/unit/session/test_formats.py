"""What a session changes, as text that real shells and python-dotenv read back byte for byte."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values

from rezup_api.errors import UsageError
from rezup_api.session.formats import FORMATS, changes, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POSIX = pytest.mark.skipif(os.name == "nt", reason="asks POSIX shells")
# Every byte that a value can have, one after the other, and what has a meaning to some shell.
NASTY = {
    "A_BLANKS": "  x  y z ",
    "B_QUOTES": "it's \"quoted\" 'twice' '' \"\" `id`",
    "C_EMPTY": "",
    "D_DOLLARS": "$HOME ${HOME} $(id) $$ $ \\$HOME",
    "E_LINES": "\na\nb\\\n\n c'\n",
    "F_CSH": "a!b !! !$ \\! end!",
    "G_PERCENT": "%PATH% 100% ^x^y",
    "H_UMLAUTS": "äöü ß 漢字 \N{GRINNING FACE} \N{LEFT SINGLE QUOTATION MARK}x\N{RIGHT SINGLE QUOTATION MARK}",
    "I_BACKSLASHES": "\\ \\\\ \\n C:\\new\\",
    "J_GLOBS": "~ * ? [a] {b,c} #not & | ; < > ( )",
    "K_ASCII": "".join(map(chr, range(1, 128))),
    "L_LATIN": "caf\udce9 \udcff\udc80\udcff0 \udcc3",
    "M_OPTION": "-n",
    "N_PATH": "/a::/b:",
    "_UNDERSCORE": "=x=",
}
SHELLS = {
    "bash": ("sh", 'eval "$(cat f)"'),
    "dash": ("sh", 'eval "$(cat f)"'),
    "zsh": ("sh", 'eval "$(cat f)"'),
    "ksh": ("sh", 'eval "$(cat f)"'),
    "fish": ("fish", "cat f | source"),
    "tcsh": ("csh", "source f"),
    "csh": ("csh", "source f"),
    "bsd-csh": ("csh", "source f"),
}
OTHERWISE = {
    "bash": ("sh", ". ./f"),
    "zsh": ("sh", "setopt rc_quotes; . ./f"),
    "fish": ("fish", "eval (cat f)"),
    "tcsh": ("csh", 'set backslash_quote; eval "`cat f`"'),
    "bsd-csh": ("csh", 'eval "`cat f`"'),
}


def taken(program: Path, form: str, line: str, changed: dict[str, str | None], folder: Path) -> dict[str, str]:
    """The environment of a program that a shell starts after it has taken the changes."""
    (folder / "f").write_bytes(os.fsencode(written(form, changed).text))
    without_files = {"zsh": ["-f"], "fish": ["--no-config"], "tcsh": ["-f"], "csh": ["-f"], "bsd-csh": ["-f"]}
    done = subprocess.run(
        [program, *without_files.get(program.name, []), "-c", f"{line}; {shutil.which('env')} -0"],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "GONE": "x", "STAYS": "y"},
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return dict(item.split("=", 1) for item in os.fsdecode(done.stdout).split("\0") if item)


@POSIX
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_takes_every_value(shell: str, need_program: Callable[[str], Path], tmp_path: Path) -> None:
    path = f"/first one:/sec'ond:{os.environ['PATH']}"
    seen = taken(
        need_program(shell), *SHELLS[shell], {**NASTY, "PATH": path, "GONE": None, "NEVER_SET": None}, tmp_path
    )
    assert {name: seen.get(name) for name in NASTY} == NASTY
    assert seen["PATH"] == path
    assert seen["STAYS"] == "y"
    assert "GONE" not in seen


@POSIX
@pytest.mark.parametrize("shell", OTHERWISE)
def test_another_way_to_take_them(shell: str, need_program: Callable[[str], Path], tmp_path: Path) -> None:
    """All but values with line breaks, which csh can only take from a file."""
    form, line = OTHERWISE[shell]
    values = {name: value for name, value in NASTY.items() if form != "csh" or "\n" not in value}
    values["K_ASCII"] = NASTY["K_ASCII"].replace("\n", "")
    seen = taken(need_program(shell), form, line, {**values, "GONE": None}, tmp_path)
    assert {name: seen.get(name) for name in values} == values
    assert "GONE" not in seen


@POSIX
@pytest.mark.parametrize("shell", ["tcsh", "bsd-csh"])
def test_csh_says_which_value_it_loses_between_backquotes(
    shell: str, need_program: Callable[[str], Path], tmp_path: Path
) -> None:
    text = written("csh", {"BEFORE": "1", "LINES_IN_IT": "a\nb", "NEXT": "2"}).text
    (tmp_path / "f").write_text(text, encoding="utf-8")
    line = 'eval "`cat f`"; echo $BEFORE $NEXT; printenv LINES_IN_IT'
    done = subprocess.run([need_program(shell), "-fc", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    told = "rezup: LINES_IN_IT has a line break: write what rezup env prints to a file, and source that\n"
    assert (done.stdout, done.stderr) == ("1 2\n", told)


@POSIX
@pytest.mark.parametrize("shell", ["bash", "zsh", "ksh", "dash", "fish"])
def test_what_a_shell_keeps_for_itself_is_left_out(
    shell: str, need_program: Callable[[str], Path], tmp_path: Path
) -> None:
    """Each would be refused by some shell, and end the script, or set something else."""
    form = SHELLS[shell][0]
    own = (
        ["UID", "PPID", "SHLVL", "OPTIND", "path", "status", "history"]
        if form == "sh"
        else ["PWD", "status", "version"]
    )
    own += ["LINES", "TMOUT"] if form == "sh" else []
    odd = ["A-B", "A.B", "1A", "A B", "A;id", "Ä", "A\nB", "BASH_FUNC_x%%"]
    changed: dict[str, str | None] = {**dict.fromkeys([*own, *odd], "x y"), "REST": "1"}
    assert set(written(form, changed).unnamed) == {*own, *odd}
    assert taken(need_program(shell), *SHELLS[shell], changed, tmp_path)["REST"] == "1"


def test_fish_has_path_as_a_list() -> None:
    told = written("fish", {"PATH": "/a b:/c", "OTHER_PATH": "/a:/b"})
    assert told.text == "set -gx PATH '/a b' '/c';\nset -gx OTHER_PATH '/a:/b';\n"


def test_numbers_are_set() -> None:
    told = written("sh", {"LINES": "50", "COLUMNS": "", "TMOUT": None})
    assert (told.text, told.unnamed) == ("export LINES='50'\n", ("COLUMNS", "TMOUT"))


def random_values(count: int) -> list[str]:
    """Values made of what means something in `.env` files."""
    dice = random.Random(7)
    pieces = [*"${}'\"\\\n\r #=a\t\x85ü", "${X}", "${X:-d}", ":-", "\r\n", " #"]
    return ["".join(dice.choices(pieces, k=dice.randint(0, 7))) for _ in range(count)]


def test_dotenv_is_read_back_by_python_dotenv(tmp_path: Path) -> None:
    values = {name: value for name, value in NASTY.items() if name != "L_LATIN"}
    values.update({f"V{index}": value for index, value in enumerate(random_values(5000))})
    text = written("dotenv", dict(values)).text
    assert dotenv_values(stream=io.StringIO(text, newline=None)) == values
    (tmp_path / "f.env").write_bytes(text.encode())
    assert dotenv_values(tmp_path / "f.env") == values


def test_dotenv_has_plain_values_where_it_can() -> None:
    """docker takes what follows the first `=` as it is, quotes too."""
    plain = {"A": "/a b/c:/d", "B": 'has "quotes" and \\', "C": "it's", "D": "", "E": '{"changed":{"X":[null,"\\n"]}}'}
    assert written("dotenv", dict(plain)).text == "".join(f"{name}={value}\n" for name, value in plain.items())
    quoted = {"A": " x", "B": "a #b", "C": "$HOME", "D": "'x"}
    assert written("dotenv", dict(quoted)).text == "A=' x'\nB='a #b'\nC='$HOME'\nD='\\'x'\n"


def test_dotenv_cannot_remove() -> None:
    told = written("dotenv", {"A": "1", "GONE": None, "A B": "x"})
    assert (told.text, told.kept, told.unnamed) == ("A=1\n", ("GONE",), ("A B",))


@pytest.mark.parametrize("form", ["dotenv", "powershell"])
def test_a_format_of_text_refuses_bytes(form: str) -> None:
    with pytest.raises(UsageError, match=f"the format {form} cannot hold BAD: its value is not UTF-8"):
        written(form, {"GOOD": "ü", "BAD": "\udcff"})
    assert written(form, {"NOT A NAME %": "\udcff", "GONE": None}).unnamed == ("NOT A NAME %",)


def test_powershell() -> None:
    changed: dict[str, str | None] = {
        "PLAIN": 'C:\\a b;$env:X `n %PATH% "q" !',
        "QUOTED": "it's",
        "LINES": "a\r\nb",
        "UMLAUT": "ü\N{GRINNING FACE}x\N{RIGHT SINGLE QUOTATION MARK}",
        "EMPTY": "",
        "ProgramFiles(x86)": "p",
        "GONE": None,
        "a:b": "left out",
    }
    told = written("powershell", changed)
    assert told.text == (
        "${env:PLAIN} = 'C:\\a b;$env:X `n %PATH% \"q\" !'\n"
        "${env:QUOTED} = 'it''s'\n"
        "${env:LINES} = 'a' + [char]0x000D + [char]0x000A + 'b'\n"
        "${env:UMLAUT} = '' + [char]0x00FC + [char]0xD83D + [char]0xDE00 + 'x' + [char]0x2019 + ''\n"
        "${env:EMPTY} = ''\n"
        "${env:ProgramFiles(x86)} = 'p'\n"
        "Remove-Item -LiteralPath 'Env:GONE' -ErrorAction SilentlyContinue\n"
    )
    assert told.text.isascii()
    assert told.unnamed == ("a:b",)


@pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh is not installed")
@pytest.mark.parametrize("line", ["Invoke-Expression", "Out-String | Invoke-Expression"])
def test_a_real_powershell(line: str, tmp_path: Path) -> None:
    values = {name: value for name, value in NASTY.items() if name not in {"L_LATIN", "C_EMPTY"}}
    (tmp_path / "f").write_text(written("powershell", {**values, "GONE": None}).text, encoding="ascii")
    script = f"Get-Content f | {line}; /usr/bin/env -0"
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-Command", script],
        env={**os.environ, "GONE": "x"},
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    seen = dict(item.split("=", 1) for item in os.fsdecode(done.stdout).split("\0") if "=" in item)
    assert {name: seen.get(name) for name in values} == values
    assert "GONE" not in seen


def test_changes() -> None:
    before = {"SAME": "1", "OTHER": "1", "GONE": "1", "EMPTIED": "1"}
    after = {"SAME": "1", "OTHER": "2", "NEW": "", "EMPTIED": ""}
    assert changes(before, after) == {"EMPTIED": "", "GONE": None, "NEW": "", "OTHER": "2"}
    assert list(changes(before, after)) == ["EMPTIED", "GONE", "NEW", "OTHER"]


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_to_change_is_nothing_to_say(form: str) -> None:
    assert written(form, {}).text == ""
