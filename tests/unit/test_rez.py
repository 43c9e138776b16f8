"""Questions asked of the Rez of a revision: how its answers, and its failures, are read; a script stands in for it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from rezup_api.disk.flock import claim
from rezup_api.errors import LaunchError, NotFoundError, RezError, UsageError
from rezup_api.rez import resolve_environ, rez_location, rez_version, run_script
from rezup_api.store.layout import BIN
from rezup_api.store.metadata import FORMAT
from rezup_api.store.revision import load_revision

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.revision import Revision

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for rez-python")

STAMP = "1700000001.000000"
ENVIRON = {"HOME": "/h", "PATH": os.environ["PATH"]}


@pytest.fixture
def revision(folder: ContainerFolder) -> Revision:
    """A revision whose `rez-python` runs the script that it is given with sh."""
    path = folder.revisions / STAMP
    tools = path / "venv" / "rez" / BIN / "rez"
    tools.mkdir(parents=True)
    document = {"format": FORMAT, "rezup_version": "3", "environments": [{"name": "rez"}]}
    (path / "revision.json").write_text(json.dumps(document), encoding="utf-8")
    (path / "rezup.toml").write_text('[env]\nSTUDIO = "berlin"\n', encoding="utf-8")
    (tools / "rez-python").write_text('#!/bin/sh\nshift\nexec /bin/sh "$@"\n', encoding="utf-8")
    (tools / "rez-python").chmod(0o755)
    return load_revision(folder, STAMP)


def answering(revision: Revision, text: str) -> Path:
    """Let its `rez-python` do this, whatever it is given; what it is asked goes into a file."""
    tool = revision.tool_folders[0] / "rez-python"
    asked = revision.path / "asked"
    tool.write_text(f"#!/bin/sh\ncat > {asked}\n{text}\n", encoding="utf-8")
    return asked


@pytest.mark.parametrize(
    ("requests", "asked"),
    [
        (["maya-2019", "~nuke"], {"requests": ["maya-2019", "~nuke"]}),
        ("maya-2019  ~nuke", {"requests": ["maya-2019", "~nuke"]}),
        ((1, "x"), {"requests": ["1", "x"]}),
    ],
)
def test_the_environment_that_rez_resolves(revision: Revision, requests: Any, asked: dict[str, object]) -> None:
    file = answering(revision, """echo '{"environ": {"MAYA": "2019", "N": 1}}'""")
    assert resolve_environ(revision, requests, ENVIRON) == {"MAYA": "2019", "N": "1"}
    assert json.loads(file.read_text(encoding="utf-8")) == {"ask": "environ", **asked}


def test_a_context_is_named_by_its_path(revision: Revision, tmp_path: Path) -> None:
    file = answering(revision, """echo '{"environ": {}}'""")
    context = tmp_path / "shot.rxt"
    with pytest.raises(UsageError, match="there is no context file"):
        resolve_environ(revision, str(context), ENVIRON)
    context.touch()
    for given in (context, str(context)):
        resolve_environ(revision, given, ENVIRON)
        assert json.loads(file.read_text(encoding="utf-8"))["context"] == str(context)


@pytest.mark.parametrize("requests", [[], "", "  "])
def test_nothing_is_no_request(revision: Revision, requests: Any) -> None:
    with pytest.raises(UsageError, match="no package is requested"):
        resolve_environ(revision, requests, ENVIRON)


def test_a_refusal_of_rez_is_told(revision: Revision) -> None:
    answering(revision, """echo '{"error": "package not found: maya"}'""")
    with pytest.raises(RezError, match=f"the Rez of dev@{STAMP} refuses: package not found: maya"):
        resolve_environ(revision, ["maya"], ENVIRON)


def test_what_rez_says_of_itself(revision: Revision) -> None:
    answering(revision, """echo '{"version": "3.4.0", "location": "/x/rez"}'""")
    assert rez_version(revision, ENVIRON) == "3.4.0"
    assert str(rez_location(revision, ENVIRON)) == "/x/rez"


def test_a_script_runs_in_the_session_and_the_revision_is_held(revision: Revision, tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text('echo noise\nprintf \'["%s", "%s", "%s"]\' "$STUDIO" "$1" "$(cat)"\n', encoding="utf-8")
    assert run_script(revision, script, "a b", environ=ENVIRON, stdin="input") == ["berlin", "a b", "input"]
    held = claim(revision.lock_file)
    assert held is not None, "it is let go afterwards"
    held.release()


@pytest.mark.parametrize(
    ("text", "said", "status"),
    [
        ("echo oops >&2; exit 3", r"ended with status 3:\n  oops", 3),
        ("kill -KILL $$", "was ended by signal 9", -9),
        ("echo no json", "printed no JSON, but 'no json'", None),
        ("true", "printed no JSON, but nothing", None),
    ],
)
def test_what_goes_wrong_is_told(revision: Revision, tmp_path: Path, text: str, said: str, status: int | None) -> None:
    script = tmp_path / "script.sh"
    script.write_text(text, encoding="utf-8")
    with pytest.raises(RezError, match=said) as caught:
        run_script(revision, script, environ=ENVIRON)
    if status is not None:
        assert caught.value.status == status


def test_a_script_that_takes_too_long_is_ended(revision: Revision, tmp_path: Path) -> None:
    script = tmp_path / "script.sh"
    script.write_text("sleep 60", encoding="utf-8")
    with pytest.raises(RezError, match="was ended by signal"):
        run_script(revision, script, environ=ENVIRON, timeout=0.2)


def test_a_revision_that_is_gone_or_has_no_rez(revision: Revision) -> None:
    (revision.tool_folders[0] / "rez-python").unlink()
    with pytest.raises(LaunchError):
        rez_version(revision, ENVIRON)
    (revision.path / "revision.json").unlink()
    with pytest.raises(NotFoundError):
        rez_version(revision, ENVIRON)
