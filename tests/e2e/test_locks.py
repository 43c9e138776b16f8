"""What was published on Monday is what is installed on Friday."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest
import tomli
from packaging.pylock import PackageWheel, Pylock
from tests.e2e.conftest import Machine
from tests.e2e.studio import files_of, publish, publish_files
from tests.packages import Index, project, wheel

from rezup_api.cache.folders import open_caches
from rezup_api.events import silent
from rezup_api.packages.platforms import PlatformTarget, marker_environment, parse_platforms, tags_of
from rezup_api.packages.pylock import parse_lock
from rezup_api.packages.request import main_request
from rezup_api.pythons.interpreter import Interpreter, host_interpreter
from rezup_api.recipe.load import load_recipe
from rezup_api.resolve.engine import LockRequest, surroundings
from rezup_api.resolve.engine_choice import choose_engine
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RECIPE = '[rez]\nurl = "rez==3.4.0"\nlib = ["studio-colours"]\n'


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """The studio's own index."""
    with Index(tmp_path / "index") as serving:
        yield serving


def colours(folder: Path, version: str, text: str) -> Path:
    return wheel(folder, "studio-colours", {"studio_colours.py": f"NAME = {text!r}\n"}, version=version)


def sources(machine: Machine) -> dict[str, str]:
    """The digests of all installed sources of the newest revision."""
    listing = json.loads((machine.revisions("dev")[-1] / "files.rez.json").read_text(encoding="utf-8"))
    return {path: values[0] for path, values in listing["files"].items() if not path.endswith(".pyc")}


def locked(folder: Path) -> Pylock:
    return Pylock.from_dict(tomli.loads((folder / "pylock.rez.toml").read_text(encoding="utf-8")))


def test_all_machines_install_the_same_whatever_is_released_meanwhile(
    publisher: Machine, tmp_path: Path, remote: Path, index: Index
) -> None:
    colours(index.folder, "1.0", "red")
    publisher.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    publisher.recipe(RECIPE, "dev")
    timestamp = publish(publisher)
    lock = locked(remote / "dev" / "revisions" / timestamp)
    assert {str(package.name): str(package.version) for package in lock.packages if package.name != "pip"} == {
        "rez": "3.4.0",
        "studio-colours": "1.0",
    }
    assert all(wheel.hashes["sha256"] for package in lock.packages for wheel in package.wheels or ())

    found = []
    for number in range(2):
        (tmp_path / f"home {number}").mkdir()
        machine = Machine(tmp_path / f"home {number}")  # with empty caches
        machine.variables |= {"REZUP_ROOT_REMOTE": str(remote), "PIP_EXTRA_INDEX_URL": index.url()}
        told = machine.run("-D", "pull", "dev").stderr
        assert "uv pip compile" not in told, "nothing is resolved anew"
        assert locked(machine.revisions("dev")[-1]).packages == lock.packages
        found.append(sources(machine))
        colours(index.folder, f"2.{number}", "blue")
    assert found == [sources(publisher)] * 2

    publisher.run("add", "dev", "--skip-use")
    assert "2.1" in {str(package.version) for package in locked(publisher.revisions("dev")[-1]).packages}


def test_a_file_that_was_replaced_is_refused(publisher: Machine, tmp_path: Path, remote: Path, index: Index) -> None:
    colours(index.folder, "1.0", "red")
    publisher.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    publisher.recipe(RECIPE, "dev")
    publish(publisher)
    colours(index.folder, "1.0", "black")
    (tmp_path / "home of another").mkdir()
    other = Machine(tmp_path / "home of another")
    other.variables |= {"REZUP_ROOT_REMOTE": str(remote), "PIP_EXTRA_INDEX_URL": index.url()}
    refused = other.run("pull", "dev", status=6).stderr
    assert re.search(r"[Hh]ash mismatch", refused)
    assert "studio-colours" in refused or "studio_colours" in refused
    assert other.revisions("dev") == []
    assert other.leftovers("dev") == []


