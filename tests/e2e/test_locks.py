"""What was published on Monday is what is installed on Friday."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import tomli
from packaging.pylock import Pylock
from tests.e2e.conftest import Machine
from tests.e2e.packages import Index, wheel
from tests.e2e.studio import publish

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
    publisher: Machine, new_machine: Callable[[], Machine], remote: Path, index: Index
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
    machines = [new_machine() for _ in range(2)]
    for number, machine in enumerate(machines):
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
    path.write_text("nonsense", encoding="utf-8")
    assert "pylock.rez.toml of dev@" in consumer.run("pull", "dev", status=6).stderr
    assert consumer.revisions("dev") == []
    path.unlink()
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
