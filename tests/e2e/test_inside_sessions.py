"""rezup inside a session: it says where one is, and what is entered there starts clean."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import rezup_command

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="runs sh scripts")

REZUP = shlex.join(rezup_command())


def inside(machine: Machine, target: str, script: str, **variables: str) -> str:
    """What a shell script prints that runs in a session; `rezup` is in it what the test calls."""
    text = f'rezup() {{ {REZUP} "$@"; }}\n{script}'
    return machine.run(
        "use", target, "--", "sh", "-c", text, timeout=300, cwd=None, status=0, stdin=None, **variables
    ).stdout


def session_of(machine: Machine, target: str, *words: str) -> dict[str, Any] | None:
    """What `status --json` says of the session it runs in."""
    told = json.loads(inside(machine, target, shlex.join(["rezup", "status", "--json", *words])))
    found: dict[str, Any] | None = told["data"]["session"]
    return found


def test_status_says_where_one_is(machine: Machine) -> None:
    machine.run("add", "dev")
    (first,) = machine.revisions("dev")
    shown = inside(machine, "dev", "rezup status").splitlines()
    assert shown[0] == f"You are in dev@{first.name}, which is what `rezup use dev` gives."
    assert shown[1].startswith("CONTAINER")
    assert inside(machine, "dev", "rezup status dev").splitlines()[0] == shown[0]
    expected = {"container": "dev", "revision": str(first), "timestamp": first.name, "exists": True, "current": True}
    assert session_of(machine, "dev") == {**expected, "given": first.name, "newer": 0}
    assert session_of(machine, "dev", "dev") == session_of(machine, "dev")


def test_status_says_what_is_newer(machine: Machine) -> None:
    machine.run("add", "dev")
    first = machine.revisions("dev")[0].name
    assert "is what" in inside(machine, "dev", "rezup status | head -1")
    machine.run("add", "dev")
    second = machine.revisions("dev")[1].name
    assert inside(machine, "dev@~1", "rezup status").splitlines()[0] == (
        f"You are in dev@{first}. There is 1 newer revision. `rezup use dev` gives {second}."
    )
    machine.run("add", "dev")
    third = machine.revisions("dev")[2].name
    assert inside(machine, f"dev@{first}", "rezup status").splitlines()[0] == (
        f"You are in dev@{first}. There are 2 newer revisions. `rezup use dev` gives {third}."
    )
    told = session_of(machine, f"dev@{second}")
    assert told is not None
    assert (told["current"], told["newer"], told["given"]) == (False, 1, third)
    told = session_of(machine, "dev@latest")
    assert told is not None
    assert (told["current"], told["newer"]) == (True, 0)


def test_with_a_remote_root_what_is_published_counts(publisher: Machine) -> None:
    publisher.run("add", "dev", "--remote")
    published = publisher.revisions("dev")[0].name
    publisher.run("add", "dev")
    mine = publisher.revisions("dev")[1].name
    told = session_of(publisher, "dev")
    assert told is not None
    assert (told["timestamp"], told["current"], told["newer"]) == (published, True, 0)
    assert inside(publisher, f"dev@{mine}", "rezup status").splitlines()[0] == (
        f"You are in dev@{mine}. `rezup use dev` gives {published}."
    )
    script = f"mv {shlex.quote(publisher.variables['REZUP_ROOT_REMOTE'])} gone; rezup status 2>&1; rezup status --json"
    shown = inside(publisher, "dev", script)
    assert f"You are in dev@{published}, which is what `rezup use dev` gives.\n" in shown, "it stands in for itself"
    assert f"is not there; taking dev@{published}" in shown


def test_a_revision_that_is_gone_is_said_to_be(machine: Machine) -> None:
    machine.run("add", "dev")
    machine.run("add", "dev")
    first, second = machine.revisions("dev")
    shown = inside(machine, "dev@~1", 'mv "$REZUP_REVISION" gone; rezup status; rezup status --json')
    assert shown.splitlines()[0] == (
        f"You are in dev@{first.name}, whose folder {first} is gone. There is 1 newer revision. "
        f"`rezup use dev` gives {second.name}."
    )
    assert '"exists": false' in shown
    shown = inside(machine, "dev", f"mv {shlex.quote(str(machine.root / 'dev'))} gone; rezup status").splitlines()[0]
    assert shown == f"You are in dev@{second.name}, whose folder {second} is gone."


@pytest.mark.parametrize(
    "variables",
    [
        {"REZUP_CONTAINER": "dev"},
        {"REZUP_REVISION": "/x/1700000000.000001"},
        {"REZUP_CONTAINER": "dev", "REZUP_REVISION": "/x/y"},
        {"REZUP_CONTAINER": "../x", "REZUP_REVISION": "/x/1700000000.000001"},
    ],
)
def test_outside_of_a_session(cold_machine: Machine, variables: dict[str, str]) -> None:
    cold_machine.variables.update(variables)
    assert cold_machine.run("status").stdout.startswith("There are no containers yet.")
    assert cold_machine.json("status")["session"] is None


def test_a_recipe_that_became_wrong_does_not_keep_status_from_it(machine: Machine) -> None:
    machine.run("add", "dev")
    (revision,) = machine.revisions("dev")
    shown = inside(machine, "dev", "echo 'x =' > ~/rezup.dev.toml; rezup status 2>&1")
    assert f"You are in dev@{revision.name}.\n" in shown
    assert "rezup.dev.toml: line 1" in shown


LEVELS = ("one", "two", "three")


def three_levels(machine: Machine) -> dict[str, Path]:
    """Three containers that set the same and their own variables, from [env] and a `.env` file, and extend PATH."""
    for name in LEVELS:
        text = f'SHARED_FILE="{name} after ${{SHARED_FILE:-nothing}}"\nONLY_FILE_{name}=1\n'
        (machine.home / f"{name}.env").write_text(text, encoding="utf-8")
        machine.recipe(
            f'[dotenv]\n1 = "~/{name}.env"\n[env]\nSHARED = "{name} after ${{SHARED:-nothing}}"\nONLY_{name} = "1"\n'
            f'CALLERS = "{name}"\nPATH = "/opt/{name}:${{PATH}}:/end/{name}"\n',
            name,
        )
        machine.run("add", name)
    return {name: machine.revisions(name)[0] for name in LEVELS}


def environ_at(machine: Machine, script: str, *inner: str) -> dict[str, str]:
    """The environment in the innermost of nested sessions; each runs the script before it enters the next."""
    nested = "env -0"
    for name in reversed(inner):
        nested = f"{script}\nexec {REZUP} use {name} -- sh -c {shlex.quote(nested)}"
    told = machine.run("use", "one", "--", "sh", "-c", nested, CALLERS="the caller's", PATH=os.environ["PATH"]).stdout
    return dict(item.split("=", 1) for item in told.split("\0") if item)


def test_three_levels_deep_it_is_as_if_entered_from_outside(machine: Machine) -> None:
    revisions = three_levels(machine)
    plain = machine.run("use", "three", "--", "env", "-0", CALLERS="the caller's", PATH=os.environ["PATH"]).stdout
    expected = dict(item.split("=", 1) for item in plain.split("\0") if item)
    seen = environ_at(machine, ":", "two", "three")
    differing = {name for name in {*expected, *seen} if expected.get(name) != seen.get(name)}
    assert differing - {"PWD", "OLDPWD", "SHLVL", "_"} == set()
    assert (seen["SHARED"], seen["SHARED_FILE"]) == ("three after nothing", "three after nothing")
    path = seen["PATH"].split(":")
    assert path[:2] == [f"{revisions['three']}/venv/rez/bin/rez", "/opt/three"]
    assert not [folder for folder in path if any(name in folder for name in ("/one", "/two"))]
    assert {name for name in seen if name.startswith("ONLY_")} == {"ONLY_three", "ONLY_FILE_three"}


def test_what_was_changed_by_hand_stays_through_all_levels(machine: Machine) -> None:
    three_levels(machine)
    script = 'export ONLY_one=mine NEW="${NEW-}+"; export PATH="/mine:$PATH"; unset ONLY_FILE_one KEPT'
    seen = environ_at(machine, script, "two", "three")
    assert (seen["ONLY_one"], seen["NEW"]) == ("mine", "++")
    assert "ONLY_FILE_one" not in seen
    path = seen["PATH"].split(":")
    assert path.count("/mine") == 2, "once for each time that it was put there"
    assert not [folder for folder in path if "/opt/one" in folder or "/opt/two" in folder or "/end/one" in folder]


def test_back_where_one_came_from(machine: Machine) -> None:
    """From one through two into one again: nothing of two is left, and nothing of one is there twice."""
    three_levels(machine)
    once = environ_at(machine, ":")
    again = environ_at(machine, ":", "two", "one")
    differing = {name for name in {*once, *again} if once.get(name) != again.get(name)}
    assert differing - {"PWD", "OLDPWD", "SHLVL", "_"} == set()


def test_the_outer_container_can_be_gone(machine: Machine) -> None:
    three_levels(machine)
    folder = machine.root / "one"
    script = f"mv {shlex.quote(str(folder))} {shlex.quote(str(machine.home / 'moved'))}"
    seen = environ_at(machine, script, "two")
    assert seen["REZUP_CONTAINER"] == "two"
    assert "ONLY_one" not in seen
    shutil.rmtree(machine.home / "moved")
