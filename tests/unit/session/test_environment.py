"""The environment of a session as a pure function of the caller's, the recipe and the revision."""

from __future__ import annotations

from pathlib import Path

import pytest

from rezup_api.errors import LaunchError
from rezup_api.events import Event, Warned, silent
from rezup_api.recipe.load import load_recipe
from rezup_api.session.environment import MEMORY, session_environ, without_session
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.metadata import Environment, Metadata
from rezup_api.store.revision import Revision

OUTER = {"HOME": "/h", "PATH": "/usr/bin:/bin", "KEEP": "kept"}


def make_revision(name: str = "dev", venvs: tuple[str, ...] = ("rez",), remote: str = "") -> Revision:
    metadata = Metadata(1, "3.0.0", environments=tuple(Environment(venv) for venv in venvs), remote=remote)
    return Revision(ContainerFolder(Path("/r"), name), "1.000001", metadata, "")


def enter(recipe: str, tmp_path: Path, environ: dict[str, str], revision: Revision | None = None) -> dict[str, str]:
    path = tmp_path / "rezup.toml"
    path.write_text(recipe, encoding="utf-8")
    revision = revision or make_revision()
    return dict(session_environ(revision, load_recipe("dev", path), environ, silent).values)


def test_the_tools_come_first_and_the_rest_stays(tmp_path: Path) -> None:
    session = enter("", tmp_path, OUTER, make_revision(venvs=("rez", "other")))
    first = "/r/dev/revisions/1.000001/venv/rez/bin/rez"
    second = "/r/dev/revisions/1.000001/venv/other/bin/rez"
    assert session["PATH"] == f"{first}:{second}:/usr/bin:/bin"
    assert session["KEEP"] == "kept"
    assert session["REZUP_CONTAINER"] == "dev"
    assert session["REZUP_REVISION"] == "/r/dev/revisions/1.000001"
    assert session["REZUP_USING_REMOTE"] == ""


def test_a_pulled_revision_says_so(tmp_path: Path) -> None:
    assert enter("", tmp_path, OUTER, make_revision(remote="/share"))["REZUP_USING_REMOTE"] == "yes"


def test_without_a_path_there_is_no_empty_entry(tmp_path: Path) -> None:
    # An empty entry would mean the working folder.
    assert enter("", tmp_path, {"HOME": "/h"})["PATH"] == "/r/dev/revisions/1.000001/venv/rez/bin/rez"


def test_values_expand_and_see_those_before_them(tmp_path: Path) -> None:
    recipe = '[env]\nA = "${KEEP}/a"\nB = "${A}/b"\nC = "${UNSET:-fallback}"\nD = "$KEEP"\n'
    session = enter(recipe, tmp_path, OUTER)
    assert [session[name] for name in "ABCD"] == ["kept/a", "kept/a/b", "fallback", "$KEEP"]


def test_later_files_and_the_env_table_win(tmp_path: Path) -> None:
    (tmp_path / "one.env").write_text("A=1\nB=1\nC=1\nD=${A}${KEEP}\n")
    (tmp_path / "two.env").write_text("export B=2\nC='2'\n")
    (tmp_path / "linux.env").write_text("L=linux\nC=l\n")
    recipe = (
        '[dotenv]\n2 = "two.env"\n1 = "one.env"\n[dotenv.linux]\na = "linux.env"\n[dotenv.windows]\na = "no.env"\n'
        '[env]\nE = "${B}"\n'
    )
    session = enter(recipe, tmp_path, OUTER)
    assert {name: session[name] for name in "ABCDEL"} == {
        "A": "1",
        "B": "2",
        "C": "l",
        "D": "1kept",
        "E": "2",
        "L": "linux",
    }


def test_a_missing_file_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "rezup.toml"
    path.write_text('[dotenv]\n1 = "gone.env"\n')
    events: list[Event] = []
    session_environ(make_revision(), load_recipe("dev", path), OUTER, events.append)
    assert [type(event) for event in events] == [Warned]
    assert "gone.env" in str(events[0])


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.env").write_bytes(b"A=\xff\xfe\n")
    with pytest.raises(LaunchError, match=r"bad\.env.*UTF-8"):
        enter('[dotenv]\n1 = "bad.env"\n', tmp_path, OUTER)


def test_leaving_gives_back_what_was_there_before(tmp_path: Path) -> None:
    recipe = '[env]\nKEEP = "changed"\nNEW = "new"\nPATH = "/studio/bin:${PATH}"\n'
    session = enter(recipe, tmp_path, OUTER)
    assert session["KEEP"] == "changed"
    assert "/studio/bin" in session["PATH"].split(":")
    assert without_session(session) == OUTER


def test_what_the_user_changed_inside_stays(tmp_path: Path) -> None:
    session = enter('[env]\nKEEP = "changed"\n', tmp_path, OUTER)
    inside = {**session, "KEEP": "mine", "PATH": f"/my/bin:{session['PATH']}"}
    left = without_session(inside)
    assert left == {**OUTER, "KEEP": "mine", "PATH": "/my/bin:/usr/bin:/bin"}


def test_a_nested_session_knows_nothing_of_the_outer_one(tmp_path: Path) -> None:
    outer = enter('[env]\nA = "outer"\n', tmp_path, OUTER)
    inner = enter('[env]\nB = "inner"\n', tmp_path, without_session(outer), make_revision("other"))
    assert "A" not in inner
    assert inner["PATH"] == "/r/other/revisions/1.000001/venv/rez/bin/rez:/usr/bin:/bin"
    assert without_session(inner) == OUTER


@pytest.mark.parametrize("memory", ["", "nonsense", "[]", '{"changed": 3}', '{"changed": {"A": 1}}', '{"path": 3}'])
def test_a_damaged_memory_is_passed_over(memory: str) -> None:
    assert without_session({**OUTER, MEMORY: memory}) == OUTER
