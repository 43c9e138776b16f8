"""The environment of a session, and the site-customize script that runs before anything else."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine, rezup_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="asks `env -0`")


def with_variables(machine: Machine, variables: dict[str, str]) -> Machine:
    """The same machine, its user's environment with some variables more."""
    return replace(machine, variables={**machine.variables, **variables})


def environ_of(machine: Machine, *words: str, **variables: str) -> dict[str, str]:
    """What the environment of a command is, as the command itself sees it."""
    told = with_variables(machine, variables).run("use", *words, "--", "env", "-0").stdout
    return dict(item.split("=", 1) for item in told.split("\0") if item)


def nested(machine: Machine, before: str, *words: str, **variables: str) -> dict[str, str]:
    """What the environment of a command is that a shell in `.main` starts in `words`, after it ran the line `before`."""
    script = f'{before}\nexec "$@" -- env -0'
    command = (*rezup_command(), "use", *words)
    told = with_variables(machine, variables).run("use", "--", "sh", "-c", script, "sh", *command).stdout
    return dict(item.split("=", 1) for item in told.split("\0") if item)


def test_what_a_session_sets(machine: Machine) -> None:
    caller = {"PATH": os.environ["PATH"], "KEPT": "as it was"}
    seen = environ_of(machine, **caller)
    (revision,) = machine.revisions()
    assert seen["REZUP_CONTAINER"] == ".main"
    assert seen["REZUP_REVISION"] == str(revision)
    assert seen["REZUP_USING_REMOTE"] == ""
    assert seen["PATH"] == f"{revision}/venv/rez/bin/rez:{caller['PATH']}"
    before = {**machine.environ, **caller}
    added = {name for name in seen if seen[name] != before.get(name)}
    assert added == {"REZUP_CONTAINER", "REZUP_REVISION", "REZUP_USING_REMOTE", "REZUP_SESSION", "PATH"}
    assert set(before) - set(seen) == set()


def test_a_revision_that_came_from_the_remote_root(machine: Machine, new_machine: Callable[[], Machine]) -> None:
    remote = machine.home / "remote"
    remote.mkdir()
    machine.run("add", "--remote", REZUP_ROOT_REMOTE=str(remote))
    assert environ_of(machine, REZUP_ROOT_REMOTE=str(remote))["REZUP_USING_REMOTE"] == "yes"
    other = new_machine()
    assert environ_of(other, REZUP_ROOT_REMOTE=str(remote))["REZUP_USING_REMOTE"] == "yes"
    machine.run("add")
    seen = environ_of(machine, "-l", REZUP_ROOT_REMOTE=str(remote))
    assert (seen["REZUP_USING_REMOTE"], seen["REZUP_REVISION"]) == ("", str(machine.revisions()[-1]))


def test_the_recipes_variables(machine: Machine) -> None:
    machine.recipe(
        "[env]\n"
        "PLAIN = \"a $DOLLAR ~ ü 'quoted' %PATH%\"\n"
        'FIRST = "1"\n'
        'SECOND = "${FIRST}${CALLERS}"\n'
        'UNKNOWN = "<${NOBODY_SETS_THIS}>"\n'
        'OTHERWISE = "${NOBODY_SETS_THIS:-the other}"\n'
        'CALLERS = "${CALLERS}, changed"\n'
        'PATH = "/opt/studio/bin:${PATH}"\n'
    )
    seen = environ_of(machine, CALLERS="caller's", PATH="/usr/bin:/bin")
    assert seen["PLAIN"] == "a $DOLLAR ~ ü 'quoted' %PATH%"
    assert seen["SECOND"] == "1caller's"
    assert seen["UNKNOWN"] == "<>"
    assert seen["OTHERWISE"] == "the other"
    assert seen["CALLERS"] == "caller's, changed"
    (revision,) = machine.revisions()
    assert seen["PATH"] == f"{revision}/venv/rez/bin/rez:/opt/studio/bin:/usr/bin:/bin"


def test_the_variables_are_those_that_the_revision_was_made_with(machine: Machine) -> None:
    machine.recipe('[env]\nMADE_WITH = "the first"\n')
    machine.run("add")
    machine.recipe('[env]\nMADE_WITH = "the second"\n')
    assert environ_of(machine)["MADE_WITH"] == "the first"
    machine.run("add")
    assert environ_of(machine)["MADE_WITH"] == "the second"
    assert environ_of(machine, ".main@~1")["MADE_WITH"] == "the first"


