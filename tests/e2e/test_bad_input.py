"""Bad input, bad places: one clear error, the right exit status, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.packages import project

from rezup_api.pythons.interpreter import host_interpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.conftest import Machine

posix = pytest.mark.skipif(os.name == "nt", reason="a POSIX system's")


def errors(said: str) -> int:
    """How many errors are told."""
    return sum(line.startswith("rezup: ") for line in said.splitlines())


def refused(machine: Machine, *words: str, status: int) -> str:
    """What rezup says when it refuses, which is said once; neither a revision nor anything half-made is left."""
    done = machine.run(*words, status=status)
    assert done.stdout == ""
    said: str = done.stderr
    assert errors(said) == 1, said
    assert machine.revisions() == []
    assert machine.leftovers() == []
    return said


def both(machine: Machine, status: int) -> str:
    """`add` refuses with its own status, `use` with the one of a launch that failed, both for the same reason."""
    said = refused(machine, "add", status=status)
    assert refused(machine, "use", "--", "true", status=125).splitlines()[-1] == said.splitlines()[-1]
    return said


# What a root is


@pytest.mark.parametrize("where", ["recipe", "variable"])
@pytest.mark.parametrize("kind", ["local", "remote"])
def test_a_root_of_a_kind_that_rezup_does_not_know(cold_machine: Machine, where: str, kind: str) -> None:
    url = "s3://studio/rezup"
    if where == "recipe":
        cold_machine.recipe(f'[root]\n{kind} = "{url}"\n')
    else:
        cold_machine.variables[f"REZUP_ROOT_{kind.upper()}"] = url
    said = both(cold_machine, 2)
    assert f"the {kind} root {url} is of a kind that this rezup does not know: s3://" in said
    assert "-> name a folder" in said
    assert not (cold_machine.home / "s3:").exists()


# What a recipe says


def test_broken_toml(cold_machine: Machine) -> None:
    path = cold_machine.recipe("[rez]\nurl = rez\n")
    said = both(cold_machine, 3)
    assert f"{path}: line 2" in said
    assert "quotes" in said


def test_three_faults_are_told_together(cold_machine: Machine) -> None:
    path = cold_machine.recipe('[rez]\nuri = "rez"\nflags = "-E"\n[[extension]]\nurl = "foo"\n')
    said = both(cold_machine, 3)
    assert "the recipe has 3 problems" in said
    for key in ("rez.uri", "rez.flags", "extension[0].name"):
        assert f"{path}: {key}: " in said
    assert "did you mean rez.url?" in said


def test_a_recipe_that_is_not_there(cold_machine: Machine) -> None:
    assert "missing.toml" in refused(cold_machine, "add", "--file", "missing.toml", status=4)


def test_a_recipe_that_is_a_folder(cold_machine: Machine) -> None:
    (cold_machine.home / "rezup.toml").mkdir()
    assert str(cold_machine.home / "rezup.toml") in refused(cold_machine, "add", status=3)


@pytest.mark.parametrize("option", ["https://example.com/simple", "prefer-binary"])
def test_options_of_pip_that_are_none(machine: Machine, option: str) -> None:
    machine.recipe(f'[pip]\noptions = ["{option}"]')
    said = both(machine, 3)
    assert "pip.options" in said
    assert option in said


def test_an_option_that_pip_does_not_know(machine: Machine) -> None:
    machine.recipe('[rez]\nurl = "rez==3.4.0"\n[pip]\noptions = ["--no-such-option"]')
    said = refused(machine, "add", status=6)
    assert "no such option: --no-such-option" in said


# What is asked for


@pytest.mark.parametrize("name", ["../x", ".x", "a/b", "", "a b", "..", "x\ny"])
def test_a_name_that_no_container_can_have(cold_machine: Machine, name: str) -> None:
    assert repr(name) in refused(cold_machine, "add", name, status=2)
    assert "is not a container name" in refused(cold_machine, "status", name, status=2)
    refused(cold_machine, "drop", name, "--yes", status=2)
    refused(cold_machine, "use", name, "--", "true", status=125)
    assert sorted(os.listdir(cold_machine.home)) == []


def test_an_unknown_container(machine: Machine) -> None:
    said = refused(machine, "use", "nope", "--", "true", status=125)
    assert "there is no container nope" in said
    assert "rezup add nope" in said
    refused(machine, "status", "nope", status=4)
    refused(machine, "drop", "nope", "--yes", status=4)
    assert not (machine.root / "nope").exists()


def test_an_unknown_revision(machine: Machine) -> None:
    machine.run("add")
    for revision in ("9", "nope", "~1", "1619780350.588625"):
        done = machine.run("use", f".main@{revision}", "--", "true", status=125)
        assert done.stderr.startswith("rezup: .main has no revision"), done.stderr


def test_an_interpreter_that_is_not_there(machine: Machine) -> None:
    machine.recipe("[rez]\npython = 3.99")
    said = both(machine, 4)
    assert "no Python 3.99 on this machine" in said
    assert "REZUP_PYTHON_PATH" in said
    assert host_interpreter().executable in said
    machine.recipe('[rez]\npython = "/no/such/python"')
    assert "/no/such/python" in both(machine, 4)


def test_a_package_that_does_not_exist(machine: Machine) -> None:
    machine.recipe('[rez]\nurl = "rez==3.4.0"\nlib = ["no-such-distribution-for-rezup"]')
    said = both(machine, 6)
    assert "no-such-distribution-for-rezup" in said
    assert "check the name and the version in the recipe" in said


def test_a_version_that_does_not_exist(machine: Machine) -> None:
    machine.recipe('[rez]\nurl = "rez==99.99"')
    assert "rez==99.99" in refused(machine, "add", status=6)


@pytest.mark.parametrize("engine", ["uv", "pip"])
def test_a_package_that_cannot_be_built(machine: Machine, tmp_path: Path, engine: str) -> None:
    folder = project(tmp_path / "broken", "broken-tool", {"broken_tool/__init__.py": ""})
    (folder / "setup.py").write_text("raise SystemExit('there is no compiler')\n", encoding="utf-8")
    machine.recipe(
        f'[rez]\nurl = "rez==3.4.0"\n[[extension]]\nname = "broken-tool"\nurl = "{folder}"\n[pip]\nengine = "{engine}"'
    )
    assert "there is no compiler" in refused(machine, "add", status=6)


@pytest.mark.parametrize("engine", ["uv", "pip"])
def test_a_wheel_that_is_none(machine: Machine, tmp_path: Path, engine: str) -> None:
    path = tmp_path / "broken_tool-1.0-py3-none-any.whl"
    path.write_bytes(b"PK\x03\x04 and nothing more")
    machine.recipe(f'[rez]\nurl = "rez==3.4.0"\nlib = ["{path}"]\n[pip]\nengine = "{engine}"')
    assert path.name in refused(machine, "add", status=6)


@posix
@pytest.mark.parametrize("engine", ["uv", "pip"])
def test_an_index_that_refuses(cold_machine: Machine, engine: str) -> None:
    with socket.socket() as taken:  # bound, and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        cold_machine.recipe(f'[pip]\nengine = "{engine}"')
        cold_machine.variables |= {"PIP_INDEX_URL": f"http://127.0.0.1:{port}/simple", "PIP_RETRIES": "1"}
        said = refused(cold_machine, "add", status=6)
    assert str(port) in said
    assert "the index does not answer" in said


# Where it is to go


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system that is too small for a revision; the parameter says how small."""
    folder = tmp_path / "small"
    folder.mkdir()
    if shutil.which("mount") is None or os.getuid() != 0:
        pytest.skip("only root can mount a small file system")
    words = ["mount", "-t", "tmpfs", "-o", f"size={request.param}", "tmpfs", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@posix
@pytest.mark.parametrize("small_disk", ["64k", "4m", "14m", "20m"], indirect=True)
def test_a_full_disk(cold_machine: Machine, small_disk: Path) -> None:
    cold_machine.variables["REZUP_ROOT_LOCAL"] = str(small_disk)
    said = refused(cold_machine, "add", status=6)
    assert "No space left on device" in said
    assert "REZUP_ROOT_LOCAL" in said.splitlines()[-1]


@posix
@pytest.mark.parametrize("small_disk", ["2m"], indirect=True)
def test_a_disk_too_full_for_what_is_cached_elsewhere(machine: Machine, small_disk: Path, warm_caches: Path) -> None:
    machine.run("add")
    machine.variables["REZUP_ROOT_LOCAL"] = str(small_disk)
    (small_disk / ".cache").symlink_to(warm_caches)
    assert "No space left on device" in refused(machine, "add", status=6)


@posix
def test_a_root_that_cannot_be_written(unprivileged: Machine) -> None:
    unprivileged.root.mkdir(mode=0o555)
    said = both(unprivileged, 6)
    assert f"{unprivileged.root}" in said
    assert "Permission denied" in said
    assert os.listdir(unprivileged.root) == []


def test_a_root_that_is_a_file(cold_machine: Machine) -> None:
    cold_machine.root.write_text("mine", encoding="utf-8")
    said = refused(cold_machine, "add", status=6)
    assert str(cold_machine.root) in said
    refused(cold_machine, "use", "--", "true", status=125)
    refused(cold_machine, "status", status=6)
    assert cold_machine.root.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["revisions", ".staging", "."])
