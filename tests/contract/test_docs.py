"""The documentation: generated tables are current, links lead somewhere, and commands and options exist."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from itertools import takewhile
from pathlib import Path

import pytest

from rezup.cli import build_parser, split_command
from rezup_api.configuration.machine_file import read_machine
from rezup_api.recipe.load import load_recipe

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs", "recipes", "rezup", "rezup_api")
PAGES = sorted({*ROOT.glob("*.md"), *(path for name in FOLDERS for path in (ROOT / name).rglob("*.md"))})
FENCED = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (?P<text>.+)$", re.MULTILINE)
GENERATED = (
    "reference/api.md",
    "reference/commands.md",
    "reference/json.md",
    "reference/environment.md",
    "reference/exit-codes.md",
    "explanation/architecture.md",
    "reference/rezup.schema.json",
)


def name_of(path: Path) -> str:
    """A test's name for a page."""
    return path.relative_to(ROOT).as_posix()


def prose_of(page: str) -> str:
    """A page without its fenced blocks and code spans, in which links and headings mean nothing."""
    return re.sub(r"`[^`\n]*`", "code", FENCED.sub("", page))


def broken_links(page: str, folder: Path) -> list[str]:
    """The links of a page that do not lead to a file, or to a heading of it."""
    broken = []
    for match in LINK.finditer(prose_of(page)):
        target, _, anchor = match["target"].partition("#")
        if "://" in target:
            continue
        if target and not (folder / target).exists():
            broken.append(match["target"])
            continue
        text = (folder / target).read_text(encoding="utf-8") if target and anchor else page
        if anchor and anchor not in anchors(text):
            broken.append(match["target"])
    return broken


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = (match["text"].replace("`", "") for match in HEADING.finditer(FENCED.sub("", page)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def command_lines(page: str) -> list[str]:
    """Every command line of rezup on a page: in code spans, in shell scripts, and behind prompts."""
    lines = []
    for match in FENCED.finditer(page):
        for line in match["text"].splitlines():
            prompt, mark, typed = line.strip().rpartition("$ ")
            if match["kind"] == "sh":
                lines.append(line)
            elif mark and re.fullmatch(r"(\([\w.]+\) )?", prompt):
                lines.append(typed)
    spans = re.findall(r"`([^`\n]+)`", FENCED.sub("", page))
    called = (re.sub(r"^([A-Z_]+=\S* +)+", "", text.strip()) for text in [*lines, *spans])
    return [text for text in called if re.match(r"rezup( +(-|[a-z]+\b)|$)", text)]


@cache
def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command, by its name; that of rezup itself by the empty one."""
    top = build_parser()
    found: dict[str, argparse.ArgumentParser] = {"": top}
    for name, below in choices(top).items():
        found[name] = below
        found.update({f"{name} {word}": action for word, action in choices(below).items()})
    return found


def choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands below a parser."""
    actions = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return {name: below for action in actions for name, below in action.choices.items()}


def unknown(line: str) -> list[str]:
    """The command, or the options, of a command line that rezup does not have."""
    try:
        words = shlex.split(line, comments=True)[1:]
    except ValueError:
        words = line.split()[1:]
    words = list(takewhile(lambda word: word != "|", words))  # behind it is another program
    words = [word.strip("[]") for word in split_command(words)[0]]
    name = ""
    options = []
    for word in words:
        if word.startswith("-"):
            options += re.findall(r"^--?\w[\w-]*", word)
        elif re.fullmatch(r"[a-z]+", word) and choices(parsers()[name]):
            if f"{name} {word}".strip() not in parsers():
                return [word]
            name = f"{name} {word}".strip()
    known = {*parsers()[""]._option_string_actions, *parsers()[name]._option_string_actions}
    return [option for option in options if option not in known]


def test_the_generated_tables_are_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "docs.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_a_table_that_is_not_current_is_found(tmp_path: Path) -> None:
    """The script in a copy of the checkout, in which one page says something else."""
    names = ("docs", "_documents", "_recipe_schema", "_reference", "_rooms")
    scripts = [f"scripts/{name}.py" for name in names]
    for name in (*scripts, "pyproject.toml", *(f"docs/{page}" for page in GENERATED)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / name).read_text(encoding="utf-8").replace("`REZUP_RECIPES`", "`REZUP_OTHERS`")
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in ("rezup", "rezup_api"):
        (tmp_path / name).symlink_to(ROOT / name)
    script = tmp_path / "scripts" / "docs.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()[0]) == (1, "environment.md")
    subprocess.run([sys.executable, script], capture_output=True, check=True)
    for name in GENERATED:
        assert (tmp_path / "docs" / name).read_bytes() == (ROOT / "docs" / name).read_bytes()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    assert broken_links(path.read_text(encoding="utf-8"), path.parent) == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_commands_and_options_exist(path: Path) -> None:
    found = {line: unknown(line) for line in command_lines(path.read_text(encoding="utf-8"))}
    assert {line: words for line, words in found.items() if words} == {}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_recipes_in_the_text_load(path: Path, tmp_path: Path) -> None:
    for match in FENCED.finditer(path.read_text(encoding="utf-8")):
        whole = not match["text"].startswith("# at the end of ") and "[build-system]" not in match["text"]
        if match["kind"] == "toml" and whole:
            file = tmp_path / "rezup.toml"
            file.write_text(match["text"].replace("\n" + match["indent"], "\n"), encoding="utf-8")
            if "[[hook]]" in match["text"]:  # no recipe, but the configuration of a machine
                assert read_machine({}, (file,)).problems == ()
            else:
                load_recipe("dev", file)


def test_every_page_can_be_reached() -> None:
    reached = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        path = ahead.pop()
        if path in reached or path.suffix != ".md" or not path.is_file():
            continue
        reached.add(path)
        targets = (match["target"].partition("#")[0] for match in LINK.finditer(path.read_text(encoding="utf-8")))
        ahead += [(path.parent / target).resolve() for target in targets if target and "://" not in target]
    assert {path for path in PAGES if ROOT / "docs" in path.parents} - reached <= {ROOT / "docs" / "index.md"}


@pytest.mark.parametrize(
    ("page", "broken"),
    [
        ("[a](here.md) [b](gone.md) [c](https://example.com/x) `[d](gone.md)`", ["gone.md"]),
        ("# One thing\n[a](#one-thing) [b](#another) [c](here.md#a-b) [d](here.md#b)", ["#another", "here.md#b"]),
        ("```text\n[a](gone.md)\n```\n", []),
    ],
)
def test_a_broken_link_is_found(page: str, broken: list[str], tmp_path: Path) -> None:
    (tmp_path / "here.md").write_text("## A `b`\n", encoding="utf-8")
    assert broken_links(page, tmp_path) == broken


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("`rezup use dev@~1 --local -- ls --all`", []),
        ("`rezup use [NAME[@REV]] [-l] [-d SCRIPT] [-- COMMAND ...]`", []),
        ("`rezup recipe check --json`, `rezup -D add`, `rezup --version`, `rezup`", []),
        ("`rezup recipe chekc`", ["chekc"]),
        ("`rezup nonsense`", ["nonsense"]),
        ("`rezup use --nonsense`", ["--nonsense"]),
        ("```sh\nREZUP_X=1 rezup add dev --messages=x  # --this\n```", ["--messages"]),
        ("```text\n$ rezup pull -z\nrezup: no --such\n```", ["-z"]),
        ("```sh\nrezup status --jsn | jq -r .data\n```", ["--jsn"]),
    ],
)
def test_what_does_not_exist_is_found(page: str, words: list[str]) -> None:
    assert [word for line in command_lines(page) for word in unknown(line)] == words


def texts_of(picture: Path) -> list[str]:
    """What is written in a picture; how it is drawn depends on the version of rich."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", picture.read_text(encoding="utf-8"))


@pytest.mark.skipif(os.name == "nt", reason="the machine in the pictures has POSIX paths")
def test_the_pictures_are_made_from_what_the_command_shows(tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        subprocess.run(
            [sys.executable, ROOT / "scripts" / "screens.py", "--output", folder], capture_output=True, check=True
        )
    names = sorted(path.name for path in (ROOT / "docs" / "images").iterdir())
    assert [sorted(path.name for path in folder.iterdir()) for folder in folders] == [names, names]
    for name in names:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
        assert texts_of(folders[0] / name) == texts_of(ROOT / "docs" / "images" / name), "run scripts/screens.py"
        assert len(texts_of(folders[0] / name)) > 3


def test_every_picture_is_on_a_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    names = [path.name for path in (ROOT / "docs" / "images").iterdir()]
    assert [name for name in names if f"images/{name})" not in pages] == []