def test_a_damaged_lock_is_an_error(publisher: Machine, consumer: Machine, remote: Path) -> None:
    publisher.recipe('[rez]\nurl = "rez==3.4.0"\n', "dev")
    timestamp = publish(publisher)
    path = remote / "dev" / "revisions" / timestamp / "pylock.rez.toml"
    good = files_of(remote, timestamp)
    path.write_text("nonsense", encoding="utf-8")
    assert f"{path} is not the file that was published" in consumer.run("pull", "dev", status=6).stderr
    path.unlink()
    assert f"{path} is not the file that was published" in consumer.run("pull", "dev", status=6).stderr
    publish_files(remote, {**good, "pylock.rez.toml": b"nonsense"})
    assert "pylock.rez.toml of dev@" in consumer.run("pull", "dev", status=6).stderr
    assert consumer.revisions("dev") == []
    publish_files(remote, {name: data for name, data in good.items() if name != "pylock.rez.toml"})
    assert "Resolved rez" in consumer.run("pull", "dev").stderr, "as for those of rezup 2.x, which have none"
    (revision,) = consumer.revisions("dev")
    metadata = json.loads((revision / "revision.json").read_text(encoding="utf-8"))
    assert [environment["locked"] for environment in metadata["environments"]] == [True]


def test_shared_libraries_are_locked_with_what_uses_them(publisher: Machine, consumer: Machine, index: Index) -> None:
    colours(index.folder, "1.0", "red")
    for machine in (publisher, consumer):
        machine.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    publisher.recipe('[rez]\nurl = "rez==3.4.0"\n[shared]\nname = "production"\nrequires = ["studio-colours"]\n', "dev")
    publish(publisher)
    colours(index.folder, "2.0", "blue")
    told = consumer.run("-D", "pull", "dev").stderr
    assert "uv pip compile" not in told
    for machine in (publisher, consumer):
        words = ("use", "dev", "--", "rez-python", "-c", "import studio_colours; print(studio_colours.NAME)")
        assert machine.run(*words).stdout == "red\n"
    libraries = [{path.name for path in (machine.root / "dev" / "libs").iterdir()} for machine in (publisher, consumer)]
    assert libraries[0] == libraries[1]


def test_the_address_that_the_publisher_saw_comes_last(
    publisher: Machine, tmp_path: Path, remote: Path, index: Index
) -> None:
    colours(index.folder, "1.0", "red")
    publisher.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    publisher.recipe(RECIPE, "dev")
    publish(publisher)
    index.asked.clear()
    (tmp_path / "other").mkdir()
    other = Machine(tmp_path / "other", {"REZUP_ROOT_REMOTE": str(remote)})
    other.run("pull", "dev")
    assert set(index.asked) == {"/files/studio_colours-1.0-py2.py3-none-any.whl"}, "its own index does not have it"
    assert sources(other) == sources(publisher)
    colours(index.folder, "1.0", "black")
    (tmp_path / "third").mkdir()
    third = Machine(tmp_path / "third", {"REZUP_ROOT_REMOTE": str(remote)})
    refused = third.run("pull", "dev", status=6).stderr
    assert "ash mismatch" in refused
    assert "studio-colours" in refused
    assert third.revisions("dev") == []


def test_what_pip_installs_is_locked_from_its_downloads(
    publisher: Machine, tmp_path: Path, remote: Path, index: Index
) -> None:
    colours(index.folder, "1.0", "red")
    publisher.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    publisher.recipe(RECIPE + '[pip]\nengine = "pip"\n', "dev")
    timestamp = publish(publisher)
    lock = locked(remote / "dev" / "revisions" / timestamp)
    assert [str(one) for one in lock.environments or ()] == ['sys_platform == "linux"']
    assert {str(one.name) for one in lock.packages} == {"rez", "studio-colours", "pip"}
    colours(index.folder, "2.0", "blue")
    (tmp_path / "other").mkdir()
    variables = {"REZUP_ROOT_REMOTE": str(remote), "PIP_EXTRA_INDEX_URL": index.url()}
    other = Machine(tmp_path / "other", dict(variables))
    assert "pip download" not in other.run("-D", "pull", "dev").stderr, "nothing is resolved anew"
    assert sources(other) == sources(publisher)
    colours(index.folder, "1.0", "black")
    (tmp_path / "third").mkdir()
    third = Machine(tmp_path / "third", dict(variables))
    assert "DO NOT MATCH THE HASHES" in third.run("pull", "dev", status=6).stderr
    assert third.revisions("dev") == []


