"""What completion answers a shell, by the protocol that the scripts of argcomplete speak."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.cli import ENVIRON_FORMATS, SHELLS
from rezup.commands import COMMANDS
from rezup.completion.answer import NAMED_PLATFORMS, completion_script
from rezup.completion.candidates import paths
from rezup_api.packages.platforms import known_platforms
from rezup_api.session.editors import EDITORS
from rezup_api.session.formats import FORMATS
from rezup_api.session.launcher import Launcher
from rezup_api.session.launchers import write_launchers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Ask = Callable[..., list[str]]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the answer is read from descriptor 8")

# What a shell runs: the answer is written to descriptor 8.
ENTRY = "import os, sys; os.dup2(1, 8); sys.argv = ['rezup']; from rezup.__main__ import main; sys.exit(main())"
BREAKS = " \t\n\"'@><=;|&(:"


def run(line: str, shell: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Ask for what could stand at the end of a line."""
    asked = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_SHELL": shell, "COMP_LINE": line}
    environ = {**os.environ, **asked, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_SUPPRESS_SPACE": "1", **variables}
    return subprocess.run(
        [sys.executable, "-c", ENTRY], env=environ, cwd=os.environ["HOME"], capture_output=True, text=True, check=False
    )


@pytest.fixture
def ask(home: Path) -> Ask:
    """`ask("rezup use d")` is the answer for fish, which takes plain words; nothing else is ever said."""

    def ask(line: str, shell: str = "fish", environ: Mapping[str, str] | None = None) -> list[str]:
        done = run(line, shell, **(environ or {}))
        assert (done.stderr, done.returncode) == ("", 0)
        return done.stdout.split("\n") if done.stdout else []

    return ask


def add(root: Path, container: str, *timestamps: str, whole: bool = True) -> Path:
    """Revisions as far as completion looks at them."""
    for timestamp in timestamps:
        folder = root / container / "revisions" / timestamp
        folder.mkdir(parents=True)
        if whole:
            (folder / "revision.json").write_text("{}", encoding="utf-8")
    return root / container


@pytest.fixture
def root(home: Path) -> Path:
    """A local root with containers in it."""
    path = home / ".rezup"
    add(path, ".main", "1700000000.000001")
    add(path, "my-tool", "1700000000.000001")
    add(path, "dev", "1700000000.000001", "1700000002.000001", "900000000.000001")
    add(path, "dev", "1700000003.000001", whole=False)
    (path / "dev" / "labels").mkdir()
    for name in ("staging", "2good", ".pin", "latest"):
        (path / "dev" / "labels" / name).write_text("1700000000.000001", encoding="utf-8")
    (path / ".cache").mkdir()
    (path / "failed").mkdir()
    return path


def test_commands_and_options_are_those_of_the_parser(ask: Ask) -> None:
    assert ask("rezup ") == list(COMMANDS)
    assert ask("rezup rec") == ["recipe"]
    assert ask("rezup recipe ") == ["show", "check", "init"]
    assert ask("rezup use --lo") == ["--local"]
    assert set(ask("rezup use dev -")) >= {"-l", "--local", "-d", "--do", "-h", "--help", "-q"}
    assert "--version" in ask("rezup --")
    assert ask("rezup env --format ") == list(ENVIRON_FORMATS)
    assert ask("rezup completion ") == list(SHELLS)


def test_launchers(ask: Ask, home: Path) -> None:
    assert ask("rezup unexpose ") == []
    for folder, name in (
        (home / ".local" / "bin", "maya"),
        (home / ".local" / "bin", "rez-env"),
        (home / "elsewhere", "nuke"),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        write_launchers(folder, [Launcher(name, "dev", name, (), ("/bin/rezup",))])
    (home / ".local" / "bin" / "other").touch()
    assert ask("rezup unexpose ") == ["maya", "rez-env"]
    assert ask("rezup unexpose rez-env m") == ["maya"]
    assert ask("rezup unexpose --to ~/elsewhere ") == ["nuke"]
    assert ask("rezup exposed --to else") == ["elsewhere/"]


def test_containers(ask: Ask, root: Path) -> None:
    every = [".main", "dev", "my-tool"]
    for words in (
        "use",
        "env",
        "pull",
        "drop",
        "status",
        "add",
        "expose",
        "recipe show",
        "use -l",
        "-q use",
        "add -m x",
    ):
        assert ask(f"rezup {words} ") == every, words
    assert ask("rezup use d") == ["dev", "dev@"], "with the second no blank is set behind the name"
    assert ask("rezup use my-") == ["my-tool", "my-tool@"]
    assert ask("rezup use .") == [".main", ".main@"]
    assert ask("rezup drop d") == ["dev"], "it takes no revision"
    assert ask("rezup use x") == []
    assert ask("rezup use dev ") == [], "there is no second one"
    assert ask("rezup add -m ") == [], "nobody knows why"


def test_a_recipe_is_a_container_to_come(ask: Ask, home: Path) -> None:
    (home / "rezup.new.toml").write_text("", encoding="utf-8")
    assert ask("rezup add ") == [".main", "new"]
    assert ask("rezup recipe check n") == ["new"]
    assert ask("rezup use ") == [".main"], "it is made when it is missing"
    assert ask("rezup drop ") == []


def test_revisions_newest_first(ask: Ask, root: Path) -> None:
    revisions = ["dev@1700000002.000001", "dev@1700000000.000001", "dev@900000000.000001"]
    assert ask("rezup use dev@") == ["dev@current", "dev@latest", "dev@~1", "dev@staging", *revisions]
    assert ask("rezup env dev@17") == revisions[:2]
    assert ask("rezup use dev@s") == ["dev@staging"]
    assert ask("rezup use dev@~") == ["dev@~1"]
    assert ask("rezup use ../x@") == []


def test_revisions_and_labels_of_commands_that_name_them(ask: Ask, root: Path) -> None:
    container = add(root, "film", "1700000001.000000", "1700000002.000000")
    (container / "labels").mkdir()
    (container / "labels" / "staging").write_text("1700000001.000000\n", encoding="utf-8")
    for line in ("rezup pin film@st", "rezup tag film@st", "rezup diff film@st", "rezup diff film film@st"):
        assert ask(line) == ["film@staging"], line
    assert ask("rezup rollback film --to 1700000002") == ["1700000002.000000"]
    assert ask("rezup untag film s") == ["staging"]
    assert ask("rezup tag film@latest s") == ["staging"]
    assert ask("rezup unpin f") == ["film"]


def test_what_is_said_of_them(ask: Ask, root: Path) -> None:
    told = ask("rezup use dev@", environ={"_ARGCOMPLETE_DFS": "\t", "TZ": "UTC"})
    assert told[:5] == [
        "dev@current\twhat `use` gives",
        "dev@latest\tthe newest",
        "dev@~1\tthe one before",
        "dev@staging\tlabel",
        "dev@1700000002.000001\t2023-11-14 22:13",
    ]


def test_many_revisions_are_cut_short(ask: Ask, home: Path) -> None:
    add(home / ".rezup", "big", *(f"17{number:08}.000000" for number in range(3000)))
    told = ask("rezup use big@1")
    assert (told[0], told[-1], len(told)) == ("big@1700002999.000000", "big@1700002900.000000", 100)
    assert ask("rezup use big@1700000007") == ["big@1700000007.000000"]


def test_roots_of_recipes_and_variables(ask: Ask, home: Path) -> None:
    add(home / "elsewhere", "other", "1700000000.000001")
    add(home / "third", "third", "1700000000.000001")
    (home / "rezup.other.toml").write_text('[root]\nlocal = "~/elsewhere"\n', encoding="utf-8")
    assert ask("rezup use ") == [".main", "other"]
    assert ask("rezup use other@17") == ["other@1700000000.000001"]
    assert ask("rezup use t", environ={"REZUP_ROOT_LOCAL": str(home / "third")}) == ["third", "third@"]
    (home / "rezup.other.toml").write_text("local = [", encoding="utf-8")
    assert ask("rezup use ") == [".main"]


def test_inside_a_session_it_is_as_outside(ask: Ask, home: Path, root: Path) -> None:
    memory = '{"changed":{"REZUP_ROOT_LOCAL":[null,"/nowhere"]},"path":[]}'
    assert ask("rezup use d", environ={"REZUP_ROOT_LOCAL": "/nowhere", "REZUP_SESSION": memory}) == ["dev", "dev@"]


def test_commands_of_the_container_behind_the_dashes(ask: Ask, root: Path) -> None:
    for timestamp, names in (
        ("1700000002.000001", ("rez-new", "rez-both")),
        ("1700000000.000001", ("rez-old", "rez-both")),
    ):
        for number, name in enumerate((*names, ".production_entry_file")):
            folder = root / "dev" / "revisions" / timestamp / "venv" / f"rez{number}" / "bin" / "rez"
            folder.mkdir(parents=True)
            (folder / name).touch()
    assert ask("rezup use dev -- ") == ["rez-both", "rez-new"], "those of the newest revision that has any"
    assert ask("rezup expose dev rez-n") == ["rez-new"]
    assert ask("rezup use dev@latest -- rez-n") == ["rez-new"]
    assert ask("rezup use -l -q dev -- rez-n") == ["rez-new"]
    assert ask("rezup use dev@~2 -- ") == []
    assert ask("rezup use dev@staging -- rez-") == ["rez-both", "rez-old"]
    assert ask("rezup use dev@1700000000 -- rez-") == ["rez-both", "rez-old"]
    assert ask("rezup use dev@gone -- rez-") == []
    assert ask("rezup use my-tool -- ") == []
    assert ask("rezup use ../dev -- ") == []
    assert ask("rezup use dev -- rez-new rez-") == [], "the words of that command are its own"
    assert ask("rezup -- rez-") == [], "the default container has none"
    assert ask("rezup status dev -- rez-") == []


def test_files(ask: Ask, home: Path) -> None:
    folder = home / "a dir"
    folder.mkdir()
    for name in ("it's $x.toml", "other.txt", ".hidden.toml"):
        (folder / name).write_text("", encoding="utf-8")
    (folder / "sub").mkdir()
    assert ask("rezup add -f a") == ["a dir/"]
    assert ask("rezup add -f 'a dir/") == ["a dir/it's $x.toml", "a dir/sub/"]
    assert ask("rezup recipe check --file=~/a\\ dir/i") == ["--file=~/a dir/it's $x.toml"]
    assert ask("rezup use -d 'a dir/o") == ["a dir/other.txt"]
    assert ask("rezup add -f 'a dir/.h") == ["a dir/.hidden.toml"]
    assert ask("rezup add -f a\\ dir/i", "bash") == ["a\\ dir/it\\'s\\ \\$x.toml"]
    assert ask('rezup add -f "a dir/i', "bash") == ["a dir/it's \\$x.toml"]
    assert list(paths(f"{folder}/i")) == [f"{folder}/it's $x.toml"]


def test_what_follows_the_dashes_is_left_to_the_shell(ask: Ask, root: Path) -> None:
    assert ask("rezup use -- d") == []
    assert ask("rezup use dev -- d") == []
    assert ask("rezup use dev -- ls -") == []


def test_it_is_silent_whatever_is_wrong(home: Path) -> None:
    (home / ".rezup").write_text("a file where a folder belongs", encoding="utf-8")
    for line, variables in [
        ("rezup use d", {}),
        ("rezup add -f /nowhere/x", {}),
        ("rezup use d", {"COMP_POINT": "x"}),
        ("rezup use d", {"_ARGCOMPLETE": "no number"}),
    ]:
        done = run(line, "bash", **variables)
        assert (done.stdout, done.stderr) == ("", ""), line


def test_nothing_is_written_and_no_script_is_run(ask: Ask, home: Path) -> None:
    (home / "site.py").write_text("open('ran', 'w')\n", encoding="utf-8")
    (home / "rezup.toml").write_text('[init]\nscript = "site.py"\n', encoding="utf-8")
    assert ask("rezup use ") == [".main"]
    assert sorted(path.name for path in home.iterdir()) == ["rezup.toml", "site.py"]


def test_no_more_is_loaded_than_is_needed(home: Path, root: Path) -> None:
    """The modules that would make a user wait, as measured."""
    done = run("rezup use dev@", "bash", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "argcomplete.finders" in loaded
    assert (
        loaded & {"json", "rich", "tomli", "rezup.main", "rezup.output.progress", "rezup_api.container", "dotenv"}
        == set()
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_script_for_every_shell(shell: str) -> None:
    assert "rezup" in completion_script(shell)
    assert completion_script(shell).endswith("\n")


def test_the_formats_are_those_of_the_library() -> None:
    assert set(ENVIRON_FORMATS) == {*FORMATS, *EDITORS, "json"}


def test_every_platform_is_offered() -> None:
    assert set(NAMED_PLATFORMS) == set(known_platforms())


def test_powershell() -> None:
    """Nothing that the library's script sets is missing, and what it loses is kept."""
    text = completion_script("powershell")
    assert "Register-ArgumentCompleter -Native -CommandName rezup" in text
    for name in ("_ARGCOMPLETE", "_ARGCOMPLETE_IFS", "_ARGCOMPLETE_STDOUT_FILENAME", "COMP_LINE", "COMP_POINT"):
        assert f"        {name} = " in text
    assert "$command.Extent.Text.PadRight($point)" in text
    assert text.count("{") == text.count("}")
    assert text.isascii()


def test_the_answer_can_go_to_a_file_as_powershell_asks(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "answer"
    done = run("rezup use d", "powershell", _ARGCOMPLETE_STDOUT_FILENAME=str(file))
    assert (done.stdout, done.stderr) == ("", "")
    assert file.read_text(encoding="utf-8").splitlines() == ["dev", "dev@"]
