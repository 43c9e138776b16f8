"""Types, unknown and missing keys, and what keys say together: every problem, with its key and the way out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.configuration.machine_keys import MACHINE
from rezup_api.recipe.schema import KEYS, Key, Kind
from rezup_api.recipe.validate import validate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.errors import Problem
    from rezup_api.recipe.model import Recipe

    Load = Callable[[str], Recipe]
    Faults = Callable[[str], dict[str, Problem]]

EXTENSION = '[[extension]]\nname = "foo"\n'
CHECK = '[[check]]\ncommand = "rez"\n'


@pytest.mark.parametrize(
    ("text", "key", "suggestion"),
    [
        ('descripton = "x"', "descripton", "did you mean description?"),
        ('[[extensions]]\nname = "x"', "extensions", "did you mean [[extension]]?"),
        ("[Rez]", "Rez", "did you mean [rez]?"),
        ('[rez]\nuri = "x"', "rez.uri", "did you mean rez.url?"),
        ('[[extension]]\nname = "x"\nisolated = true', "extension[0].isolated", "did you mean extension.isolation?"),
        (
            '[shared]\nname = "x"\nrequires = []\nrequirements = []',
            "shared.requirements",
            "did you mean shared.requires?",
        ),
        ("[pip]\nopts = []", "pip.opts", "did you mean pip.options?"),
        ("[retention]\nolder-than = '30d'", "retention.older-than", "did you mean retention.older_than?"),
        # In the wrong table, but known elsewhere.
        ('engine = "pip"', "engine", "did you mean pip.engine?"),
        ("[rez]\nisolation = true", "rez.isolation", "did you mean extension.isolation?"),
        # Like nothing that is known: all that could stand there.
        ("[root]\nzzz = 1", "root.zzz", "known keys: root.local, root.remote"),
        ('[[extension]]\nname = "x"\nqqq = 1', "extension[0].qqq", "known keys: extension.name, extension.url"),
        ('"a b" = 1', '"a b"', "known keys: schema, description"),
        ('[rez]\n"x\\"y.z" = 1', 'rez."x\\"y.z"', "known keys: rez.name"),
    ],
)
def test_an_unknown_key_is_led_to_the_nearest_one(faults: Faults, text: str, key: str, suggestion: str) -> None:
    found = faults(text)
    assert list(found) == [key]
    assert found[key].message == "unknown key"
    assert found[key].suggestion.startswith(suggestion)


def test_the_python_of_rez_is_no_table(faults: Faults) -> None:
    found = faults('python = "3.9"')["python"]
    assert (found.message, found.suggestion) == ("expected a table, found text", "did you mean rez.python?")


@pytest.mark.parametrize("text", ['provide = "sometimes"', "provide = true", "mirror = 3"])
def test_which_interpreters_are_provided(faults: Faults, text: str) -> None:
    assert list(faults(f"[python]\n{text}")) == [f"python.{text.partition(' ')[0]}"]


def test_a_mirror_is_a_path_or_a_url(load: Load) -> None:
    providing = load('[python]\nprovide = "always"\nmirror = "pythons"').providing
    assert (providing.when, os.path.isabs(providing.mirror)) == ("always", True)
    assert load('[python]\nmirror = "https://x.org/list.json"').providing.mirror == "https://x.org/list.json"
    assert load("").providing.when == "never"


def wrong(table: str, line: str, key: str, message: str) -> tuple[str, str, str]:
    return f"[{table}]\n{line}" if table else line, key, message


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        wrong("", "description = 3", "description", "expected text, found a whole number"),
        wrong("", "description = 3.5", "description", "expected text, found a number"),
        wrong("", "description = true", "description", "expected text, found true"),
        wrong("", "description = []", "description", "expected text, found a list"),
        wrong("", "description = {}", "description", "expected text, found a table"),
        wrong("", "description = 2020-01-01", "description", "expected text, found a date or time"),
        wrong("", 'description = "a\\u0000b"', "description", "holds a NUL character"),
        wrong("", "schema = 2", "schema", "expected text, found a whole number"),
        wrong("", "rez = 3", "rez", "expected a table, found a whole number"),
        wrong("", "[[rez]]", "rez", "expected a table, found a list"),
        wrong("", 'extension = "foo"', "extension", "expected a list of tables, found text"),
        wrong("extension", 'name = "foo"', "extension", "expected a list of tables, found a table"),
        wrong("", "extension = [1]", "extension[0]", "expected a table, found a whole number"),
        wrong("root", "remote = true", "root.remote", "expected a path, found true"),
        wrong("root", "local = 1", "root.local", "expected text, found a whole number"),
        wrong("init", "script = false", "init.script", "expected text, found false"),
        wrong("rez", 'name = "rez 3"', "rez.name", "'rez 3' is not a distribution name"),
        wrong("rez", 'name = "rez>=3"', "rez.name", "'rez>=3' is not a distribution name"),
        wrong("rez", 'url = ""', "rez.url", "is empty"),
        wrong("rez", 'url = "-e ."', "rez.url", "is an option, not a requirement"),
        wrong("rez", 'edit = "true"', "rez.edit", "expected true or false, found text"),
        wrong("rez", "edit = 1", "rez.edit", "expected true or false, found a whole number"),
        wrong("rez", 'flags = "-E"', "rez.flags", "expected a list of text, found text"),
        wrong("rez", 'flags = ["-E", 3]', "rez.flags[1]", "expected text, found a whole number"),
        wrong("rez", 'lib = "six"', "rez.lib", "expected a list of requirements, found text"),
        wrong("rez", 'lib = ["six", " "]', "rez.lib[1]", "is empty"),
        wrong("rez", "python = true", "rez.python", "expected a version or a path, found true"),
        wrong("rez", 'python = ["3.9"]', "rez.python", "expected a version or a path, found a list"),
        wrong("rez", 'python = "latest"', "rez.python", "'latest' is neither a Python version nor a path"),
        wrong("rez", 'python = ">=3.8"', "rez.python", "'>=3.8' is neither a Python version nor a path"),
        wrong("rez", "python = 39", "rez.python", "'39' is neither a Python version nor a path"),
        wrong("rez", "python = 4.0", "rez.python", "'4.0' is neither a Python version nor a path"),
        wrong("rez", "python = -3.7", "rez.python", "'-3.7' is neither a Python version nor a path"),
        wrong("rez", "python = inf", "rez.python", "'inf' is neither a Python version nor a path"),
        wrong("shared", 'name = "a/b"\nrequires = []', "shared.name", "'a/b' cannot be a folder's name"),
        wrong("shared", 'name = ".."\nrequires = []', "shared.name", "'..' cannot be a folder's name"),
        wrong("shared", 'name = "NUL"\nrequires = []', "shared.name", "'NUL' cannot be a folder's name"),
        wrong("shared", 'name = "a."\nrequires = []', "shared.name", "'a.' cannot be a folder's name"),
        wrong("shared", 'name = "x"', "shared.requires", "is missing"),
        wrong("shared", "requires = []", "shared.name", "is missing"),
        wrong("", "env = 1", "env", "expected a table, found a whole number"),
        wrong("env", "A = []", "env.A", "expected text, a number, true or false, found a list"),
        wrong("env", "A = {}", "env.A", "expected text, a number, true or false, found a table"),
        wrong("env", "A = 10:00:00", "env.A", "expected text, a number, true or false, found a date or time"),
        wrong("env", '"A=B" = 1', 'env."A=B"', "is not the name of a variable"),
        wrong("env", '"" = 1', 'env.""', "is not the name of a variable"),
        wrong("env", 'A = "\\u0000"', "env.A", "holds a NUL character"),
        wrong("pip", "env = []", "pip.env", "expected a table, found a list"),
        wrong("pip.env", "A = []", "pip.env.A", "expected text, a number, true or false, found a list"),
        wrong("", 'dotenv = ["/a.env"]', "dotenv", "expected a table, found a list"),
        wrong("dotenv", "1 = 1", "dotenv.1", "expected text, found a whole number"),
        wrong("dotenv", '1 = ""', "dotenv.1", "is empty"),
        wrong("dotenv", 'linux = "/a.env"', "dotenv.linux", "expected a table, found text"),
        wrong("dotenv.windows", "1 = 1", "dotenv.windows.1", "expected text, found a whole number"),
        wrong("dotenv.osx", "", "dotenv.osx", "is not a platform"),
        wrong("dotenv", "darwin = {}\nmacos = {}", "dotenv.macos", "macos and darwin are the same platform"),
        wrong("pip", 'engine = "poetry"', "pip.engine", "'poetry' is not a value that this key takes"),
        wrong("pip", "engine = false", "pip.engine", "expected text, found false"),
        wrong("pip", "timeout = 0", "pip.timeout", "must be more than 0 seconds, and a year at most"),
        wrong("pip", 'link = "hard"', "pip.link", "'hard' is not a value that this key takes"),
        wrong("pip", "options = {}", "pip.options", "expected a list of text, found a table"),
        wrong("lock", 'platforms = "linux"', "lock.platforms", "expected a list of platforms, found text"),
        wrong("lock", 'platforms = ["beos"]', "lock.platforms[0]", "'beos' is not a value that this key takes"),
        wrong("", "[[check]]", "check[0].command", "is missing"),
        wrong("", "[[check]]\ntimeout = 3", "check[0].command", "is missing"),
        wrong("", '[[check]]\ncommand = ""', "check[0].command", "is empty"),
        wrong("", '[[check]]\ncommand = ["rez"]', "check[0].command", "expected text, found a list"),
        wrong("", CHECK + "timeout = 0", "check[0].timeout", "must be more than 0"),
        wrong("", CHECK + "timeout = nan", "check[0].timeout", "must be more than 0"),
        wrong("", CHECK + "timeout = inf", "check[0].timeout", "must be more than 0"),
        wrong("", CHECK + "timeout = true", "check[0].timeout", "found true"),
        wrong("", CHECK + 'timeout = "9"', "check[0].timeout", "found text"),
        wrong("retention", "keep = 0", "retention.keep", "must be 1 or more"),
        wrong("retention", "keep = -1", "retention.keep", "must be 1 or more"),
        wrong("retention", "keep = true", "retention.keep", "expected a whole number, found true"),
        wrong("retention", "keep = 1.5", "retention.keep", "expected a whole number, found a number"),
        wrong("retention", "older_than = 30", "retention.older_than", "expected text, found a whole number"),
        wrong("retention", 'older_than = "30"', "retention.older_than", "'30' is not a duration"),
        wrong("retention", 'spare = "soon"', "retention.spare", "'soon' is not a duration"),
        wrong("retention", "spare = 7", "retention.spare", "expected text, found a whole number"),
        wrong("retention", 'older_than = "1 month"', "retention.older_than", "'1 month' is not a duration"),
        wrong("", '[[extension]]\nurl = "x"', "extension[0].name", "is missing"),
        wrong("", '[[extension]]\nname = "../x"', "extension[0].name", "'../x' is not a distribution name"),
        wrong("", '[[extension]]\nname = "con"\nisolation = true', "extension[0].name", "'con' is not a distribution"),
        wrong("", '[[extension]]\nname = "-x"', "extension[0].name", "'-x' is not a distribution name"),
    ],
)
def test_a_wrong_value_says_what_was_expected_and_what_was_found(
    faults: Faults, text: str, key: str, message: str
) -> None:
    found = faults(text)
    assert list(found) == [key]
    assert message in found[key].message


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ('[[extension]]\nname = "rez"', "extension[0].name", "is Rez itself"),
        ('[[extension]]\nname = "Rez"\nisolation = true', "extension[0].name", "is Rez itself"),
        ('[rez]\nname = "my-rez"\n[[extension]]\nname = "my_rez"', "extension[0].name", "is Rez itself"),
        (EXTENSION + EXTENSION, "extension[1].name", "is the same name as that of extension[0]"),
        ('[[extension]]\nname = "a.b"\n[[extension]]\nname = "A_b"', "extension[1].name", "as that of extension[0]"),
        ("[[extension]]\n" + EXTENSION + EXTENSION, "extension[2].name", "as that of extension[1]"),
        ("[rez]\nedit = true", "rez.edit", "local path"),
        ('[rez]\nedit = true\nurl = "rez==3.4.0"', "rez.edit", "local path"),
        ('[rez]\nedit = true\nurl = "git+https://example.com/rez"', "rez.edit", "local path"),
        ('[rez]\nedit = true\nurl = "./rez-3.4.0.tar.gz"', "rez.edit", "local path"),
        (EXTENSION + "edit = true", "extension[0].edit", "local path"),
        (EXTENSION + 'edit = true\nurl = "foo @ https://example.com/foo.zip"', "extension[0].edit", "local path"),
    ],
)
def test_what_keys_say_together_is_checked(faults: Faults, text: str, key: str, message: str) -> None:
    found = faults(text)
    assert list(found) == [key]
    assert message in found[key].message


def test_nothing_more_is_said_about_a_url_that_is_wrong_already(faults: Faults) -> None:
    assert list(faults("[rez]\nedit = true\nurl = 3")) == ["rez.url"]


def test_all_problems_come_at_once(faults: Faults, tmp_path: Path) -> None:
    found = faults(
        """
        colour = "red"
        [root]
        remote = 3
        [rez]
        pyton = "3.9"
        edit = true
        [[extension]]
        url = "x"
        [[extension]]
        name = "a"
        python = "new"
        [[extension]]
        name = "A"
        [pip]
        engine = "npm"
        """
    )
    assert list(found) == [
        "colour",
        "root.remote",
        "rez.pyton",
        "extension[0].name",
        "extension[1].python",
        "pip.engine",
        "extension[2].name",
        "rez.edit",
    ]
    assert {problem.where for problem in found.values()} == {str(tmp_path / "rezup.toml")}


def test_the_error_lists_every_problem(load: Load) -> None:
    with pytest.raises(Exception, match="2 problems") as caught:
        load("colour = 1\n[rez]\nuri = 2")
    assert "colour: unknown key" in str(caught.value)
    assert "rez.uri: unknown key (did you mean rez.url?)" in str(caught.value)


def test_no_message_shows_a_credential(faults: Faults) -> None:
    secret = "https://ana:geheim@example.com"
    found = faults(
        f'description = ["{secret}"]\n[rez]\npython = "x {secret}"\nname = "{secret}"\nflags = "{secret}"\n'
        f'[pip]\nengine = "{secret}"\noptions = "{secret}"\n[retention]\nolder_than = "{secret}"\n[shared]\nname = "{secret}"'
    )
    assert len(found) >= 7
    assert not any("geheim" in str(problem) for problem in found.values())


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_of_the_schema_is_checked(key: Key) -> None:
    """No key takes a date, wherever it stands; and none is unknown."""
    table, _, name = key.name.rpartition(".")
    document: dict[str, object] = {name: pytest}
    if table.endswith("[]"):
        document = {table[:-2]: [document]}
    elif table:
        document = {table: document}
    found = [problem.message for problem in validate(document, "x").problems if problem.message != "is missing"]
    assert len(found) == 1
    assert found[0].startswith("expected")
    assert found[0].endswith("found a date or time")


def test_every_kind_is_used() -> None:
    assert {key.kind for key in (*KEYS, *MACHINE.keys)} == set(Kind)
