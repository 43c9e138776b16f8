"""Rez's package definition: one case for each family of what a `package.py` may say, built and resolved by a revision's tools."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.repositories import package
from tests.e2e.rez.conftest import COMPARED, kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.repositories import RezUser

# What a package says is understood by Rez, however it was installed; test_installation.py has the kinds of install.
pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="packages with commands of POSIX shells"),
    pytest.mark.parametrize("installed", kinds(COMPARED), indirect=True),
]

# What is built has nothing to compile: its files are copied.
COPY = """build_command = 'cp -r "{root}/files/." "$REZ_BUILD_INSTALL_PATH"'"""


def definition(user: RezUser, name: str, version: str = "1.0") -> str:
    """The `package.py` of what was built."""
    return (user.local / name / version / "package.py").read_text(encoding="utf-8")


def test_early_functions_are_settled_when_a_package_is_built(user: RezUser) -> None:
    text = """
name = "tool"
version = "1.0"
build_command = False
@early()
def description():
    return "built for %s" % (building and "keeps")
@early()
def requires():
    import os
    return [os.environ["WANTED"]]
"""
    package(user.released, "paint", "2.1")
    user.variables["WANTED"] = "paint-2"
    user.build(user.source("tool", text))
    user.variables["WANTED"] = "nothing"
    assert "paint-2" in definition(user, "tool")
    assert "def requires" not in definition(user, "tool")
    assert user.inside("tool", "echo $REZ_PAINT_VERSION") == "2.1"


def test_late_functions_are_asked_in_each_context(user: RezUser) -> None:
    text = """
@late()
def tools():
    return ["plain"] + (["extra"] if in_context() and "extra" in request else [])
"""
    package(user.released, "tool", "1.0", text)
    package(user.released, "extra", "1.0")
    assert user.inside("tool", "rez-context --tools").count("extra") == 0
    told = user.inside("tool extra", "rez-context --tools")
    assert "plain" in told
    assert "extra" in told


def test_included_modules_travel_with_the_package(user: RezUser) -> None:
    modules = user.folder / "modules"
    modules.mkdir()
    (modules / "naming.py").write_text("def greeting(name):\n    return 'hello ' + name\n", encoding="utf-8")
    user.variables["REZ_PACKAGE_DEFINITION_PYTHON_PATH"] = str(modules)
    text = """
name = "tool"
version = "1.0"
build_command = False
@include("naming")
def commands():
    env.GREETING = naming.greeting("you")
"""
    user.build(user.source("tool", text))
    (modules / "naming.py").unlink()
    assert user.inside("tool", "echo $GREETING") == "hello you"


def test_a_preprocessing_function_changes_what_is_built(user: RezUser) -> None:
    text = """
name = "tool"
version = "1.0"
build_command = False
def preprocess(this, data):
    data["description"] = "%s, checked" % this.name
    data["requires"] = ["paint"]
"""
    package(user.released, "paint", "1.0")
    user.build(user.source("tool", text))
    assert "tool, checked" in definition(user, "tool")
    assert user.inside("tool", "echo $REZ_USED_RESOLVE").split() == ["paint-1.0", "tool-1.0"]


def test_requirements_are_expanded(user: RezUser) -> None:
    for version in ("1.2.3", "1.4.5", "2.0.0"):
        package(user.released, "paint", version)
    package(user.released, "glue", "7.8.9")
    text = """
name = "tool"
version = "1.0"
build_command = False
requires = ["paint-1.*"]
@early()
def private_build_requires():
    from rez.package_py_utils import expand_requirement
    return [expand_requirement("glue-**")]
"""
    user.build(user.source("tool", text))
    assert "paint-1.4" in definition(user, "tool")
    assert "glue-7.8.9" in definition(user, "tool")
    assert user.inside("tool", "echo $REZ_PAINT_VERSION") == "1.4.5"


def test_a_package_may_set_what_configures_rez(user: RezUser) -> None:
    elsewhere = user.folder / "elsewhere"
    elsewhere.mkdir()
    text = f"""
name = "tool"
version = "1.0"
build_command = False
with scope("config") as c:
    c.local_packages_path = {str(elsewhere)!r}
"""
    user.build(user.source("tool", text))
    assert (elsewhere / "tool" / "1.0" / "package.py").is_file()
    assert not (user.local / "tool").exists()
    assert user.told("rez-search", "--paths", str(elsewhere), "tool") == "tool-1.0"


@pytest.mark.parametrize("hashed", [False, True])
def test_variants(user: RezUser, hashed: bool) -> None:
    for version in ("1.0", "2.0"):
        package(user.released, "paint", version)
    text = f"""
name = "tool"
version = "1.0"
hashed_variants = {hashed}
variants = [["paint-1"], ["paint-2"]]
{COPY}
def commands():
    env.WHICH = "{{root}}"
    env.INDEX = str(this.index)
