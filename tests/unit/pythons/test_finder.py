"""Interpreters of this machine, found by version and by path."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import NotFoundError
from rezup_api.pythons.finder import Finder
from rezup_api.pythons.interpreter import Interpreter, clean_environ, host_interpreter
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

posix = pytest.mark.skipif(os.name == "nt", reason="shims and links of POSIX")
HOST = "{}.{}".format(*sys.version_info)


@pytest.fixture
def find(tmp_path: Path) -> Callable[..., Interpreter]:
    """Find an interpreter on a machine that has only what the variables name."""

    def look(request: str | None, memory: Path | None = None, **variables: str) -> Interpreter:
        environ = {"PATH": os.defpath if os.name == "nt" else "/nowhere", "HOME": str(tmp_path), **variables}
        return Finder(Settings.from_environ(environ), environ, memory).find(request)

    return look


def shim(folder: Path, name: str, python: Path) -> Path:
    """A script that runs an interpreter, as pyenv's do."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\nexec "{python}" "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def link(folder: Path, name: str, python: Path) -> Path:
    """A link to an interpreter under another name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).symlink_to(python)
    return folder / name


@pytest.mark.parametrize("request_", [None, HOST, str(sys.version_info[0]), "{}.{}.{}".format(*sys.version_info)])
def test_the_host_needs_no_search(find: Callable[..., Interpreter], request_: str | None) -> None:
    found = find(request_)
    assert found == host_interpreter()
    assert found.version == sys.version_info[:3]
    assert os.path.samefile(found.executable, getattr(sys, "_base_executable", None) or sys.executable)


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.8", "3.13"])
def test_by_version_on_path(
    find: Callable[..., Interpreter], need_python: Callable[[str], Path], version: str, tmp_path: Path
) -> None:
    python = need_python(version)
    for name in (f"python{version}", f"python{version[0]}", "python"):
        found = find(version, PATH=str(link(tmp_path / name, name, python).parent))
        assert found.version_text.startswith(version + ".")
        assert os.path.samefile(found.executable, python)
    with pytest.raises(NotFoundError):  # its name says that it is another one
        find(version, PATH=str(link(tmp_path / "other", "python3.99", python).parent))


@pytest.mark.parametrize("version", ["2.7", "3.8"])
def test_by_path(find: Callable[..., Interpreter], need_python: Callable[[str], Path], version: str) -> None:
    python = need_python(version)
    assert find(str(python)).version_text.startswith(version + ".")


@posix
def test_the_first_place_that_has_it_is_taken(
    find: Callable[..., Interpreter], need_python: Callable[[str], Path], tmp_path: Path
) -> None:
    old, new = need_python("3.8"), need_python("3.12")
    named = link(tmp_path / "named", "python3", old).parent
    on_path = link(tmp_path / "path", "python3.12", new).parent
    given = {"REZUP_PYTHON_PATH": str(named), "PATH": str(on_path)}
    assert find("3", **given).version[:2] == (3, 8), "REZUP_PYTHON_PATH comes first, whatever is newer elsewhere"
    assert find("3.12", **given).version[:2] == (3, 12), "but a place without a fitting one is passed over"
    assert find("3", PATH=str(on_path)) == host_interpreter(), "the host comes before PATH"


@posix
def test_rezup_python_path_names_files_and_folders(
    find: Callable[..., Interpreter], need_python: Callable[[str], Path], tmp_path: Path
) -> None:
    old, new = need_python("3.8"), need_python("3.12")
    odd = link(tmp_path / "odd", "my-own-interpreter", old)
    folder = link(tmp_path / "folder", "python3.12", new).parent
    given = {"REZUP_PYTHON_PATH": os.pathsep.join([str(tmp_path / "missing"), str(odd), str(folder)])}
    assert find("3.8", **given).version[:2] == (3, 8)
    assert find("3.12", **given).version[:2] == (3, 12)
    assert find("3", **given).version[:2] == (3, 12), "the newest of one place"


@posix
def test_what_stands_behind_a_shim(
    find: Callable[..., Interpreter], need_python: Callable[[str], Path], tmp_path: Path
) -> None:
    python = need_python("3.8")
    path = shim(tmp_path / "shims", "python3.8", python)
    assert os.path.samefile(find("3.8", PATH=str(path.parent)).executable, python)
    assert os.path.samefile(find(str(path)).executable, python)


@posix
@pytest.mark.parametrize(
    "text", ["#!/bin/sh\nexit 127\n", "#!/bin/sh\necho hello\n", "not a program", "#!/bin/sh\necho '{}'\n"]
)
def test_what_is_no_interpreter(find: Callable[..., Interpreter], tmp_path: Path, text: str) -> None:
    path = tmp_path / "bin" / "python3.99"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    with pytest.raises(NotFoundError, match=r"no Python 3\.99 on this machine"):
        find("3.99", PATH=str(path.parent))
    with pytest.raises(NotFoundError, match="is not a Python interpreter that runs here"):
        find(str(path))


@posix
def test_pyenv(find: Callable[..., Interpreter], need_python: Callable[[str], Path], tmp_path: Path) -> None:
    python = need_python("3.8")
    for root in (tmp_path / "elsewhere", tmp_path / ".pyenv"):
        link(root / "versions" / "3.8.99" / "bin", "python", python)
    link(tmp_path / ".pyenv" / "versions" / "3.80.1" / "bin", "python", need_python("3.12"))
    assert find("3.8").version[:2] == (3, 8)
    assert find("3.8", PYENV_ROOT=str(tmp_path / "elsewhere")).version[:2] == (3, 8)
    with pytest.raises(NotFoundError):
        find("3.8", PYENV_ROOT=str(tmp_path / "nowhere"))


@posix
@pytest.mark.parametrize("version", ["3.8", HOST])
def test_an_environment_stands_for_the_interpreter_it_was_made_from(
    find: Callable[..., Interpreter], need_python: Callable[[str], Path], version: str, tmp_path: Path
) -> None:
    python = need_python(version)
    base = find(str(python)).executable
    subprocess.run([base, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    found = find(str(tmp_path / "venv" / "bin" / "python"))
    assert os.path.samefile(found.executable, base)


def test_not_found_lists_what_there_is(
    find: Callable[..., Interpreter], need_python: Callable[[str], Path], tmp_path: Path
) -> None:
    python = need_python("2.7")
    with pytest.raises(NotFoundError) as caught:
        find("3.99", PATH=str(link(tmp_path / "bin", "python2.7", python).parent))
    assert caught.value.message == "no Python 3.99 on this machine"
    assert "2.7." in caught.value.hint
    assert host_interpreter().version_text in caught.value.hint
    assert "REZUP_PYTHON_PATH" in caught.value.hint
    assert caught.value.hint.index(host_interpreter().version_text) < caught.value.hint.index("2.7."), (
        "the newest first"
    )


def test_each_interpreter_is_listed_once(need_python: Callable[[str], Path], tmp_path: Path) -> None:
    python = need_python("2.7")
    folders = [link(tmp_path / name, name, python).parent for name in ("python2.7", "python2", "python")]
    environ = {"PATH": os.pathsep.join(str(folder) for folder in folders), "HOME": str(tmp_path)}
    found = Finder(Settings.from_environ(environ), environ).all()
    assert [item.version[:2] for item in found] == [sys.version_info[:2], (2, 7)]


@pytest.mark.parametrize(
    ("request_", "fits"), [("3.1", False), ("3.8", True), ("3", True), ("3.8.0", False), ("8", False), ("3.80", False)]
)
def test_versions_are_compared_number_by_number(
    find: Callable[..., Interpreter], need_python: Callable[[str], Path], tmp_path: Path, request_: str, fits: bool
) -> None:
    folder = link(tmp_path / "bin", "python", need_python("3.8")).parent
    if not fits:
        with pytest.raises(NotFoundError):
            find(request_, PATH=str(folder))
    else:
        assert find(request_, REZUP_PYTHON_PATH=str(folder)).version[:2] == (3, 8)


@posix
def test_what_was_learnt_is_remembered_until_the_file_changes(
    find: Callable[..., Interpreter], need_python: Callable[[str], Path], tmp_path: Path
) -> None:
    memory = tmp_path / "interpreters.json"
    python = need_python("3.8")
    name = str(link(tmp_path / "bin", "python3.8", python))
    first = find("3.8", memory, PATH=str(tmp_path / "bin"))
    known = json.loads(memory.read_text(encoding="utf-8"))
    assert list(known) == [name]
    # It is not asked again: what the memory says is believed.
    known[name]["machine"] = "remembered"
    memory.write_text(json.dumps(known), encoding="utf-8")
    assert find("3.8", memory, PATH=str(tmp_path / "bin")).machine == "remembered"
    # Another file under the same name is.
    Path(name).unlink()
    link(tmp_path / "bin", "python3.8", need_python("3.12"))
    with pytest.raises(NotFoundError):
        find("3.8", memory, PATH=str(tmp_path / "bin"))
    assert first.machine != "remembered"


@posix
def test_a_shim_is_asked_every_time(
    find: Callable[..., Interpreter], need_python: Callable[[str], Path], tmp_path: Path
) -> None:
    memory = tmp_path / "interpreters.json"
    path = shim(tmp_path / "shims", "python3", need_python("3.8"))
    assert find("3.8", memory, PATH=str(path.parent)).version[:2] == (3, 8)
    assert not memory.exists(), "its answer depends on more than its file"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 1}'])
def test_a_damaged_memory_is_no_obstacle(
    find: Callable[..., Interpreter], need_python: Callable[[str], Path], tmp_path: Path, text: str
) -> None:
    memory = tmp_path / "interpreters.json"
    python = need_python("3.8")
    memory.write_text(text.replace("x", str(python)), encoding="utf-8")
    assert find(str(python), memory).version[:2] == (3, 8)


def test_a_memory_that_cannot_be_written_is_no_obstacle(
    find: Callable[..., Interpreter], need_python: Callable[[str], Path], tmp_path: Path
) -> None:
    python = need_python("3.8")
    assert find(str(python), tmp_path / "missing" / "interpreters.json").version[:2] == (3, 8)


@posix
def test_variables_of_another_python_do_not_mislead(
    find: Callable[..., Interpreter], need_python: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong module')", encoding="utf-8")
    python = need_python("2.7")
    found = find(str(python), PYTHONPATH=str(tmp_path), PYTHONHOME=str(tmp_path))
    assert found.version[:2] == (2, 7)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("PATH", True),
        ("PIP_INDEX_URL", True),
        ("UV_INDEX", True),
        ("HTTPS_PROXY", True),
        ("PYENV_ROOT", True),
        ("PYTHONHOME", False),
        ("PYTHONPATH", False),
        ("PYTHONDONTWRITEBYTECODE", False),
        ("PYTHONOPTIMIZE", False),
        ("__PYVENV_LAUNCHER__", False),
        ("VIRTUAL_ENV", False),
        ("VIRTUALENV_PIP", False),
        ("CONDA_PREFIX", False),
        ("PIP_TARGET", False),
        ("PIP_USER", False),
        ("PIP_REQUIRE_VIRTUALENV", False),
    ],
)
def test_clean_environ(name: str, kept: bool) -> None:
    assert clean_environ({name: "x", "HOME": "/h"}) == ({name: "x", "HOME": "/h"} if kept else {"HOME": "/h"})


def test_identity_tells_what_an_environment_depends_on() -> None:
    one = Interpreter("/a/python", (3, 8, 18), "CPython", "x86_64")
    others = [
        Interpreter("/b/python", (3, 8, 18), "CPython", "x86_64"),
        Interpreter("/a/python", (3, 8, 19), "CPython", "x86_64"),
        Interpreter("/a/python", (3, 8, 18), "PyPy", "x86_64"),
        Interpreter("/a/python", (3, 8, 18), "CPython", "arm64"),
    ]
    assert len({one.identity, *(other.identity for other in others)}) == 5
    assert one.version_text == "3.8.18"


@posix
def test_an_interpreter_that_never_answers_does_not_hold_up_the_others(
    find: Callable[..., Interpreter],
    need_python: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rezup_api.pythons.finder.PROBE_TIMEOUT", 0.3)
    slow = tmp_path / "bin" / "python"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 60\n", encoding="utf-8")
    slow.chmod(0o755)
    link(tmp_path / "bin", "python3.8", need_python("3.8"))
    assert find("3.8", PATH=str(slow.parent)).version[:2] == (3, 8)