def test_dotenv_files(machine: Machine) -> None:
    ours, others = ("darwin", "linux") if os.uname().sysname == "Darwin" else ("linux", "darwin")
    machine.recipe(
        '[env]\nENV = "env over ${ALL}"\nREZ_ENV = "${TENTH}"\n'
        '[dotenv]\n10 = "10.env"\n2 = "2.env"\n1 = "~/$PART/1.env"\n'
        f'[dotenv.{ours}]\nb = "b.env"\na = "a.env"\n'
        f'[dotenv.{others}]\nc = "others.env"\n'
    )
    (machine.home / "sub").mkdir()
    texts = {
        "sub/1.env": "ALL=1\nORDER=\"${ORDER}1\"\n# a remark\nexport EXPORTED=yes\nQUOTED='a # b'\nEMPTY=\nNAME_ALONE\n",
        "2.env": 'ALL=2\nORDER="${ORDER}2"\nUMLAUT=ü\n',
        "10.env": 'ALL=10\nORDER="${ORDER}10"\nTENTH=${ORDER}\n',
        "a.env": 'ALL=a\nORDER="${ORDER}a"\nENV=dotenv\n',
        "b.env": 'ALL=b\nORDER="${ORDER}b"\n',
        "others.env": "ALL=others\n",
    }
    for name, text in texts.items():
        (machine.home / name).write_text(text, encoding="utf-8")
    seen = environ_of(machine, PART="sub", ORDER="0")
    assert seen["ORDER"] == "01210ab", "the common ones by their numbers, then this platform's by their names"
    assert seen["ALL"] == "b"
    assert seen["ENV"] == "env over b", "[env] comes last"
    assert seen["REZ_ENV"] == "01210"
    assert (seen["EXPORTED"], seen["QUOTED"], seen["EMPTY"], seen["UMLAUT"]) == ("yes", "a # b", "", "ü")
    assert "NAME_ALONE" not in seen


def test_a_dotenv_file_that_is_missing(machine: Machine) -> None:
    machine.recipe('[dotenv]\n1 = "gone.env"\n2 = "there.env"\n')
    (machine.home / "there.env").write_text("THERE=yes\n", encoding="utf-8")
    machine.run("add")
    done = machine.run("use", "--", "sh", "-c", "echo $THERE; exit 3", status=3)
    assert done.stdout == "yes\n"
    assert done.stderr == (
        f"rezup: warning: {machine.home}/gone.env is not there: the variables that [dotenv] takes from it are not set\n"
    )


@pytest.mark.parametrize("content", [b"NAME=\xff\xfe\n", None], ids=["not UTF-8", "a folder"])
def test_a_dotenv_file_that_cannot_be_read(machine: Machine, content: bytes | None) -> None:
    machine.recipe('[dotenv]\n1 = "bad.env"\n')
    if content is None:
        (machine.home / "bad.env").mkdir()
    else:
        (machine.home / "bad.env").write_bytes(content)
    done = machine.run("use", "--", "true", status=125)
    assert f"cannot read {machine.home}/bad.env, named in [dotenv]" in done.stderr


def test_a_session_inside_another_starts_clean_of_it(machine: Machine) -> None:
    machine.recipe('[env]\nONLY_MAIN = "1"\nBOTH = "main"\nWAS_SET = "main"\nPATH = "/main/bin:${PATH}"\n')
    machine.recipe('[env]\nBOTH = "other and ${BOTH}"\nONLY_OTHER = "${ONLY_MAIN:-none}"\n', "other")
    machine.run("add", "other")
    caller = {"WAS_SET": "by the caller", "PATH": os.environ["PATH"]}
    plain = environ_of(machine, "other", **caller)
    seen = nested(machine, "test $BOTH = main || exit 9", "other", **caller)
    differing = {name for name in {*plain, *seen} if plain.get(name) != seen.get(name)}
    assert differing - {"PWD", "OLDPWD", "SHLVL", "_"} == set()
    assert (seen["WAS_SET"], seen["ONLY_OTHER"]) == ("by the caller", "none")
    assert seen["REZUP_CONTAINER"] == "other"


def test_a_session_inside_another_keeps_what_its_user_changed(machine: Machine) -> None:
    machine.recipe('[env]\nCHANGED = "main"\nGONE = "main"\n')
    machine.recipe("", "other")
    machine.run("add", "other")
    before = "export CHANGED=mine NEW=mine; unset GONE KEPT; PATH=$HOME/front:$PATH:$HOME/back"
    seen = nested(machine, before, "other", KEPT="callers", GONE="callers", PATH=os.environ["PATH"])
    assert (seen["CHANGED"], seen["NEW"]) == ("mine", "mine")
    assert "KEPT" not in seen
    assert "GONE" not in seen
    (revision,) = machine.revisions("other")
    home = machine.home
    assert seen["PATH"] == f"{revision}/venv/rez/bin/rez:{home}/front:{os.environ['PATH']}:{home}/back"


def test_a_container_inside_itself(machine: Machine) -> None:
    machine.recipe('[env]\nGROWING = "x${GROWING}"\nPATH = "/studio:${PATH}"\n')
    once = environ_of(machine, PATH=os.environ["PATH"])
    twice = nested(machine, ":", ".main", PATH=os.environ["PATH"])
    assert (once["GROWING"], twice["GROWING"]) == ("x", "x")
    assert twice["PATH"] == once["PATH"]


