"""Each single thing that a launch depends on: when it changes, no record answers any more."""

from __future__ import annotations

import json
import os
import random
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.world import CHANGES, TICK, World, edit_revision, name_script, remove_newest, replace, rewrite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a quick launch ends in exec")


def with_dotenv(world: World) -> None:
    """The newest revision reads the `.env` file."""
    while not world.moment % 2:
        world.revision(world.home / "first" / "dev")


def with_remote(world: World) -> None:
    """The newest revision is published, and reads the `.env` file."""
    CHANGES["a remote root"](world)
    world.moment += world.moment % 2
    world.publish()


def pin_oldest(root: Path) -> None:
    """Pin `dev` to its first revision."""
    path = root / "dev" / "labels" / ".pin"
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, min((root / "dev" / "revisions").iterdir()).name)


def newest_there(world: World) -> Path:
    """The newest published revision."""
    return max((world.share / "dev" / "revisions").iterdir())


def twice_published(world: World) -> None:
    """Two revisions are published."""
    with_remote(world)
    world.publish()


def add_metadata(path: Path) -> None:
    """What makes a folder a revision."""
    document = {"format": 1, "rezup_version": "3.0.0", "environments": [{"name": "rez"}]}
    (path / "revision.json").write_text(json.dumps(document), encoding="utf-8")


def copy_half(container: Path) -> Path:
    """A folder newer than all others, with no metadata in it yet."""
    path = container / "revisions" / "1790000000.000000"
    path.mkdir(parents=True)
    (path / "rezup.toml").write_text('[env]\nMADE = "late"\n', encoding="utf-8")
    return path


def with_more_than_is_published(world: World) -> None:
    """A revision is published, and a newer one made here; no recipe names the remote root yet."""
    world.publish()
    world.revision(world.home / "first" / "dev")


def without_recipe(world: World) -> None:
    """No recipe names a root any more, and there is no default one."""
    (world.home / ".rezup").unlink()
    (world.home / "rezup.toml").unlink()


def nothing(world: World) -> None:
    """Leave the world as it is."""


SEEN: dict[str, tuple[Callable[[World], object], Callable[[World], object]]] = {
    "a recipe": (nothing, lambda world: world.recipe(f'[root]\nlocal = "{world.home}/second"\n')),
    "a recipe of its own": (nothing, CHANGES["a recipe of its own"]),
    "a recipe that is gone": (
        nothing,
        without_recipe,
    ),
    "a script": (nothing, name_script),
    "a line of the script": (
        name_script,
        lambda world: rewrite(world.script, lambda text: text.replace("STUDIO_SITE", "STUDIO_SITF"), keep_time=True),
    ),
    "a new revision": (nothing, lambda world: world.revision(world.home / "first" / "dev")),
    "a revision that is gone": (lambda world: world.revision(world.home / "first" / "dev"), remove_newest),
    "a .env file": (
        with_dotenv,
        lambda world: rewrite(world.dotenv, lambda text: text.replace("1", "2"), keep_time=True),
    ),
    "a .env file replaced": (with_dotenv, lambda world: replace(world.dotenv, "FROM_FILE=${STUDIO_USER}3\n")),
    "a .env file that is gone": (with_dotenv, lambda world: world.dotenv.unlink()),
    "the recipe in the revision": (nothing, edit_revision),
    "the metadata of the revision": (
        nothing,
        lambda world: rewrite(world.newest() / "revision.json", lambda text: text.replace('"rez"', '"zer"', 1)),
    ),
    "its interpreter": (nothing, lambda world: world.python.unlink()),
    "a pin": (
        lambda world: world.revision(world.home / "first" / "dev"),
        lambda world: pin_oldest(world.home / "first"),
    ),
    "a remote root": (
        with_more_than_is_published,
        CHANGES["a remote root"],
    ),
    "a publication": (with_remote, World.publish),
    "a remote pin": (twice_published, lambda world: pin_oldest(world.share)),
    "a publication that is gone": (twice_published, lambda world: (newest_there(world) / "revision.json").unlink()),
    "a share that is gone": (with_remote, lambda world: world.share.rename(world.home / "unmounted")),
    "a container that is gone there": (with_remote, lambda world: (world.share / "dev").rename(world.home / "gone")),
}


@pytest.mark.parametrize("name", SEEN)
def test_every_single_change_is_seen(home: Path, tmp_path: Path, name: str) -> None:
    world = World(Machine(home), tmp_path / "share", random.Random(1))
    world.share.mkdir()
    before, change = SEEN[name]
    before(world)
    world.machine.variables["XDG_CACHE_HOME"] = str(home / "cache")
    world.machine.prepare("use", "dev", "--", "true")
    found = world.launch("dev", recording=True)
    change(world)
    assert world.launch("dev", recording=True) == world.launch("dev", recording=False) != found
    assert world.quick == 1


@pytest.mark.parametrize("remote", [False, True])
def test_metadata_that_come_later_are_seen(home: Path, tmp_path: Path, remote: bool) -> None:
    """While there is a folder without, nothing may be recorded: its parent's stamp will not change."""
    world = World(Machine(home), tmp_path / "share", random.Random(1))
    world.share.mkdir()
    with_remote(world) if remote else nothing(world)
    local = copy_half(home / "first" / "dev")
    if remote:
        add_metadata(local)
        local = copy_half(world.share / "dev")
    found = world.launch("dev", recording=True)
    for _ in range(3):
        time.sleep(TICK)
        found = world.launch("dev", recording=True)
    assert world.quick == 0
    add_metadata(local)
    assert world.launch("dev", recording=True) == world.launch("dev", recording=False) != found
