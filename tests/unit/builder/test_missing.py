"""What a recipe names and this machine does not have is found, with the key that names it and the way out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from rezup_api.builder.missing import Missing, find_missing
from rezup_api.recipe.load import load_recipe
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

RUNNING = ".".join(map(str, sys.version_info[:2]))


def missing(folder: Path, text: str) -> list[Missing]:
    """What is not there of a recipe."""
    path = folder / "rezup.dev.toml"
    path.write_text(text, encoding="utf-8")
    environ = {"HOME": str(folder), "SOURCES": str(folder / "sources"), "PATH": ""}
    return list(find_missing(load_recipe("dev", path), Settings.from_environ(environ), environ))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a recipe's surroundings."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "there.env").touch()
    (tmp_path / "foo-1.0-py3-none-any.whl").touch()
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[rez]\nurl = "rez>=2.83"\nlib = ["six", "https://example.com/x.zip"]',
        '[rez]\nurl = "$SOURCES"\nedit = true\nlib = ["./foo-1.0-py3-none-any.whl", "~/sources[gui]"]',
        '[[extension]]\nname = "foo"\nurl = "git+https://example.com/foo"\npython = "3.99"',
        '[init]\nscript = "there.env"\n[dotenv]\n1 = "there.env"',
        f'[rez]\npython = "{RUNNING}"',
        f'[rez]\npython = "{sys.executable}"',
        '[pip]\noptions = ["--find-links=https://example.com/w", "--find-links=~/sources", "--timeout=5", "-f", "/"]',
        '[dotenv.windows]\n1 = "other.env"',
    ],
)
def test_nothing_is_said_of_what_is_there_or_comes_from_elsewhere(folder: Path, text: str) -> None:
    assert missing(folder, text) == []


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ('[init]\nscript = "site.py"', "init.script", "there is no script {}/site.py"),
        ('[rez]\nurl = "./rez"', "rez.url", "there is no project or archive {}/rez"),
        ('[rez]\nurl = "rez"\nlib = ["six", "./b[gui]"]', "rez.lib[1]", "there is no project or archive {}/b"),
        ('[rez]\nurl = "file://{}/rez"', "rez.url", "there is no project or archive {}/rez"),
        ('[rez]\npython = "3.99"', "rez.python", "no Python 3.99 on this machine"),
        ('[rez]\npython = "./python"', "rez.python", "there is no interpreter at {}/python"),
        ('[rez]\npython = "./there.env"', "rez.python", "{}/there.env is not a Python interpreter that runs here"),
        (
            '[[extension]]\nname = "foo"\n[[extension]]\nname = "bar"\nurl = "~/bar"\nedit = true',
            "extension[1].url",
            "there is no project or archive {}/bar",
        ),
        (
            '[[extension]]\nname = "foo"\nisolation = true\npython = "3.99"',
            "extension[0].python",
            "no Python 3.99 on this machine",
        ),
        (
            '[shared]\nname = "x"\nrequires = ["./y.whl"]',
            "shared.requires[0]",
            "there is no project or archive {}/y.whl",
        ),
        ('[dotenv]\n1 = "there.env"\n2 = "not.env"', "dotenv.2", "there is no file {}/not.env"),
        ('[dotenv.linux]\n1 = "not.env"', "dotenv.linux.1", "there is no file {}/not.env"),
        (
            '[pip]\noptions = ["--find-links", "~/wheels"]',
            "pip.options",
            "there is no file or folder of --find-links {}/wheels",
        ),
        (
            '[pip]\noptions = ["-c", "{}/limits.txt"]',
            "pip.options",
            "there is no file or folder of --constraint {}/limits.txt",
        ),
    ],
)
def test_what_is_not_there_is_named_with_its_key(folder: Path, text: str, key: str, message: str) -> None:
    (found,) = missing(folder, text.replace("{}", str(folder)))
    assert (found.key, found.message) == (key, message.format(folder))
    assert found.hint
    assert str(found) == f"{key}: {found.message}; {found.hint}"


def test_a_variable_that_is_not_set_is_named(folder: Path) -> None:
    (found,) = missing(folder, '[dotenv]\n1 = "$STUDIO/common.env"')
    assert found.message == "there is no file $STUDIO/common.env"
    assert found.hint.startswith("set the variable STUDIO, or ")


def test_a_password_is_not_shown(folder: Path) -> None:
    (found,) = missing(folder, '[rez]\nurl = "/sources/TOKEN=geheim/rez"')
    assert "geheim" not in found.value


def test_options_that_no_engine_takes_are_the_affair_of_a_build(folder: Path) -> None:
    assert missing(folder, '[pip]\noptions = ["frobnicate"]') == []