def test_a_root_set_by_a_recipe_holds_in_its_sessions_only(machine: Machine) -> None:
    machine.recipe('[env]\nREZUP_ROOT_LOCAL = "/nowhere/at/all"\n')
    machine.recipe("", "other")
    machine.run("add", "other")
    assert environ_of(machine)["REZUP_ROOT_LOCAL"] == "/nowhere/at/all"
    assert nested(machine, ":", "other")["REZUP_REVISION"] == str(machine.revisions("other")[0])


def site_script(machine: Machine, text: str, recipe: str = "") -> Path:
    """Write a site-customize script, and the recipe that names it."""
    machine.recipe(f'[init]\nscript = "studio/site.py"\n{recipe}')
    path = machine.home / "studio" / "site.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_site_script_decides_the_roots(machine: Machine, warm_caches: Path) -> None:
    (machine.home / "elsewhere").mkdir()
    (machine.home / "elsewhere" / ".cache").symlink_to(warm_caches)
    text = (
        "import os, sys, dotenv\n"
        "if __name__ == '__main__':\n"
        "    os.environ['REZUP_ROOT_LOCAL'] = os.path.expanduser('~/elsewhere')\n"
        "    os.environ['SITE'] = f'{__file__} {sys.argv[1:]}'\n"
        "    os.environ.pop('UNWANTED', None)\n"
        "def later():\n"
        "    return os, dotenv\n"
        "print([later() is not None for _ in 'x'][0])\n"
    )
    path = site_script(machine, text, '[env]\nFROM_SITE = "${SITE}"\n')
    done = machine.run("use", "--", "printenv", "SITE", UNWANTED="1")
    assert done.stdout == f"True\n{path} ['use', '--', 'printenv', 'SITE']\n"
    (revision,) = (machine.home / "elsewhere" / ".main" / "revisions").iterdir()
    assert machine.revisions() == []
    seen = machine.run("use", "--", "sh", "-c", "echo $REZUP_REVISION; echo ${UNWANTED-gone}", UNWANTED="1").stdout
    assert seen == f"True\n{revision}\ngone\n"


def test_the_site_script_can_name_the_folder_of_recipes(machine: Machine) -> None:
    site_script(machine, "import os\nos.environ['REZUP_RECIPES'] = os.path.dirname(__file__)\n")
    (machine.home / "studio" / "rezup.dev.toml").write_text('[env]\nFROM = "the studio"\n', encoding="utf-8")
    machine.run("add", "dev")
    assert environ_of(machine, "dev")["FROM"] == "the studio"


BROKEN = {
    "raises": ("import os\n\ndef f():\n    raise ValueError('no share')\n\nf()\n", 4, "ValueError: no share"),
    "no Python": ("import os\nif os:\n", 2, "Error: "),
    "another module raises": ("import json\n\njson.loads('{')\n", 3, "JSONDecodeError: "),
    "exits": ("raise SystemExit(3)\n", None, "exits with 3"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_site_script_that_is_broken(machine: Machine, name: str) -> None:
    text, line, told = BROKEN[name]
    path = site_script(machine, text)
    done = machine.run("use", "--", "true", status=125)
    assert f"{path}, line {line}: " in done.stderr or (line is None and f"{path}: " in done.stderr)
    assert told in done.stderr
    assert "REZUP_SKIP_INIT=1" in done.stderr
    for words in (("status",), ("add",), ("drop", ".main", "--yes"), ("pull",)):
        assert told in machine.run(*words, status=3).stderr
    assert machine.revisions() == []


def test_a_site_script_that_is_missing(machine: Machine) -> None:
    machine.recipe('[init]\nscript = "studio/site.py"\n')
    done = machine.run("use", "--", "true", status=125)
    assert f"{machine.home}/rezup.toml: init.script: cannot read {machine.home}/studio/site.py" in done.stderr


def test_what_works_in_spite_of_a_broken_site_script(machine: Machine) -> None:
    site_script(machine, "raise OSError('the share is away')\n")
    shown = machine.run("recipe", "show")
    assert "init.script" in shown.stdout
    assert "the share is away" in shown.stderr
    for words in (("recipe", "check"), ("recipe", "init", "new"), ("--version",), ("-h",), ("use", "-h")):
        machine.run(*words)
    assert "share" not in machine.run("-V").stderr, "it is not even run"
    assert machine.run("use", "--", "echo", "on", REZUP_SKIP_INIT="1").stdout == "on\n"
    assert "the share is away" in machine.run("use", "--", "true", REZUP_SKIP_INIT="", status=125).stderr


def test_only_the_main_recipe_names_the_site_script(machine: Machine) -> None:
    machine.recipe('[init]\nscript = "gone.py"\n', "dev")
    machine.run("add", "dev", "--skip-use")
    assert environ_of(machine, "dev")["REZUP_CONTAINER"] == "dev"
    site_script(machine, "import os\nos.environ['SITE'] = 'ran'\n")
    assert environ_of(machine, "dev")["SITE"] == "ran"
    assert environ_of(machine, "dev", REZUP_RECIPES=str(machine.home / "studio"))["SITE"] == "ran"