def test_a_file_where_a_folder_belongs(machine: Machine, name: str) -> None:
    path = machine.root / ".main" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    for words, status in ((("add",), 6), (("use", "--", "true"), 125)):
        done = machine.run(*words, status=status)
        assert errors(done.stderr) == 1
        assert str(path) in done.stderr
    assert path.read_text(encoding="utf-8") == "mine"
    if name == "revisions":
        assert str(path) in machine.run("status", ".main", status=6).stderr


@pytest.mark.parametrize(
    ("text", "reason"), [("raise ValueError('no share')", "ValueError: no share"), ("x = (", "SyntaxError")]
)
def test_a_site_script_that_raises(cold_machine: Machine, text: str, reason: str) -> None:
    script = cold_machine.home / "site.py"
    script.write_text(f"\n{text}\n", encoding="utf-8")
    cold_machine.recipe(f'[init]\nscript = "{script}"')
    said = both(cold_machine, 3)
    assert f"{script}, line 2" in said
    assert reason in said
    assert "REZUP_SKIP_INIT=1" in said
    assert not cold_machine.root.exists()


def test_a_site_script_that_is_missing(cold_machine: Machine) -> None:
    cold_machine.recipe('[init]\nscript = "gone.py"')
    assert "gone.py" in both(cold_machine, 3)


