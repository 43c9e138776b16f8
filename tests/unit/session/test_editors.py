"""Settings for editors: what they name, and what they leave to the editor."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from rezup_api.errors import NotFoundError, UsageError
from rezup_api.session.editors import EDITORS, editor_settings, linked_folders
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.revision import Revision

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")

CHANGED = {"PATH": "/tools:/usr/bin:/bin", "STUDIO": "berlin", "GONE": None}


@pytest.fixture
def revision(tmp_path: Path) -> Revision:
    """A revision with an environment for Python 3.9, in which a folder is linked."""
    made = Revision(ContainerFolder(tmp_path, "dev"), "1700000000.000000", None, "")
    packages = made.path / "venv" / "rez" / "lib" / "python3.9" / "site-packages"
    packages.mkdir(parents=True)
    (tmp_path / "sources").mkdir()
    (packages / "linked.pth").write_text(f"{tmp_path}/sources\n", encoding="utf-8")
    return made


def settings(
    form: str, revision: Revision, changed: Mapping[str, str | None] = CHANGED, path: str = "/usr/bin:/bin"
) -> Any:
    return json.loads(editor_settings(form, revision, changed, path))


def test_what_visual_studio_code_gets(revision: Revision, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = revision.path / "venv" / "rez"
    monkeypatch.setattr("sys.platform", "linux")
    found = settings("vscode", revision)
    assert found == {
        "python.defaultInterpreterPath": str(environment / "bin" / "python"),
        "python.terminal.activateEnvironment": False,
        "python.analysis.extraPaths": [
            str(environment / "lib" / "python3.9" / "site-packages"),
            str(revision.folder.root / "sources"),
        ],
        "terminal.integrated.env.linux": {"PATH": "/tools:${env:PATH}", "STUDIO": "berlin", "GONE": None},
    }
    monkeypatch.setattr("sys.platform", "darwin")
    assert "terminal.integrated.env.osx" in settings("vscode", revision)


@pytest.mark.parametrize(
    ("inside", "outside", "written"),
    [
        ("/tools:/usr/bin", "/usr/bin", "/tools:${env:PATH}"),
        ("/tools:/usr/bin", "/bin", "/tools:/usr/bin"),
        ("/tools:/usr/bin", "bin", "/tools:/usr/bin"),
        ("/tools", "", "/tools"),
        ("/usr/bin:/tools", "/usr/bin", "/usr/bin:/tools"),
    ],
)
def test_the_path_of_the_caller_is_left_to_the_editor(
    revision: Revision, inside: str, outside: str, written: str
) -> None:
    (found,) = (
        value for name, value in settings("vscode", revision, {"PATH": inside}, outside).items() if "integrated" in name
    )
    assert found == {"PATH": written}


def test_what_pyright_gets(revision: Revision, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert settings("pyright", revision) == {
        "venvPath": str(revision.path / "venv"),
        "venv": "rez",
        "extraPaths": [str(revision.folder.root / "sources")],
        "pythonVersion": "3.9",
        "pythonPlatform": "Linux",
    }


@pytest.mark.parametrize("form", EDITORS)
def test_a_revision_without_an_environment_is_refused(revision: Revision, form: str) -> None:
    (revision.path / "venv" / "rez").rename(revision.path / "venv" / "other")
    with pytest.raises(NotFoundError, match="no environment for an editor"):
        settings(form, revision)


def test_a_value_that_is_not_utf8_is_refused(revision: Revision) -> None:
    with pytest.raises(UsageError, match="cannot hold") as caught:
        settings("vscode", revision, {"STUDIO": "caf\udce9"})
    assert "--format sh" in caught.value.hint
    assert settings("pyright", revision, {"STUDIO": "caf\udce9"})["venv"] == "rez", "pyright gets no variables"


def test_only_folders_that_exist_are_linked(tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    for folder in (packages, tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
    (packages / "one.pth").write_text(
        f"# a\nimport sys; sys.path\n\n{tmp_path}/a\n../b\n{tmp_path}/gone\n", encoding="utf-8"
    )
    (packages / "two.pth").write_bytes(f"{tmp_path}/b\n".encode() + b"/caf\xe9\n")
    assert linked_folders(packages) == [str(tmp_path / "a"), str(tmp_path / "b")]
