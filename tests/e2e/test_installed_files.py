"""What lies in a revision: production scripts that work from anywhere, byte code that is used, files that are shared."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine, tree_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the layout of a POSIX system")
# Without -E an interpreter that sees these ends before it begins.
NONSENSE = {"PYTHONHOME": "/nonsense", "PYTHONPATH": "/nonsense"}


@pytest.fixture(scope="module")
def built(session_machine: Callable[[], Machine]) -> Machine:
    """A machine with two revisions of `.main`, which the tests of this module only look at."""
    machine = session_machine()
    machine.recipe('[rez]\nurl = "rez==3.4.0"\n')
    machine.run("add")
    machine.run("add")
    return machine


@pytest.fixture
def environment(built: Machine) -> Path:
    """The main environment of the older revision."""
    return built.revisions()[0] / "venv" / "rez"


@pytest.fixture
def tools(environment: Path) -> Path:
    """The folder of its production scripts."""
    return environment / "bin" / "rez"


def output(*command: str | Path, cwd: Path | None = None, variables: Mapping[str, str] | None = None) -> str:
    """What a command prints when it succeeds; of this process's variables it gets HOME."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": os.environ["HOME"], "SHELL": "/bin/sh", **(variables or {})}
    done = subprocess.run(command, env=environ, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "pip-based" not in done.stdout + done.stderr
    return done.stdout


def regular_files(folder: Path) -> Iterator[Path]:
    """All files below a folder, without symbolic links."""
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def test_all_tools_of_rez_and_only_those_are_production_scripts(environment: Path, tools: Path) -> None:
    (entry_points,) = environment.glob("lib/*/site-packages/rez-*.dist-info/entry_points.txt")
    named = re.findall(r"^([\w-]+)\s*=", entry_points.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(named) == 33
    assert sorted(path.name for path in tools.iterdir()) == sorted([*named, ".rez_production_install"])
    assert (tools / ".rez_production_install").read_text(encoding="utf-8") == "3.4.0"
    others = {path.name for path in environment.joinpath("bin").iterdir() if path != tools}
    assert others.isdisjoint(named), "an environment's bin folder has no second set of them"
    assert {path.name for path in (environment / "completion").iterdir()} >= {"complete.sh", "complete.csh"}


def test_every_script_gives_its_interpreter_the_flags_and_all_arguments(tools: Path, tmp_path: Path) -> None:
    bin_folder = tmp_path / "with blanks" / "bin"
    shutil.copytree(tools, bin_folder / "rez")
    (tmp_path / "with blanks" / "pyvenv.cfg").touch()
    (bin_folder / "python").write_text('#!/bin/sh\nprintf "<%s>" "$@"\n', encoding="utf-8")
    (bin_folder / "python").chmod(0o755)
    scripts = [path for path in (bin_folder / "rez").iterdir() if not path.name.startswith(".")]
    assert len(scripts) == 33
    for script in scripts:
        given = output(script, "a b", "$HOME", "", "--", "ä'\"\n")
        assert given == f"<-E><{script}><a b><$HOME><><--><ä'\"\n>"


def test_a_tool_does_not_heed_variables_meant_for_another_python(tools: Path) -> None:
    assert output(tools / "rez-env", "-c", "rez-env -c 'echo in two'", variables=NONSENSE).endswith("in two\n")
    assert output(tools / "rez-python", "-c", "import rez; print(rez.__version__)", variables=NONSENSE) == "3.4.0\n"
    assert "/else" not in output(
        tools / "rez-python", "-c", "import sys; print(sys.path)", variables={"PYTHONPATH": "/else"}
    )


def test_the_flags_are_those_of_the_recipe(machine: Machine) -> None:
    machine.recipe('[rez]\nflags = ["-I", "-X", "utf8"]\n')
    machine.run("add")
    script = machine.revisions()[0] / "venv/rez/bin/rez/rez-env"
    head = script.read_text(encoding="utf-8").partition("import sys\n")[0]
    probe = script.with_name("probe")  # no tool of Rez tells the flags it was started with
    body = "import sys; print(sys.flags.isolated, sys.flags.utf8_mode)\n"
    probe.write_text(head.replace("rez-env", "probe") + body, encoding="utf-8")
    probe.chmod(0o755)
    assert output(probe) == "1 1\n"


LINKS = {
    "a link to the script": ("rez", "bin/rez/rez"),
    "a link of another name": ("renamed", "bin/rez/rez"),
    "a link in a folder that looks like ours": ("bin/rez/rez", "bin/rez/rez"),
    "a link to the folder of the scripts": ("tools", "bin/rez"),
    "a link to it of the same name": ("rez", "bin/rez"),
    "a link to the folder of the interpreter": ("bin", "bin"),
    "a link to the environment": ("environment", ""),
    "a link to the root": ("root", "../../../../.."),
}


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("relative", [False, True], ids=["absolute", "relative"])
def test_a_tool_works_through(environment: Path, tmp_path: Path, name: str, relative: bool) -> None:
    link, target = tmp_path / "l" / LINKS[name][0], environment / LINKS[name][1]
    link.parent.mkdir(parents=True)
    link.symlink_to(os.path.relpath(target, link.parent) if relative else target)
    folder = link if target.is_dir() else link.parent
    script = folder / (environment / "bin/rez/rez").relative_to(target.resolve()) if target.is_dir() else link
    called = os.path.relpath(script, tmp_path) if relative else script
    assert output(called, "--version", cwd=tmp_path).startswith("Rez 3.4.0 ")


@pytest.mark.parametrize(
    "called", ["./rez", "../rez/rez", "../../bin/rez/rez", "//{tools}/rez", "{tools}/../rez/./rez"]
)
def test_a_tool_works_by_the_path(tools: Path, called: str) -> None:
    assert output(called.format(tools=tools), "--version", cwd=tools).startswith("Rez 3.4.0 ")


PATHS = {
    "absolute": ("{tools}:/usr/bin:/bin", "."),
    "empty item first": (":/usr/bin:/bin", "bin/rez"),
    "empty item last": ("/usr/bin:/bin:", "bin/rez"),
    "relative": ("bin/rez:/usr/bin:/bin", "."),
}


@pytest.mark.parametrize("item", PATHS)
def test_a_tool_works_from_path(environment: Path, tools: Path, item: str) -> None:
    path, folder = PATHS[item]
    for command, expected in (("rez --version", "Rez 3.4.0 "), ("rez-env -c 'rez-env -c \"echo in\"'", "in\n")):
        told = output("/bin/sh", "-c", command, cwd=environment / folder, variables={"PATH": path.format(tools=tools)})
        assert told.startswith(expected)


def test_the_environments_own_scripts_are_movable_too(environment: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved ä"
    shutil.copytree(environment, moved, symlinks=True)
    assert str(moved) in output(moved / "bin" / "pip", "--version")
    assert str(moved) in output(moved / "bin" / "rez" / "rez-python", "-c", "import pip; print(pip.__file__)")


def test_all_byte_code_is_there(environment: Path) -> None:
    sources = list(environment.glob("lib/**/*.py"))
    assert len(sources) > 800
    for source in sources:
        compiled = Path(importlib.util.cache_from_source(str(source)))
        if compiled.exists():
            header = compiled.read_bytes()[:16]
            assert header[:4] == importlib.util.MAGIC_NUMBER
            assert int.from_bytes(header[4:8], "little") == 1, "of the kind that does not depend on a time stamp"
            assert header[8:] == importlib.util.source_hash(source.read_bytes())
        else:
            with pytest.raises(SyntaxError):
                compile(source.read_bytes(), str(source), "exec")


def test_running_pip_in_it_leaves_no_byte_code_bound_to_time_stamps(machine: Machine) -> None:
    machine.recipe('[rez]\nurl = "rez==3.4.0"\n[pip]\nengine = "pip"')
    machine.run("add", "--skip-use", PYTHONDONTWRITEBYTECODE="")
    compiled = list(machine.revisions()[0].glob("venv/rez/lib/**/*.pyc"))
    assert len(compiled) > 800
    assert {path.read_bytes()[4:8] for path in compiled} == {b"\1\0\0\0"}


def test_byte_code_is_used_and_nothing_is_compiled(environment: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(environment, copy, symlinks=True, copy_function=shutil.copyfile)  # with time stamps of now
    for python in (environment / "bin" / "python", copy / "bin" / "python"):
        done = subprocess.run(
            [python, "-E", "-v", "-c", "import rez.config, rez.resolved_context, rez.cli._main, pip._internal"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        code = re.findall(r"^# code object from '?(.+?)'?$", done.stderr, re.MULTILINE)
        ours = [str(path) for path in code if "/site-packages/" in path]
        assert len(ours) > 100
        assert [path for path in ours if not path.endswith(".pyc")] == []
        assert "# wrote" not in done.stderr


def test_using_an_environment_does_not_change_it(built: Machine, environment: Path, tools: Path, home: Path) -> None:
    before = tree_digest(built.revisions()[0])
    packages = home / "packages"
    for command in (
        ("rez-env", "-c", "rez-env -c 'rez-config packages_path'"),
        ("rez-bind", "-i", str(packages), "platform"),
        ("rez-search",),
        ("rez-plugins", "platform"),
        ("rez-python", "-c", "import rez.package_test, rez.pip, pip._internal"),
        ("rez", "--help"),
    ):
        output(tools / command[0], *command[1:])
    output(environment / "bin" / "python", "-c", "import rez.utils.graph_utils")
    output(environment / "bin" / "pip", "list")
    assert (packages / "platform").is_dir()
    assert tree_digest(built.revisions()[0]) == before


def test_the_listing_agrees_with_the_files(built: Machine) -> None:
    for revision in built.revisions():
        listing = json.loads((revision / "files.rez.json").read_text(encoding="utf-8"))
        top = revision / "venv" / "rez"
        files = {
            str(path.relative_to(top)): (
                hashlib.sha256(path.read_bytes()).hexdigest(),
                path.stat().st_size,
                int(bool(path.stat().st_mode & 0o111)),
            )
            for path in regular_files(top)
        }
        assert {name: tuple(values[:3]) for name, values in listing["files"].items()} == files
        links = {str(path.relative_to(top)): os.readlink(path) for path in top.rglob("*") if path.is_symlink()}
        assert listing["links"] == links
        metadata = json.loads((revision / "revision.json").read_text(encoding="utf-8"))
        (data,) = metadata["data"]
        shared = json.loads((revision.parent.parent / ".data" / data / "files.json").read_text(encoding="utf-8"))
        sizes = [size for _, size, *_ in (*files.values(), *shared["files"].values())]
        assert metadata["environments"][0]["size"] == sum(sizes)


def test_data_with_many_folders_is_kept_once(built: Machine) -> None:
    containers = {revision.parent.parent for revision in built.revisions()}
    (container,) = containers
    (shared,) = (container / ".data").iterdir()
    for revision in built.revisions():
        (data,) = revision.glob("venv/rez/lib/*/site-packages/rez/data")
        assert data.resolve() == shared / "data"
        assert (data / "tests").is_dir()
    listing = json.loads((shared / "files.json").read_text(encoding="utf-8"))
    found = {path.relative_to(shared).as_posix() for path in regular_files(shared)}
    assert found == {*listing["files"], "files.json", "shared.json"}


def test_ten_revisions_take_little_more_than_one(cold_machine: Machine) -> None:
    cold_machine.run("add", "--skip-use")
    one = disk_usage(cold_machine.home)
    for _ in range(9):
        cold_machine.run("add", "--skip-use")
    assert len(cold_machine.revisions()) == 10
    assert disk_usage(cold_machine.home) <= 1.3 * one


def disk_usage(folder: Path) -> int:
    """The bytes that a folder takes on the disk, as `du` counts them: folders too, and files of several names once."""
    inodes = {(status.st_dev, status.st_ino): status.st_blocks for status in map(Path.lstat, folder.rglob("*"))}
    return 512 * sum(inodes.values())


def test_no_file_names_where_it_was_prepared_or_lies(built: Machine) -> None:
    for revision in built.revisions():
        for path in regular_files(revision / "venv"):
            content = path.read_bytes()
            assert b"/.staging/" not in content, path
            assert os.fsencode(revision.name) not in content, path


def test_files_that_are_shared_cannot_be_written(built: Machine) -> None:
    if shares_blocks(built.root):
        pytest.skip("this file system shares blocks instead of files")
    first, second = built.revisions()
    names = {path.relative_to(first) for path in regular_files(first / "venv")}
    assert names == {path.relative_to(second) for path in regular_files(second / "venv")}
    for name in names:
        one, other = (first / name).stat(), (second / name).stat()
        assert other.st_mode == one.st_mode
        if one.st_size:
            assert one.st_ino == other.st_ino, f"{name} takes its space twice"
            assert not one.st_mode & 0o222, f"{name} can be written to"
        else:
            assert one.st_nlink == 1, f"{name} is somebody else's too, and can be written to"


@pytest.mark.parametrize("known", [False, True], ids=["first", "after one that shares"])
def test_a_recipe_can_ask_for_files_of_its_own(cold_machine: Machine, known: bool) -> None:
    if known:
        cold_machine.run("add", "shared")
    cold_machine.recipe('[pip]\nlink = "copy"\n', "own")
    cold_machine.run("add", "own")
    cold_machine.run("add", "own")
    first, second = cold_machine.revisions("own")
    for path in regular_files(first):
        one, other = path.stat(), (second / path.relative_to(first)).stat()
        assert (one.st_nlink, other.st_nlink) == (1, 1), path


def shares_blocks(folder: Path) -> bool:
    """Whether the file system makes copies that share blocks, so that links are not needed."""
    if not sys.platform.startswith("linux"):
        return False
    trial = folder / "trial"
    trial.write_text("trial", encoding="utf-8")
    done = subprocess.run(
        ["cp", "--reflink=always", trial, trial.with_name("trial2")], stderr=subprocess.DEVNULL, check=False
    )
    for path in (trial, trial.with_name("trial2")):
        path.unlink(missing_ok=True)
    return done.returncode == 0