"""
    user.build(user.source("tool", text, {"files/marker": "here"}))
    found = {}
    for version in ("1.0", "2.0"):
        root, index = user.inside(f"tool paint=={version}", "echo $WHICH; echo $INDEX").splitlines()
        assert (Path(root) / "marker").read_text(encoding="utf-8") == "here"
        found[version] = (Path(root).relative_to(user.local / "tool" / "1.0").as_posix(), index)
    assert [index for _, index in found.values()] == ["0", "1"]
    subpaths = [subpath for subpath, _ in found.values()]
    if not hashed:
        assert subpaths == ["paint-1", "paint-2"]
        return
    assert all(subpath.startswith("_v/") for subpath in subpaths), "short links to folders named by hashes"
    assert {len(path.name) for path in (user.local / "tool" / "1.0").iterdir() if path.is_dir()} >= {40}


def test_the_phases_of_commands_come_in_their_order(user: RezUser) -> None:
    phases = ("pre_commands", "commands", "post_commands")
    text = "\n".join(f"def {phase}():\n    env.TOLD.append('{{this.name}}:{phase}')" for phase in phases)
    package(user.released, "base", "1.0", text)
    package(user.released, "tool", "1.0", f'requires = ["base"]\n{text}')
    expected = [f"{name}:{phase}" for phase in phases for name in ("base", "tool")]
    separated = {"REZ_ENV_VAR_SEPARATORS_JSON": '{"TOLD": ","}'}
    assert user.inside("tool", "echo $TOLD", **separated).split(",") == expected


def test_commands_for_builds_and_tests_hold_only_there(user: RezUser) -> None:
    text = """
name = "tool"
version = "1.0"
build_command = "echo building-with-$FOR_BUILDS"
tests = {"it": "echo testing-with-$FOR_TESTS"}
def pre_build_commands():
    env.FOR_BUILDS = "hammer"
def pre_test_commands():
    env.FOR_TESTS = "gauge"
"""
    assert "building-with-hammer" in user.build(user.source("tool", text))
    assert "testing-with-gauge" in user.told("rez-test", "tool", "it")
    assert user.inside("tool", "echo [$FOR_BUILDS$FOR_TESTS]") == "[]"


def test_tests_run_on_what_they_say(user: RezUser) -> None:
    for version in ("1.0", "2.0"):
        package(user.released, "paint", version)
    text = """
variants = [["paint-1"], ["paint-2"]]
tests = {
    "always": "echo always-with-$REZ_PAINT_VERSION",
    "asked": {"command": "echo asked-with-$REZ_PAINT_VERSION", "run_on": "explicit"},
    "each": {"command": "echo each-with-$REZ_PAINT_VERSION", "on_variants": True},
    "with": {"command": "echo with-$REZ_GLUE_VERSION", "requires": ["glue"], "run_on": ["default", "pre_release"]},
}
"""
    folder = package(user.released, "tool", "1.0", text)
    package(user.released, "glue", "3.0")
    for name in ("paint-1", "paint-2"):
        (folder / name).mkdir()
    told = user.told("rez-test", "tool")
    assert told.count("\nalways-with-") == 1
    assert "each-with-1.0" in told
    assert "each-with-2.0" in told
    assert "with-3.0" in told
    assert "asked-with" not in told
    assert "asked-with" in user.told("rez-test", "tool", "asked")
    failing = package(user.released, "bad", "1.0", 'tests = {"it": "false"}')
    assert failing.is_dir()
    assert user.run("rez-test", "bad", status=None).returncode != 0


def test_a_build_command_of_its_own(user: RezUser) -> None:
    text = """
name = "tool"
version = "1.0"
private_build_requires = ["paint"]
build_command = "python3 {root}/make.py {install}"
def commands():
    env.PATH.prepend("{root}/bin")
"""
    make = """
import os, sys
target = os.path.join(os.environ["REZ_BUILD_INSTALL_PATH"], "bin")
assert os.environ["REZ_PAINT_VERSION"] == "1.0" and sys.argv[1:] == ["install"]
os.makedirs(target)
path = os.path.join(target, "greet")
with open(path, "w") as stream:
    stream.write("#!/bin/sh\\necho built here\\n")
os.chmod(path, 0o755)
"""
    package(user.released, "paint", "1.0")
    user.build(user.source("tool", text, {"make.py": make}))
    assert user.inside("tool", "greet") == "built here"


def test_cmake_builds(user: RezUser, need_program: Callable[[str], Path]) -> None:
    need_program("cmake")
    need_program("make")
    text = """
name = "tool"
version = "1.0"
build_system = "cmake"
def commands():
    env.PATH.prepend("{root}/bin")
"""
    lists = """
cmake_minimum_required(VERSION 3.5)
project(tool NONE)
include(RezBuild)
rez_install_files(bin/greet DESTINATION . EXECUTABLE)
"""
    files = {"CMakeLists.txt": lists, "bin/greet": "#!/bin/sh\necho by cmake\n"}
    user.build(user.source("tool", text, files))
    assert user.inside("tool", "greet") == "by cmake"


def test_weak_and_conflicting_requests(user: RezUser) -> None:
    for version in ("1.0", "2.0"):
        package(user.released, "paint", version)
    package(user.released, "show", "1.0", 'requires = ["~paint-1"]')
    package(user.released, "modern", "1.0", 'requires = ["!paint-1"]')
    resolved = "echo $REZ_USED_RESOLVE"
    assert user.inside("show", resolved) == "show-1.0", "a weak reference brings nothing in"
    assert set(user.inside("show paint", resolved).split()) == {"show-1.0", "paint-1.0"}, "and limits what comes in"
    assert set(user.inside("modern paint", resolved).split()) == {"modern-1.0", "paint-2.0"}
    assert user.inside("paint !paint-2", resolved) == "paint-1.0"
    refused = user.run("rez-env", "show", "modern", "paint", "-c", "true", status=1)
    assert "conflict" in (refused.stdout + refused.stderr).lower()
