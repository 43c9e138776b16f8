"""What `status` and `recipe` report, as tables for people and as one JSON document for programs."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine
    from tests.e2e.terminal import Terminal

FAULTY = """\
descripton = "a typing error"
[rez]
edit = "yes"
[pip]
engine = "conda"
"""


def document(machine: Machine, *words: str, status: int = 0) -> dict[str, Any]:
    """The JSON document that a command prints, and nothing else."""
    done = machine.run(*words, "--json", status=status)
    read: dict[str, Any] = json.loads(done.stdout)
    assert done.stdout == json.dumps(read, indent=2, ensure_ascii=False) + "\n"
    return read


def table(text: str) -> list[dict[str, str]]:
    """The rows of a printed table, by the names of its columns."""
    header, *lines = text.splitlines()
    columns = [(match.group(), match.start()) for match in re.finditer(r"\S+(?: \S+)*", header)]
    ends = [start for _, start in columns[1:]] + [None]
    return [{name: line[start:end].strip() for (name, start), end in zip(columns, ends, strict=True)} for line in lines]


def test_status_of_a_new_machine(cold_machine: Machine) -> None:
    assert cold_machine.run("status").stdout == "There are no containers yet. `rezup` makes the first one.\n"
    assert document(cold_machine, "status") == {
        "format": 1,
        "command": "status",
        "data": {"session": None, "containers": []},
        "warnings": [],
    }
    assert list(cold_machine.home.iterdir()) == [], "looking changes nothing"


def test_status_of_all_containers(machine: Machine) -> None:
    machine.run("add", "-m", "for all")
    machine.run("add", "dev")
    machine.run("add", "dev", "-m", "a second one")
    rows = {row["CONTAINER"]: row for row in table(machine.run("status").stdout)}
    assert list(rows) == [".main", "dev"]
    assert rows["dev"]["REVISION"] == machine.revisions("dev")[1].name
    assert rows["dev"]["REZ"].startswith("3.")
    assert rows["dev"]["PYTHON"].startswith("3.")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", rows["dev"]["MADE"])
    told = document(machine, "status")
    assert (told["format"], told["command"]) == (1, "status")
    main, dev = told["data"]["containers"]
    assert main["name"] == ".main"
    assert main["message"] == "for all"
    assert {key: dev[key] for key in ("name", "path", "remote", "revision", "built", "message", "rez")} == {
        "name": "dev",
        "path": str(machine.root / "dev"),
        "remote": None,
        "revision": rows["dev"]["REVISION"],
        "built": True,
        "message": "a second one",
        "rez": rows["dev"]["REZ"],
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", dev["created"])


def test_status_of_one_container(machine: Machine) -> None:
    machine.run("add", "-m", "the old one")
    machine.run("add", "-m", "the [new] one")
    old, new = machine.revisions()
    title, _, rest = machine.run("status", ".main").stdout.partition("\n")
    assert title == f".main in {machine.root / '.main'}"
    rows = table(rest)
    assert [row["REVISION"] for row in rows] == [new.name, old.name], "the newest first"
    assert rows[0]["NOTE"] == "current; the [new] one"
    assert rows[1]["NOTE"] == "the old one"
    assert all(re.fullmatch(r"[\d.]+ MiB", row["SIZE"]) for row in rows)
    told = document(machine, "status", ".main")["data"]
    assert (told["name"], told["revision"]) == (".main", new.name)
    assert [row["timestamp"] for row in told["revisions"]] == [new.name, old.name]
    assert [row["current"] for row in told["revisions"]] == [True, False]
    first = told["revisions"][0]
    assert first["path"] == str(new)
    assert (first["ready"], first["obstacle"], first["processes"]) == (True, "", 0)
    assert first["rezup_version"].startswith("3.")
    assert first["size"] > 5_000_000


def test_status_says_why_a_revision_cannot_be_entered(machine: Machine) -> None:
    machine.run("add")
    (good,) = machine.revisions()
    folder = good.parent
    (folder / "9000000000.000001").mkdir()
    (folder / "9000000000.000002").touch()
    for name, content in (("9000000000.000003", '{"format": 99}'), ("9000000000.000004", "{")):
        (folder / name).mkdir()
        (folder / name / "revision.json").write_text(content, encoding="utf-8")
    (folder / "not-a-revision").mkdir()
    obstacles = {row["timestamp"]: row["obstacle"] for row in document(machine, "status", ".main")["data"]["revisions"]}
    assert set(obstacles) == {path.name for path in folder.iterdir()} - {"not-a-revision"}
    assert obstacles[good.name] == ""
    assert obstacles["9000000000.000001"] == "it is not complete"
    assert obstacles["9000000000.000002"] == "it is not a folder"
    assert "format is 99" in obstacles["9000000000.000003"]
    assert "is damaged" in obstacles["9000000000.000004"]
    used = machine.run("use", "--", "printenv", "REZUP_REVISION").stdout.strip()
    assert used == str(good)


def test_status_of_a_container_that_is_not_there(machine: Machine) -> None:
    done = machine.run("status", "dev", status=4)
    assert done.stderr.splitlines() == ["rezup: there is no container dev", "  -> make it: rezup add dev"]
    error = document(machine, "status", "dev", status=4)
    assert error == {
        "format": 1,
        "command": "status",
        "error": {
            "code": "not-found",
            "message": "there is no container dev",
            "hint": "make it: rezup add dev",
        },
        "warnings": [],
    }


def test_recipe_show(machine: Machine) -> None:
    file = machine.recipe('[rez]\npython = 3.10\n[env]\nGREETING = "hellö"\n')
    rows = {row["KEY"]: row for row in table(machine.run("recipe", "show").stdout)}
    assert rows["rez.python"] == {"KEY": "rez.python", "VALUE": '"3.10"', "FROM": str(file)}
    assert rows["env.GREETING"] == {"KEY": "env.GREETING", "VALUE": '"hellö"', "FROM": str(file)}
    assert rows["rez.url"]["FROM"] == "built-in"
    told = document(machine, "recipe", "show")
    assert (told["format"], told["command"]) == (1, "recipe show")
    assert (told["data"]["container"], told["data"]["file"]) == (".main", str(file))
    values = {item["key"]: item for item in told["data"]["values"]}
    assert values["rez.python"] == {"key": "rez.python", "value": '"3.10"', "origin": str(file)}
    assert set(values) == set(rows)


def test_recipe_show_of_a_container_and_of_a_file(machine: Machine) -> None:
    main, dev = machine.recipe('description = "main"\n'), machine.recipe('description = "dev"\n', "dev")
    for words, file in (
        (("dev",), dev),
        (("other",), main),
        (("--file", str(dev)), dev),
        (("-f", "~/rezup.dev.toml"), dev),
    ):
        assert document(machine, "recipe", "show", *words)["data"]["file"] == str(file)


def test_recipe_check_lists_every_fault(machine: Machine) -> None:
    file = machine.recipe(FAULTY)
    done = machine.run("recipe", "check", status=3)
    assert done.stdout == ""
    head, *lines = done.stderr.splitlines()
    assert head == "rezup: the recipe has 3 problems:"
    assert [line.split(": ")[:2] for line in lines] == [
        [f"  {file}", key] for key in ("descripton", "rez.edit", "pip.engine")
    ]
    assert "did you mean description?" in lines[0]
    error = document(machine, "recipe", "check", status=3)["error"]
    assert error["code"] == "recipe"
    assert [(item["file"], item["key"]) for item in error["problems"]] == [
        (str(file), key) for key in ("descripton", "rez.edit", "pip.engine")
    ]


def test_recipe_check_of_what_is_fine(machine: Machine) -> None:
    assert "built-in" in machine.run("recipe", "check").stdout
    assert document(machine, "recipe", "check")["data"] == {
        "container": ".main",
        "file": "built-in",
        "problems": [],
        "missing": [],
    }
    file = machine.recipe('description = "fine"\n')
    assert machine.run("recipe", "check").stdout == f"{file} is fine\n"


def test_recipe_init_writes_what_check_takes(machine: Machine) -> None:
    for words, name in (((), "rezup.toml"), (("dev",), "rezup.dev.toml"), (("--file", "x.toml"), "x.toml")):
        told = machine.run("recipe", "init", *words)
        assert told.stdout == f"Wrote {machine.home / name}\n"
        content = (machine.home / name).read_text(encoding="utf-8")
        assert content.startswith(f"#:schema {(machine.home / '.local/state/rezup/rezup.schema.json').as_uri()}\n# ")
        machine.run("recipe", "check", "--file", str(machine.home / name))
        refused = machine.run("recipe", "init", *words, status=2)
        assert "there is already a recipe at" in refused.stderr
        assert (machine.home / name).read_text(encoding="utf-8") == content
    assert document(machine, "recipe", "init", "new")["data"] == {"file": str(machine.home / "rezup.new.toml")}


def test_the_starter_builds(machine: Machine) -> None:
    machine.run("recipe", "init")
    assert machine.run("use", "--", "rez", "--version").stdout.startswith("Rez 3.")


def test_warnings_do_not_spoil_the_document(machine: Machine) -> None:
    machine.recipe('[rez]\nurl = "git+git://github.com/AcademySoftwareFoundation/rez"\n')
    done = machine.run("recipe", "show", "--json")
    assert "rezup: warning: " in done.stderr
    assert json.loads(done.stdout)["command"] == "recipe show"
    assert "warning" in machine.run("recipe", "show", "-q").stderr, "also a quiet command warns"


@pytest.mark.skipif(os.name == "nt", reason="a POSIX terminal")
def test_tables_on_a_terminal(machine: Machine, terminal: Callable[..., Terminal]) -> None:
    machine.run("add", "-m", "wide " * 60)
    for words in (("status",), ("status", ".main"), ("recipe", "show")):
        with terminal(machine, *words) as screen:
            assert screen.wait() == 0
            assert all(len(line) <= 200 for line in screen.shown.splitlines() if "wide" not in line)
        with terminal(machine, *words, NO_COLOR="1") as plain:
            assert plain.wait() == 0
        assert re.sub(r"\s+", " ", plain.shown) == re.sub(r"\s+", " ", screen.shown)
        assert not re.search(r"\x1b\[[0-9;]*[34][0-7][0-9;]*m", plain.raw)


@pytest.mark.parametrize("words", ["recipe show", "recipe check", "status --json", "status", "--version", "--help"])
@pytest.mark.parametrize("buffered", [True, False])
def test_a_reader_that_goes_away_is_no_error(
    machine: Machine, need_program: Callable[[str], Path], words: str, buffered: bool
) -> None:
    environ = {name: value for name, value in machine.environ.items() if name != "PYTHONUNBUFFERED"}
    script = '{ sleep 0.1; "$@"; echo "status $?" >&2; } | true'
    done = subprocess.run(
        [str(need_program("sh")), "-c", script, "sh", *machine.command(*words.split())],
        env=environ if buffered else {**environ, "PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == "status 0\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("recipe", "show"), ("--version",)])
def test_an_output_that_cannot_be_written(cold_machine: Machine, words: tuple[str, ...]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            cold_machine.command(*words),
            env=cold_machine.environ,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "rezup: cannot write the output: No space left on device\n"
