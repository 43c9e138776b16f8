"""What an environment is asked to hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rezup_api.packages.request import (
    EnvironmentRequest,
    Requirement,
    isolated_request,
    main_request,
    plain,
    tool_requirement,
)
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.recipe.load import load_recipe
from rezup_api.recipe.model import Tool

HERE = Path.cwd()


@pytest.mark.parametrize(
    ("url", "line", "name"),
    [
        ("foo", "foo", "foo"),
        ("rez-foo>=1.2,<2", "rez-foo>=1.2,<2", "rez-foo"),
        ("Rez_Foo==1.2", "Rez_Foo==1.2", "Rez_Foo"),
        ("rez-foo[gui]==1.2; python_version > '3'", "rez-foo[gui]==1.2; python_version > '3'", "rez-foo"),
        ("other @ https://h/other-1.0.zip", "other @ https://h/other-1.0.zip", "other"),
        ("git+https://h/foo@main", "git+https://h/foo@main", "foo"),
        ("git+ssh://git@h/foo.git", "git+ssh://git@h/foo.git", "foo"),
        ("https://h/foo-1.0-py3-none-any.whl", "https://h/foo-1.0-py3-none-any.whl", "foo"),
        (" foo ", "foo", "foo"),
        ("$PLACE/foo-1.0.zip", "https://h/foo-1.0.zip", "foo"),
    ],
)
def test_what_an_index_or_an_address_gives(url: str, line: str, name: str) -> None:
    made = tool_requirement(Tool("foo", url), {"PLACE": "https://h"})
    assert made == Requirement(line, name)
    assert made.line == line


@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
@pytest.mark.parametrize(
    ("url", "edit", "line", "local"),
    [
        ("/dev/foo", False, "file:///dev/foo", "/dev/foo"),
        ("/dev/foo", True, "-e file:///dev/foo", "/dev/foo"),
        ("~/dev/foo", True, "-e file:///home/ana/dev/foo", "/home/ana/dev/foo"),
        ("$STUDIO/foo-1.0.tar.gz", False, "file:///studio/a%20b/foo-1.0.tar.gz", "/studio/a b/foo-1.0.tar.gz"),
        ("/dev/f\u00f6\u00f6 [x]/foo", False, "file:///dev/f%C3%B6%C3%B6%20%5Bx%5D/foo", "/dev/f\u00f6\u00f6 [x]/foo"),
        ("/dev/foo[gui,qt]", False, "foo[gui,qt] @ file:///dev/foo", "/dev/foo"),
        ("/a b/foo[gui]", True, "-e file:///a%20b/foo[gui]", "/a b/foo"),
        ("file:///a%20b/foo", False, "file:///a%20b/foo", "/a b/foo"),
        ("./foo", False, f"{HERE.as_uri()}/foo", f"{HERE}/foo"),
    ],
)
def test_what_comes_from_a_path(url: str, edit: bool, line: str, local: str) -> None:
    made = tool_requirement(Tool("foo", url, edit), {"HOME": "/home/ana", "STUDIO": "/studio/a b"})
    assert made.line == line
    assert made.local == Path(local)
    assert (made.name, made.editable) == ("foo", edit)


def test_brackets_in_the_name_of_a_folder_are_no_extras(tmp_path: Path) -> None:
    folder = tmp_path / "foo[old]"
    folder.mkdir()
    assert tool_requirement(Tool("foo", str(folder)), {}).local == folder
    assert plain((str(folder),), {})[0].local == folder


def test_libraries() -> None:
    made = plain(("six", "Qt.py>=1.3", "$LIBS/foo-1.0.zip", "/a b/bar[x]", "git+https://h/baz"), {"LIBS": "/studio"})
    assert [(item.text, item.name, str(item.local or "")) for item in made[:2]] == [
        ("six", "six", ""),
        ("Qt.py>=1.3", "Qt.py", ""),
    ]
    assert [item.local for item in made] == [None, None, Path("/studio/foo-1.0.zip").absolute(), Path("/a b/bar"), None]
    assert made[2].text == Path("/studio/foo-1.0.zip").absolute().as_uri()
    assert made[3].text == f"{Path('/a b/bar')}[x]"
    assert made[4].text == "git+https://h/baz"


RECIPE = """
[rez]
url = "rez==3.4.0"
lib = ["six"]
flags = ["-E"]
[[extension]]
name = "near"
url = "/dev/near"
edit = true
lib = ["toml"]
flags = ["-E", "-s"]
[[extension]]
name = "apart"
isolation = true
lib = ["attrs", "pip<22"]
flags = []
[shared]
name = "studio"
requires = ["Qt.py", "yaml"]
"""


@pytest.fixture
def requests(tmp_path: Path) -> tuple[EnvironmentRequest, EnvironmentRequest]:
    path = tmp_path / "rezup.toml"
    path.write_text(RECIPE, encoding="utf-8")
    recipe = load_recipe("dev", path)
    interpreter = host_interpreter()
    return main_request(recipe, interpreter, {}), isolated_request(recipe, recipe.extensions[1], interpreter, {})


def test_the_main_environment_holds_all_that_is_not_isolated(
    requests: tuple[EnvironmentRequest, EnvironmentRequest],
) -> None:
    main, _ = requests
    assert main.name == "rez"
    assert [item.name for item in main.tools] == ["rez", "near"]
    assert main.flags == (("-E",), ("-E", "-s"))
    assert [item.line for item in main.libraries] == ["six", "toml", "pip"], "`rez pip` runs the pip beside Rez"
    assert [item.name for item in main.requirements] == ["rez", "near", "six", "toml", "pip"]
    assert (main.shared_name, [item.line for item in main.shared]) == ("studio", ["Qt.py", "yaml"])
    assert main.editable


def test_an_isolated_environment_has_rez_as_a_library_and_sees_nothing_shared(
    requests: tuple[EnvironmentRequest, EnvironmentRequest],
) -> None:
    _, isolated = requests
    assert isolated.name == "apart"
    assert [item.name for item in isolated.tools] == ["rez", "apart"]
    assert isolated.flags == (("-E",), ())
    assert [item.line for item in isolated.libraries] == ["attrs", "pip<22"], "the pip of the recipe is the one"
    assert isolated.shared == ()
    assert not isolated.editable
