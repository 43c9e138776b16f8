"""Each command as the library sees it: what it calls, what it tells people, and what it gives to programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.commands import COMMANDS

if TYPE_CHECKING:
    from tests.unit.command.conftest import Rezup


def stamp(rezup: Rezup, *words: str) -> str:
    """Make a revision of `dev`; its timestamp."""
    rezup.run("add", "dev", "--skip-use", *words)
    found: str = rezup.json("status", "dev")["revisions"][0]["timestamp"]
    return found


def test_on_an_empty_machine_each_says_that_there_is_nothing(rezup: Rezup) -> None:
    assert rezup.json("status")["containers"] == []
    assert "There are no containers yet" in rezup.run("status")[0]
    assert rezup.json("sessions")["sessions"] == []
    for line in (
        "history dev",
        "gc dev",
        "drop dev --yes",
        "verify dev",
        "pull dev",
        "pin dev@1",
        "diff dev dev@~1",
        "env dev",
    ):
        out, err = rezup.run(*line.split(), status=4)
        assert (out, err.startswith("rezup: ")) == ("", True), line


def test_what_is_made_is_shown(rezup: Rezup) -> None:
    first, second = stamp(rezup, "-m", "one"), stamp(rezup, "-m", "two")
    rows = rezup.json("status", "dev")["revisions"]
    assert [row["timestamp"] for row in rows] == [second, first]
    out = rezup.run("status", "dev")[0].splitlines()
    assert out[0].startswith("dev in ")
    assert out[2].startswith(second)
    assert out[2].endswith("current; two")
    acts = rezup.json("history", "dev")["acts"]
    assert {act["message"] for act in acts} == {"one", "two"}


def test_pins_and_labels_decide_what_use_gives(rezup: Rezup) -> None:
    first, second = stamp(rezup), stamp(rezup)
    rezup.run("pin", f"dev@{first}", "--local")
    assert rezup.json("status", "dev")["revision"] == first
    rezup.run("unpin", "dev", "--local")
    assert rezup.json("status", "dev")["revision"] == second
    rezup.run("rollback", "dev", "--local")
    assert rezup.json("status", "dev")["revision"] == first
    rezup.run("unpin", "dev", "--local")
    rezup.run("tag", f"dev@{first}", "good", "--local")
    rezup.run("use", "dev@good", "--", "true")
    assert rezup.became[-1][1]["REZUP_REVISION"].endswith(first)
    rezup.run("untag", "dev", "good", "--local")
    rezup.run("use", "dev@good", "--", "true", status=125)


def test_what_is_used_is_what_was_asked_for(rezup: Rezup, tmp_path: Path) -> None:
    older, newer = stamp(rezup), stamp(rezup)
    rezup.run("use", "dev@~1", "--", "cmd", "a b", "")
    command, environ = rezup.became[-1]
    assert command == ["cmd", "a b", ""]
    assert environ["REZUP_REVISION"].endswith(older)
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n", encoding="utf-8")
    script.chmod(0o755)
    rezup.run("use", "dev", "--do", str(script), "--", "x")
    command, environ = rezup.became[-1]
    assert command == [str(script), "x"]
    assert environ["REZUP_REVISION"].endswith(newer)
    assert rezup.run("use", "dev", "--do", str(tmp_path / "none"), status=127)[1].startswith(
        "rezup: there is no script"
    )


def test_the_environment_is_printed_as_it_would_be(rezup: Rezup) -> None:
    rezup.office.recipe('[env]\nSTUDIO = "berlin"\n')
    stamp(rezup)
    assert rezup.json("env", "dev")["environ"]["STUDIO"] == "berlin"
    assert "berlin" in rezup.run("env", "dev", "--format", "sh")[0]


def test_what_goes_is_told(rezup: Rezup) -> None:
    first, second = stamp(rezup), stamp(rezup)
    assert first in rezup.run("gc", "dev", "--keep", "1", "--dry-run")[0]
    assert len(rezup.json("status", "dev")["revisions"]) == 2
    rezup.run("gc", "dev", "--keep", "1")
    assert [row["timestamp"] for row in rezup.json("status", "dev")["revisions"]] == [second]
    rezup.run("drop", "dev", "--local", "--yes")
    assert rezup.json("status")["containers"] == []


def test_damage_is_a_status_of_its_own(rezup: Rezup) -> None:
    stamp(rezup)
    rezup.run("verify", "dev")
    (file,) = Path(rezup.office.home).glob(".rezup/dev/revisions/*/venv/rez/lib/*/site-packages/rez/cli.py")
    file.unlink()
    assert str(file) in rezup.run("verify", "dev", status=8)[0]
    rezup.run("verify", "dev", "--repair")
    rezup.run("verify", "dev")


def test_two_revisions_are_compared(rezup: Rezup) -> None:
    stamp(rezup)
    rezup.office.recipe('[env]\nA = "1"\n')
    stamp(rezup)
    assert "A" in rezup.run("diff", "dev@~1", "dev")[0]


def test_a_recipe_is_shown_checked_and_written(rezup: Rezup) -> None:
    rezup.office.recipe('description = "for the film"\n')
    assert "for the film" in rezup.run("recipe", "show", "dev")[0]
    assert "is fine" in rezup.run("recipe", "check", "dev")[0]
    rezup.office.recipe('[rez]\nurl = "./rez"\n')
    home = rezup.office.home
    assert rezup.run("recipe", "check", "dev")[0].splitlines() == [
        f"{home}/rezup.dev.toml is right, but names what is not on this machine:",
        f"  rez.url: there is no project or archive {home}/rez",
        "    -> correct the path",
    ]
    (missing,) = rezup.json("recipe", "check", "dev")["missing"]
    assert (missing["key"], missing["hint"]) == ("rez.url", "correct the path")
    rezup.office.recipe("nonsense = 1\n")
    assert "nonsense" in rezup.run("recipe", "check", "dev", status=3)[1]
    rezup.run("recipe", "init", "new")
    first = (rezup.office.home / "rezup.new.toml").read_text(encoding="utf-8").splitlines()[0]
    schema = rezup.office.home / ".local" / "state" / "rezup" / "rezup.schema.json"
    assert first == f"#:schema {schema.as_uri()}"
    schema.write_text("{}", encoding="utf-8")
    rezup.run("recipe", "check", "new")
    assert '"title": "A recipe of rezup"' in schema.read_text(encoding="utf-8")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_is_a_script(rezup: Rezup, shell: str) -> None:
    assert "rezup" in rezup.run("completion", shell)[0]


def test_what_runs_from_its_sources_is_not_upgraded(rezup: Rezup) -> None:
    assert "runs from its sources" in rezup.run("upgrade", status=9)[1]


def test_what_is_published_can_be_pulled(rezup: Rezup) -> None:
    published = stamp(rezup, "--remote")
    rezup.run("drop", "dev", "--local", "--yes")
    rezup.run("pull", "dev")
    (row,) = rezup.json("status", "dev")["revisions"]
    assert row["timestamp"] == published


def test_the_interpreters_of_the_machine_are_listed(rezup: Rezup) -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    assert version in {one["version"] for one in rezup.json("python", "list")["pythons"]}
    assert version in rezup.run("python", "list")[0]


def test_every_command_is_here() -> None:
    """Who adds one finds this list, and adds a line to a test above."""
    asked = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    bundle = {"bundle"}  # what it makes is tested with `bundles`; it asks pip
    assert {name for name in COMMANDS if f'"{name}"' not in asked} <= bundle


STEERING = "\x1b]0;pwned\x07\x9b31m\u202e"
SHOWN = "\\x1b]0;pwned\\x07\\x9b31m\\u202e"


def test_no_text_of_others_steers_the_terminal(rezup: Rezup, tmp_path: Path) -> None:
    stamp(rezup, "--remote", "-m", f"why{STEERING}\nrezup: warning: all is well")
    told = [
        *rezup.run("status", "dev"),
        *rezup.run("history", "dev"),
        *rezup.run("status", "dev", "--json"),
        *rezup.run("history", "dev", "--json"),
    ]
    rezup.run("drop", "dev", "--local", "--yes")
    told += rezup.run("pull", "dev")
    recipe = tmp_path / "bad.toml"
    recipe.write_text('"\\u001b]0;pwned\\u0007\\u009b31m\\u202e" = 1\n', encoding="utf-8")
    told += rezup.run("recipe", "check", "-f", str(recipe), status=3)
    told += rezup.run("use", STEERING, status=125)
    told += rezup.run("bundle", "--verify", str(tmp_path / STEERING), status=4)
    text = "".join(told)
    assert not set(text) & set("\x1b\x07\x9b\u202e")
    assert text.count(SHOWN) >= 6
    assert "\nrezup: warning: all is well" not in text


def files(*roots: Path) -> dict[str, bytes]:
    """Every file below some folders, but for the caches and what was accepted, with its content."""
    found = (path for root in roots for path in root.rglob("*") if not {".cache", ".local"} & set(path.parts))
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in found}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("add dev", "Compared with dev@"),
        ("add dev --remote", "Nothing differs"),
        ("pull dev", "is ready here already"),
        ("pin dev@~1 --remote", "Would pin dev to "),
        ("unpin dev --local", "Would unpin dev on this machine"),
        ("rollback dev --remote", "Would roll dev back from "),
        ("tag dev good --local", "dev@good would be "),
        ("untag dev tested --local", "Would remove the label dev@tested"),
        ("gc dev --keep 1 --local", "would be removed"),
        ("gc dev --keep 1 --remote", "would be removed"),
        ("drop dev --local", "Would remove "),
        ("drop dev --remote", "for the whole studio, with 2 revisions"),
    ],
)
def test_a_dry_run_tells_and_changes_nothing(rezup: Rezup, line: str, told: str) -> None:
    stamp(rezup, "--remote")
    stamp(rezup, "--remote")
    rezup.run("tag", "dev", "tested", "--local")
    rezup.run("pin", "dev", "--local")
    before = files(rezup.office.home, rezup.office.remote)
    words = [*line.split(), "--dry-run"]
    assert told in "".join(rezup.run(*words))
    data = rezup.json(*words)
    assert data["dry_run"] is True
    assert files(rezup.office.home, rezup.office.remote) == before


def test_acts_tell_programs_what_they_have_done(rezup: Rezup) -> None:
    first = rezup.json("add", "dev", "--remote", "-m", "one")
    assert (first["added"], first["published"], first["given"]) == (True, True, True)
    second = rezup.json("add", "dev", "--remote")
    back = rezup.json("rollback", "dev", "--remote")
    assert (back["revision"], back["previous"], back["root"]) == (first["revision"], second["revision"], "remote")
    assert rezup.json("pull", "dev")["revision"] == first["revision"]
    assert rezup.json("tag", "dev", "good", "--remote")["label"] == "good"
    assert rezup.json("untag", "dev", "good", "--remote")["revision"] == first["revision"]
    assert rezup.json("unpin", "dev", "--remote")["revision"] == second["revision"]
    assert rezup.json("pin", "dev", "--local")["previous"] == second["revision"]
    gone = rezup.json("drop", "dev", "--local", "--yes")
    assert (gone["removed"], gone["revisions"], gone["left"]) == (True, 2, None)
    out, err = rezup.run("drop", "dev", "--remote", "--json", status=2)
    assert json.loads(out)["error"]["code"] == "usage"
    assert err == ""


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        ("nonesuch --json", 2, "usage"),
        ("status --json --nonesuch", 2, "usage"),
        ("use nonesuch --json -- true", 125, "not-found"),
        ("recipe --json", 2, "usage"),
        ("completion --json", 2, "usage"),
        ("pin dev@nonesuch --json", 4, "not-found"),
    ],
)
def test_what_fails_is_a_document_too(rezup: Rezup, line: str, status: int, code: str) -> None:
    out, err = rezup.run(*line.split(), status=status)
    assert json.loads(out)["error"]["code"] == code
    assert err == ""


def test_warnings_are_in_the_document(rezup: Rezup) -> None:
    stamp(rezup, "--remote")
    stamp(rezup, "--remote")
    rezup.run("rollback", "dev", "--remote")
    out, err = rezup.run("pin", "dev@latest", "--remote", "--json")
    (warning,) = json.loads(out)["warnings"]
    assert "was rolled back from" in warning
    assert warning in err
