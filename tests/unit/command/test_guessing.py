"""Mistyped and guessed command lines: each error names the command line that works."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from rezup.cli import build_parser, other_words, split_command
from rezup.commands import COMMANDS
from rezup.guessing import WORDS, similar
from rezup.main import run_command_line
from rezup_api import Container, RezupError

if TYPE_CHECKING:
    from pathlib import Path

STAMP = "1700000001.000000"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with the containers `dev`, which has a label, and `prod`."""
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("REZUP_ROOT_LOCAL", "REZUP_ROOT_REMOTE", "REZUP_RECIPES", "REZUP_REVISION", "REZUP_SESSION"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / ".rezup"
    for name in ("dev", "prod"):
        path = root / name / "revisions" / STAMP
        path.mkdir(parents=True)
        (path / "rezup.toml").touch()
        (path / "revision.json").write_text(json.dumps({"format": 1, "rezup_version": "3.0.0"}), encoding="utf-8")
    (root / "dev" / "labels").mkdir()
    (root / "dev" / "labels" / "staging").write_text(f"{STAMP}\n", encoding="utf-8")
    return root


# What is typed, and the command line that the answer proposes; empty where the answer can only name the help.
TYPED = {
    "ad": "rezup add",
    "addd dev": "rezup add dev",
    "statsu": "rezup status",
    "stauts dev": "rezup status dev",
    "pul dev": "rezup pull dev",
    "roll-back dev": "rezup rollback dev",
    "rolback dev -r": "rezup rollback dev -r",
    "pn dev@~1": "rezup pin dev@~1",
    "unpinn dev": "rezup unpin dev",
    "tagg dev x": "rezup tag dev x",
    "hist dev": "rezup history dev",
    "histroy": "rezup history",
    "veryfy dev": "rezup verify dev",
    "bundel dev -o x": "rezup bundle dev -o x",
    "sesions": "rezup sessions",
    "recipes": "rezup recipe show",
    "upgarde": "rezup upgrade",
    "remove dev": "rezup drop dev",
    "delete dev --yes": "rezup drop dev --yes",
    "uninstall dev": "rezup drop dev",
    "create new": "rezup add new",
    "install dev": "rezup add dev",
    "build": "rezup add",
    "publish dev -m why": "rezup add --remote dev -m why",
    "push dev": "rezup add --remote dev",
    "deploy prod": "rezup add --remote prod",
    "enter dev": "rezup use dev",
    "activate dev": "rezup use dev",
    "shell dev": "rezup use dev",
    "run dev -- maya": "rezup use dev -- maya",
    "exec dev -- maya -batch": "rezup use dev -- maya -batch",
    "update dev": "rezup pull dev",
    "sync": "rezup pull",
    "info": "rezup status",
    "show dev": "rezup status dev",
    "ps": "rezup sessions",
    "log dev": "rezup history dev",
    "clean": "rezup gc",
    "prune dev": "rezup gc dev",
    "check dev": "rezup verify dev",
    "repair dev": "rezup verify --repair dev",
    "undo dev": "rezup rollback dev",
    "revert dev": "rezup rollback dev",
    "freeze dev": "rezup pin dev",
    "unlock dev": "rezup unpin dev",
    "label dev staging": "rezup tag dev staging",
    "compare dev dev@~1": "rezup diff dev dev@~1",
    "export dev -o x.zip": "rezup bundle dev -o x.zip",
    "environment dev": "rezup env dev",
    "init dev": "rezup recipe init dev",
    "examples": "rezup recipe init --example",
    "self-update": "rezup upgrade",
    "dev": "rezup use dev",
    "dev@staging": "rezup use dev@staging",
    "dev rez-env maya -- maya": "rezup use dev -- rez-env maya -- maya",
    "dve": "rezup use dev",
    "prd -- maya": "rezup use prod -- maya",
    "use dve": "rezup use dev",
    "use dve -- maya": "rezup use dev -- maya",
    "status prd": "rezup status prod",
    "use dev@stagin": "rezup use dev@staging",
    "pin dev@curent": "rezup pin dev@current",
    "verify dev@lates": "rezup verify dev@latest",
    "use dev rez-env maya": "rezup use dev -- rez-env maya",
    "use dev rez-env maya -- maya -batch": "rezup use dev -- rez-env maya -- maya -batch",
    "use dev rez-env -c 'echo a b'": "rezup use dev -- rez-env -c 'echo a b'",
    "use rez-env maya": "rezup use -- rez-env maya",
    "use dve rez-env maya": "rezup use dve -- rez-env maya",
    "use dev --loca": "rezup use dev --local",
    "add dev --remot": "rezup add dev --remote",
    "add dev --mesage=why": "rezup add dev --message=why",
    "gc --dryrun": "rezup gc --dry-run",
    "env dev --frmat=json": "rezup env dev --format=json",
    "recipe check dev --flie x": "rezup recipe check dev --file x",
    "status dev prod": "rezup status dev",
    "history dev dev": "rezup history dev",
    "add dve": "rezup add dev",
    "add pord": "rezup add prod",
    "frobnicate": "rezup use frobnicate",
    "status --frobnicate": "rezup status --help",
}


def proposed(said: str) -> str:
    """The command line that an error proposes."""
    (line,) = [line for line in said.splitlines() if line.startswith("  -> ")]
    return line[line.rindex("rezup ") if line.count("rezup ") == 1 else line.index("rezup ") :].partition(";")[0]


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("typed", TYPED)
def test_each_answer_names_the_command_line_that_is_meant(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = run_command_line(shlex.split(typed))
    said = capsys.readouterr().err
    assert status in (2, 4, 125), said
    expected = TYPED[typed]
    assert expected in said, said
    # The line that is proposed is one that the parser takes, unless it asks for the help.
    own, _ = split_command(other_words(shlex.split(expected)[1:]))
    if "--help" not in own:
        arguments, extra = build_parser().parse_known_args(own)
        assert arguments.command in COMMANDS
        assert extra == []


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ls", "dev"),
        ("list dev", "dev in "),
        ("version", "rezup "),
        ("-q ls", "prod"),
    ],
)
def test_other_words_are_commands(typed: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(typed.split()) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("typed", ["help", "help add", "help rm", "help recipe"])
def test_help_is_a_word_too(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run_command_line(typed.split())
    assert caught.value.code == 0
    name = {"help": "", "help rm": " drop"}.get(typed, typed.removeprefix("help"))
    assert capsys.readouterr().out.startswith(f"usage: rezup{name}")


def test_rm_removes(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["rm", "prod", "--yes"]) == 0
    assert capsys.readouterr().err == "Removed prod\n"
    assert not (root / "prod").exists()


def test_a_similar_name_can_be_meant_all_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def add(container: Container, **_: object) -> None:
        made.append(container.name)
        raise RezupError("that is enough")

    monkeypatch.setattr("rezup_api.Container.add", add)
    for words in (
        ["add", "dve"],
        ["add", "dve", "--new"],
        ["add", "film"],
        ["add", "dve", "--file", "/x"],
        ["add", "prod"],
    ):
        run_command_line([*words, "--skip-use"])
    assert made == ["dve", "film", "prod"]
    (root.parent / "rezup.dve.toml").touch()
    run_command_line(["add", "dve"])
    assert made == ["dve", "film", "prod", "dve"], "it has a recipe"


def test_no_word_of_others_is_one_of_ours() -> None:
    assert not WORDS.keys() & COMMANDS.keys()
    assert {meant.split()[0] for meant in WORDS.values()} <= COMMANDS.keys()


@pytest.mark.parametrize(("word", "expected"), [("dve", "dev"), ("de", "dev"), ("xyz", ""), ("", "")])
def test_only_what_is_near_is_similar(word: str, expected: str) -> None:
    assert similar(word, ["dev", "prod"]) == expected