def test_python_27_is_locked_too(
    machine: Machine, need_python: Callable[[str], Path], tmp_path: Path, index: Index
) -> None:
    need_python("2.7")
    colours(index.folder, "1.0", "red")
    machine.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    source = project(tmp_path / "old", "old", {"old/__init__.py": "NAME = 'old'\n"}, requires=["studio-colours"])
    machine.recipe(
        f'[rez]\nurl = "rez>=2"\n[[extension]]\nname = "old"\nurl = "{source}"\nisolation = true\npython = 2.7\n', "dev"
    )
    machine.run("add", "dev", "--skip-use")
    text = (machine.revisions("dev")[-1] / "pylock.old.toml").read_text(encoding="utf-8")
    lock = Pylock.from_dict(tomli.loads(text))
    assert str(lock.requires_python) == "==2.7.*"
    assert {"rez", "old", "studio-colours", "pip"} <= {str(one.name) for one in lock.packages}
    metadata = json.loads((machine.revisions("dev")[-1] / "revision.json").read_text(encoding="utf-8"))
    assert [one["locked"] for one in metadata["environments"]] == [True, True]
    colours(index.folder, "2.0", "blue")
    assert "pip download" not in machine.run("-D", "add", "site", "--from", "dev", "--skip-use").stderr


def test_a_platform_without_an_answer_is_left_out(machine: Machine, index: Index) -> None:
    colours(index.folder, "1.0", "red")
    wheel(
        index.folder,
        "studio-shapes",
        {"studio_shapes.py": ""},
        requires=["nonesuch-at-all>=7 ; sys_platform == 'win32'"],
    )
    machine.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    machine.recipe('[rez]\nurl = "rez==3.4.0"\nlib = ["studio-shapes"]\n', "dev")
    machine.run("add", "dev", "--skip-use")
    lock = locked(machine.revisions("dev")[-1])
    assert [str(one) for one in lock.environments or ()] == ['sys_platform == "linux"', 'sys_platform == "darwin"']
    assert {str(one.name) for one in lock.packages} == {"rez", "studio-shapes", "pip"}
    machine.recipe(
        '[rez]\nurl = "rez==3.4.0"\nlib = ["studio-shapes"]\n[lock]\nplatforms = ["linux", "windows"]\n', "dev"
    )
    assert "nonesuch-at-all" in machine.run("add", "dev", "--skip-use", status=6).stderr


def test_a_lock_for_the_platforms_that_the_recipe_names(machine: Machine, index: Index) -> None:
    wheel(index.folder, "studio-mac", {"studio_mac.py": ""})
    colours(index.folder, "1.0", "red")
    wheel(index.folder, "studio-shapes", {"studio_shapes.py": ""}, requires=["studio-mac ; sys_platform == 'darwin'"])
    machine.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    machine.recipe('[rez]\nurl = "rez==3.4.0"\nlib = ["studio-shapes"]\n', "dev")
    machine.run("add", "dev", "--skip-use")
    assert "studio-mac" in {str(one.name) for one in locked(machine.revisions("dev")[-1]).packages}
    machine.recipe(
        '[rez]\nurl = "rez==3.4.0"\nlib = ["studio-shapes"]\n[lock]\nplatforms = ["linux", "windows"]\n', "dev"
    )
    machine.run("add", "dev", "--skip-use")
    lock = locked(machine.revisions("dev")[-1])
    assert "studio-mac" not in {str(one.name) for one in lock.packages}
    assert len(lock.environments or ()) == 2


def test_a_lock_made_here_has_wheels_for_every_platform_and_python(tmp_path: Path) -> None:
    """Linux, macOS and Windows, with each Python from 3.9 to 3.13, for Rez and rez-pip."""
    host = host_interpreter()
    recipe_file = tmp_path / "rezup.toml"
    recipe_file.write_text('[rez]\nurl = "rez==3.4.0"\nlib = ["rez-pip"]\n', encoding="utf-8")
    recipe = load_recipe("dev", recipe_file)
    caches = open_caches(tmp_path)
    around = surroundings(
        recipe, Settings.from_environ(os.environ), os.environ, work=tmp_path, caches=caches, report=silent, holding=(),
        prefix=tmp_path,
    )  # fmt: skip
    oldest = Interpreter(host.executable, (3, 9, 0), host.implementation, host.machine)
    locking = choose_engine(recipe, host, around).lock(
        main_request(recipe, oldest, {}), LockRequest(), lambda name: tmp_path
    )
    assert locking is not None
    lock = parse_lock(locking.result())
    without: set[str] = set()
    for platform, machine in parse_platforms(["linux", "macos", "windows"]):
        for minor in range(9, 14):
            target = PlatformTarget(platform, machine, (3, minor))
            names = set()
            for package, chosen in lock.selected(marker_environment(target), tags_of(target)):
                names.add(str(package.name))
                if not isinstance(chosen, PackageWheel):
                    assert not package.wheels, f"{package.name} has wheels, but none for {target}"
                    without.add(str(package.name))
            assert {"rez", "rez-pip", "pip", "packaging"} <= names, target
    assert without <= {"patch-ng"}, "which is released as sources only"