# What lies where revisions belong


def row(machine: Machine, timestamp: str) -> dict[str, object]:
    """What `status` says of a revision."""
    rows = machine.json("status", ".main")["revisions"]
    found: dict[str, object] = next(item for item in rows if item["timestamp"] == timestamp)
    return found


NEWER = "99999999999.000000"


def test_a_revision_that_is_a_file(machine: Machine) -> None:
    machine.run("add")
    path = machine.revisions()[0].with_name(NEWER)
    path.write_text("mine", encoding="utf-8")
    assert row(machine, NEWER)["obstacle"] == "it is not a folder"
    machine.run("use", "--", "rez", "--version")
    assert "it is not a folder" in machine.run("use", f".main@{NEWER}", "--", "true", status=125).stderr
    machine.run("add")
    assert path.read_text(encoding="utf-8") == "mine"
    assert len(machine.revisions()) == 3


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "x"', "\0"])
def test_damaged_metadata(machine: Machine, text: str) -> None:
    machine.run("add")
    machine.run("add")
    older, newer = machine.revisions()
    (newer / "revision.json").write_text(text, encoding="utf-8")
    assert "damaged" in str(row(machine, newer.name)["obstacle"])
    assert row(machine, older.name)["current"]
    told = machine.run("use", "--", "sh", "-c", "echo $REZUP_REVISION").stdout.strip()
    assert told == str(older), "the next ready one is entered"
    said = machine.run("use", f".main@{newer.name}", "--", "true", status=125).stderr
    assert "is damaged" in said
    assert errors(said) == 1


@posix
def test_an_interpreter_that_is_gone(machine: Machine, need_python: Callable[[str], Path], tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python3.9"
    python.parent.mkdir()
    python.symlink_to(need_python("3.9"))
    machine.recipe(f'[rez]\nurl = "rez==3.4.0"\npython = "{python}"')
    machine.run("add")
    (revision,) = machine.revisions()
    python.unlink()
    assert row(machine, revision.name)["obstacle"] == f"its interpreter {python} is missing here"
    said = machine.run("use", f".main@{revision.name}", "--", "true", status=125).stderr
    assert str(python) in said
    machine.recipe('[rez]\nurl = "rez==3.4.0"')
    machine.run("add")
    told = machine.run("use", "--", "sh", "-c", "echo $REZUP_REVISION").stdout.strip()
    assert told == str(machine.revisions()[-1])


def test_why_no_revision_can_be_entered(machine: Machine) -> None:
    machine.run("add", "dev")
    (revision,) = machine.revisions("dev")
    document = json.loads((revision / "revision.json").read_text(encoding="utf-8"))
    document["environments"][0]["interpreter"] = "/gone/python"
    (revision / "revision.json").write_text(json.dumps(document), encoding="utf-8")
    said = machine.run("use", "dev", "--", "true", status=125).stderr
    assert "its interpreter /gone/python is missing here" in said
