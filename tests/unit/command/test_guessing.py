"""Mistyped and guessed command lines: each error names the command line that works."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from rezup.__main__ import main
from rezup.cli import build_parser, other_words, split_command
from rezup.commands import COMMANDS
from rezup.guessing import OF_REZUP, WORDS, similar
from rezup.main import run_command_line
from rezup_api import Container, RezupError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.command.conftest import Rezup

# Lines that still have a mistake, in a second word: their own answer is in the tables, too.
NOT_YET = {"rezup gc dve --dry-run", "rezup tag dve y"}
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


# What is typed, and the command line that the answer proposes, for those that the tables below do not run.
TYPED = {
    "bundel dev -o x": "rezup bundle dev -o x",
    "export dev -o x.zip": "rezup bundle dev -o x.zip",
    "bundle dev -o x --platform linx": "rezup bundle dev -o x --platform linux",
    "bundle dev -o x --platform linux-amd64": "rezup bundle dev -o x --platform linux-x86_64",
    "bundle dev -o x --platform=Darwin": "rezup bundle dev -o x --platform=macos",
    "bundle dev staging -o x": "rezup bundle dev@staging -o x",
    "bundle --verfy x.zip": "rezup bundle --verify x.zip",
    "completion tcsh": "rezup completion --help",
    "env --format yaml": "rezup env --help",
    "recipe frobnicate": "rezup recipe --help",
    "recipe": "rezup recipe show dev",
    "drop": "rezup drop dev",
    "tag dev": "rezup tag dev staging",
    "gc --keep many": "rezup gc --keep 5 --older-than 30d",
    "gc --older-than soon": "write a number",
    "recipe init x --example frobnicate": "there are: air-gapped",
    "bundle dev -o x --platform solaris": "name one of linux",
    "ad": "rezup add",
    "addd dev": "rezup add dev",
    "rolback dev -r": "rezup rollback dev -r",
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
    "run dev -- maya": "rezup use dev -- maya",
    "exec dev -- maya -batch": "rezup use dev -- maya -batch",
    "sync": "rezup pull",
    "clean": "rezup gc",
    "undo dev": "rezup rollback dev",
    "revert dev": "rezup rollback dev",
    "freeze dev": "rezup pin dev",
    "label dev staging": "rezup tag dev staging",
    "init dev": "rezup recipe init dev",
    "examples": "rezup recipe init --example",
    "self-update": "rezup upgrade",
    "dev rez-env maya -- maya": "rezup use dev -- rez-env maya -- maya",
    "prd -- maya": "rezup use prod -- maya",
    "use dve -- maya": "rezup use dev -- maya",
    "pin dev@curent": "rezup pin dev@current",
    "use dev rez-env maya": "rezup use dev -- rez-env maya",
    "use dev rez-env maya -- maya -batch": "rezup use dev -- rez-env maya -- maya -batch",
    "use dev rez-env -c 'echo a b'": "rezup use dev -- rez-env -c 'echo a b'",
    "use rez-env maya": "rezup use -- rez-env maya",
    "use dve rez-env maya": "rezup use dve -- rez-env maya",
    "add dev --remot": "rezup add dev --remote",
    "add dev --mesage=why": "rezup add dev --message=why",
    "recipe check dev --flie x": "rezup recipe check dev --file x",
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
    if "--help" not in own and expected.startswith("rezup "):
        arguments, extra = build_parser().parse_known_args(own)
        assert arguments.command in COMMANDS
        assert extra == []


# What is typed, the command line that the answer proposes, and what that one says or runs. They run in this order on one machine.
READ = [
    ("statsu", "rezup status", "CONTAINER"),
    ("stauts dev", "rezup status dev", "REVISION"),
    ("info", "rezup status", "CONTAINER"),
    ("status --no-upgrade", "rezup --no-upgrade status", "CONTAINER"),
    ("ls --no-upgrad", "rezup --no-upgrade status", "CONTAINER"),
    ("show dev", "rezup status dev", "REVISION"),
    ("status prd", "rezup status prod", "prod in "),
    ("status dev prod", "rezup status dev", "dev in "),
    ("containers", "rezup status", "CONTAINER"),
    ("sesions", "rezup sessions", "Nothing is running"),
    ("sessions dve", "rezup sessions dev", "Nothing is running"),
    ("ps", "rezup sessions", "Nothing is running"),
    ("histroy dev", "rezup history dev", "first"),
    ("hist dev", "rezup history dev", "first"),
    ("log dev", "rezup history dev", "first"),
    ("blame prod", "rezup history prod", "add"),
    ("history dev dev", "rezup history dev", "first"),
    ("veryfy dev", "rezup verify dev", "dev@"),
    ("check dev", "rezup verify dev", "dev@"),
    ("verify dev@lates", "rezup verify dev@latest", "dev@"),
    ("repair dev", "rezup verify --repair dev", "dev@"),
    ("compare dev dev@~1", "rezup diff dev dev@~1", "dev@"),
    ("diff dve dev@~1", "rezup diff dev dev@~1", "dev@"),
    ("diff dev@stagin dev", "rezup diff dev@staging dev", "dev@"),
    ("environment dev", "rezup env dev", "REZUP_CONTAINER"),
    ("env dev --frmat=json", "rezup env dev --format=json", '"REZUP_CONTAINER": "dev"'),
    ("env dev --format jsn", "rezup env dev --format json", '"REZUP_CONTAINER": "dev"'),
    ("env dev --format=bash", "rezup env dev --format=sh", "REZUP_CONTAINER"),
    ("env dev --format pwsh", "rezup env dev --format powershell", "${env:REZUP_CONTAINER}"),
    ("env dev@stagin", "rezup env dev@staging", "REZUP_CONTAINER"),
    ("env dev staging", "rezup env dev@staging", "REZUP_CONTAINER"),
    ("completion zhs", "rezup completion zsh", "#compdef rezup"),
    ("completion sh", "rezup completion bash", "complete "),
    ("completion fsh", "rezup completion fish", "complete "),
    ("recipes", "rezup recipe show", "rez.url"),
    ("recipe chek dev", "rezup recipe check dev", "rezup.dev.toml is fine"),
    ("recipe list dev", "rezup recipe show dev", "rez.url"),
    ("recipe validate dev", "rezup recipe check dev", "rezup.dev.toml is fine"),
    ("recipe dev", "rezup recipe show dev", "rez.url"),
    ("recipe dve", "rezup recipe show dev", "rez.url"),
    ("recipe check dev --flie {home}/rezup.dev.toml", "rezup recipe check dev --file {home}/rezup.dev.toml", "is fine"),
    ("config", "rezup recipe show", "rez.url"),
    ("--verson", "rezup --version", "rezup "),
    ("help stauts", "rezup status --help", "usage: rezup status"),
    ("gc --dryrun", "rezup gc --dry-run", "WHAT"),
    ("gc dev --older-than 30 --dry-run", "rezup gc dev --older-than 30d --dry-run", "WHAT"),
    ("gc dev --older-than 2weeks --dry-run", "rezup gc dev --older-than 2w --dry-run", "WHAT"),
    ("purge dve --dry-run", "rezup gc dve --dry-run", ""),
    ("gc dve --dry-run", "rezup gc dev --dry-run", "WHAT"),
]
ENTER = [
    ("enter dev", "rezup use dev", ""),
    ("activate dev", "rezup use dev", ""),
    ("shell dev", "rezup use dev", ""),
    ("dev", "rezup use dev", ""),
    ("dve", "rezup use dev", ""),
    ("use dve", "rezup use dev", ""),
    ("use dev --loca", "rezup use dev --local", ""),
    ("dev@staging", "rezup use dev@staging", ""),
    ("use dev@stagin", "rezup use dev@staging", ""),
    ("use dev staging", "rezup use dev@staging", ""),
    ("run dev -- true", "rezup use dev -- true", "true"),
    ("exec dev -- true -batch", "rezup use dev -- true -batch", "true -batch"),
    ("ues dev -- true", "rezup use dev -- true", "true"),
    ("prd -- true", "rezup use prod -- true", "true"),
    ("use dve -- true", "rezup use dev -- true", "true"),
    ("use dev true maya", "rezup use dev -- true maya", "true maya"),
    ("use dev true maya -- maya -batch", "rezup use dev -- true maya -- maya -batch", "true maya -- maya -batch"),
    ("use dev true -c 'echo a b'", "rezup use dev -- true -c 'echo a b'", "true -c echo a b"),
    ("dev true maya -- maya", "rezup use dev -- true maya -- maya", "true maya -- maya"),
    ("status dev -- true", "rezup use dev -- true", "true"),
]
CHANGE = [
    ("pn dev@~1", "rezup pin dev@~1", "Pinned"),
    ("unpinn dev", "rezup unpin dev", "Unpinned"),
    ("freeze dev@~1", "rezup pin dev@~1", "Pinned"),
    ("unlock dev", "rezup unpin dev", "Unpinned"),
    ("pin dev@stagin", "rezup pin dev@staging", "Pinned"),
    ("unpin dve", "rezup unpin dev", "Unpinned"),
    ("pin dev staging", "rezup pin dev@staging", "Pinned"),
    ("unhold dev", "rezup unpin dev", "Unpinned"),
    ("roll-back dev", "rezup rollback dev", "Rolled"),
    ("rollback dev --to latst", "rezup rollback dev --to latest", ""),
    ("rollback dev --to=stagin", "rezup rollback dev --to=staging", ""),
    ("undo dev --to latest", "rezup rollback dev --to latest", ""),
    ("tagg dev x", "rezup tag dev x", "x"),
    ("label dve y", "rezup tag dve y", ""),
    ("tag dve y", "rezup tag dev y", "y"),
    ("tag dev@stagin z", "rezup tag dev@staging z", "z"),
    ("untag dev stagin", "rezup untag dev staging", "staging"),
    ("unlabel dev x", "rezup untag dev x", "x"),
    ("recipe init new --example prodution", "rezup recipe init new --example production", "Wrote "),
    ("recipe create newer --example vfx-2026", "rezup recipe init newer --example vfx-2026", "Wrote "),
    ("recipe init newest --example=vfx2026", "rezup recipe init newest --example=vfx-2026", "Wrote "),
    ("init fresh", "rezup recipe init fresh", "Wrote "),
    ("addd dev -s", "rezup add dev -s", "Added dev@"),
    ("create film -s", "rezup add film -s", "Added film@"),
    ("install dev -s", "rezup add dev -s", "Added dev@"),
    ("add dev --mesage=why -s", "rezup add dev --message=why -s", "Added dev@"),
    ("add dve -s", "rezup add dev -s", "Added dev@"),
    ("add pord -s", "rezup add prod -s", "Added prod@"),
    ("add dev --from prd -s", "rezup add dev --from prod -s", "Added dev@"),
    ("clean dev", "rezup gc dev", ""),
    ("gc dev --kep 2", "rezup gc dev --keep 2", "removed"),
    ("prune dev", "rezup gc dev", ""),
    ("publish dev -m why -s", "rezup add --remote dev -m why -s", "published"),
    ("push prod -s", "rezup add --remote prod -s", "published"),
    ("pul dev", "rezup pull dev", ""),
    ("update dev", "rezup pull dev", ""),
    ("pull dev latest", "rezup pull dev@latest", ""),
    ("delete film --yes", "rezup drop film --yes", "Removed film"),
    ("remove dev --yes --local", "rezup drop dev --yes --local", "Removed dev"),
]


@pytest.mark.parametrize("table", [READ, ENTER, CHANGE], ids=["read", "enter", "change"])
def test_each_line_that_is_proposed_does_what_is_meant(rezup: Rezup, table: list[tuple[str, str, str]]) -> None:
    home = rezup.office.home
    rezup.office.recipe('description = "for the film"\n')
    rezup.run("add", "dev", "-s", "-m", "first")
    rezup.run("tag", "dev", "staging")
    rezup.run("add", "dev", "-s")
    rezup.run("add", "prod", "-s")
    for typed, expected, effect in [[text.replace("{home}", str(home)) for text in row] for row in table]:
        rezup.output.readouterr()
        assert main(shlex.split(typed)) in (2, 4, 125), typed
        told = rezup.output.readouterr()
        assert told.out == "", typed
        assert proposed(told.err) == expected, (typed, told.err)
        words = shlex.split(expected)[1:]
        if expected in NOT_YET:
            continue
        try:
            # A second session would begin by the quick launch, which becomes the command at once.
            out, err = rezup.run(*words) if words[0] != "use" else (str(run_command_line(words)), "")
        except SystemExit:  # a help
            out, err = rezup.output.readouterr()
        became = " ".join(rezup.became.pop()[0]) if rezup.became else ""
        if words[0] == "use":
            assert became.endswith(effect) if effect else became, (typed, became)
        else:
            assert effect in out + err, (typed, out, err)


def test_sixty_lines_are_run() -> None:
    assert len({typed for table in (READ, ENTER, CHANGE) for typed, _, _ in table}) >= 60


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


def test_the_options_that_stand_before_the_command_are_those_of_the_parser() -> None:
    behind = {text for action in build_parser("status")._actions for text in action.option_strings} - {"-h", "--help"}
    common = {"-D", "--debug", "-q", "--quiet", "--no-color"}
    assert behind - common == OF_REZUP


def test_no_word_of_others_is_one_of_ours() -> None:
    assert not WORDS.keys() & COMMANDS.keys()
    assert {meant.split()[0] for meant in WORDS.values()} <= COMMANDS.keys()


@pytest.mark.parametrize(("word", "expected"), [("dve", "dev"), ("de", "dev"), ("xyz", ""), ("", "")])
def test_only_what_is_near_is_similar(word: str, expected: str) -> None:
    assert similar(word, ["dev", "prod"]) == expected
