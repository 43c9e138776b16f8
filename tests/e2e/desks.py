"""What each page of the documentation presupposes before somebody can follow it: containers, a share, programs, other people."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.pages import Reader, Spot
from tests.e2e.repositories import package
from tests.e2e.studio import make_revision
from tests.packages import wheel

from rezup_api.store.layout import METADATA_FILE

if TYPE_CHECKING:
    from tests.e2e.desk import Desk

REZ = '[rez]\nurl = "rez==3.4.0"\n'
DOWNLOADED = ("uv", "bytecode")
BLOCKED = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")


def air_gapped(desk: Desk) -> Reader:
    """Two networks, and a machine in each; the second reaches no index."""
    networked, isolated = desk.machine, desk.first_build(desk.another(), "bytecode")
    networked.recipe(f'{REZ}lib = ["six"]\n', "prod")
    networked.run("add", "prod", "--skip-use")
    isolated.variables.update(BLOCKED)

    def carry(reader: Reader) -> None:
        shutil.copy(networked.home / "prod.zip", isolated.home)
        reader.move_to(isolated)

    return Reader(
        networked,
        desk.programs,
        changed={"/studio/": f"{desk.share()}/"},
        before={
            Spot("With a bundle", "rezup bundle --verify prod.zip"): carry,
            Spot("With a wheelhouse", "pip download --dest /studio/wheels rez==3.4.0 pip"): (
                lambda reader: reader.move_to(networked)
            ),
        },
    )


def expose_tools(desk: Desk) -> Reader:
    """A container, two packages, and the folder of launchers on PATH."""
    machine = desk.machine
    machine.recipe(REZ, "prod")
    machine.run("add", "prod", "--skip-use")
    desk.maya(machine.home / "packages", "2024")
    package(machine.home / "packages", "show", "1.0")
    return Reader(machine, machine.home / ".local" / "bin")


def keep_disks_tidy(desk: Desk) -> Reader:
    """A container with six revisions, and one in which somebody works."""
    machine = desk.machine
    made = [make_revision(machine.root / "prod", 1_700_000_000 + number) for number in range(6)]
    machine.run("tag", f"prod@{made[3].name}", "staging")
    for revision in made:
        os.utime(revision / METADATA_FILE, (1_700_000_000, 1_700_000_000))  # as long as it is on this machine
    for number in range(2):
        make_revision(machine.root / "dev", 1_700_000_000 + number, tool="tool")

    def work(_: Reader) -> None:
        working = machine.start("use", "dev", "--", "bash", stdin=subprocess.PIPE)
        desk.until_then.callback(working.communicate)
        deadline = time.monotonic() + 60
        while "bash" not in machine.run("sessions", "dev").stdout:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    return Reader(machine, before={Spot("A whole container", "rezup drop dev"): work})


def move_from_2(desk: Desk) -> Reader:
    """A machine of rezup 2.x: a real environment, in a revision that has no more beside it than rezup 2.x has written."""
    machine = desk.machine
    machine.recipe(REZ)
    machine.run("add", "--skip-use")
    (made,) = machine.revisions()
    path = made.rename(made.with_name("1795227503.6464028"))
    for left in path.glob("*.rez.*"):
        left.unlink()
    told = {
        "rezup_version": "2.6.0",
        "creator": "ana",
        "hostname": "ws12",
        "revision_path": str(path),
        "venvs": ["rez"],
    }
    (path / "revision.json").write_text(json.dumps(told, indent=4), encoding="utf-8")
    (machine.root / ".main" / "history.jsonl").unlink(missing_ok=True)
    recipes = desk.share("recipes")
    (recipes / "rezup.dev.toml").write_text(f'{REZ}[env]\nSTUDIO = "here"\n', encoding="utf-8")
    desk.maya(machine.home / "packages")
    return Reader(machine, desk.programs, changed={"/to/other/recipes": str(recipes)})


def odd_machine(desk: Desk) -> Reader:
    """A revision of which somebody has changed a file."""
    machine = desk.machine
    machine.recipe(REZ, "prod")
    machine.run("add", "prod", "--skip-use")
    (revision,) = machine.revisions("prod")
    (path,) = revision.glob("venv/rez/lib/python*/site-packages/rez/config.py")
    text = path.read_text(encoding="utf-8")
    path.unlink()  # it is the same file in the cache, which stays whole
    path.write_text(text + "# mine\n", encoding="utf-8")
    return Reader(machine, statuses={Spot("A machine behaves oddly", "rezup verify prod"): 8})


def private_index(desk: Desk) -> Reader:
    """A recipe with a password, and one with an option that uv does not have."""
    machine = desk.machine
    machine.recipe('[pip]\noptions = ["--extra-index-url=https://ana:secret@pypi.example.com/simple"]\n', "dev")

    def change(_: Reader) -> None:
        machine.recipe(f'{REZ}[pip]\noptions = ["--use-feature=fast-deps"]\n', "dev")

    return Reader(machine, before={Spot("When pip installs", "rezup add dev"): change})


def prompts(desk: Desk) -> Reader:
    """A container."""
    make_revision(desk.machine.root / "dev", tool="tool")
    return Reader(desk.machine)


def python_versions(desk: Desk) -> Reader:
    """Interpreters in a folder of the studio; which others a machine has, each has otherwise."""
    machine = desk.machine
    folder = desk.share() / "python" / "3.11" / "bin"
    folder.mkdir(parents=True)
    (folder / "python3.11").symlink_to(Path(sys.executable).resolve())
    machine.recipe(REZ, "dev")
    machine.recipe(f"{REZ}python = 3.4\n", "old")
    return Reader(
        machine,
        changed={"/studio/": f"{desk.share()}/"},
        varying=((r"(?m)( VERSION /\S+\n)+", " INTERPRETERS\n"),),
    )


def roll_out(desk: Desk) -> Reader:
    """Two machines, one of ana, one of ben; then a publication that ben's cannot build, and a share that goes away."""
    desk.warm(desk.folder / "opt")
    publisher = desk.first_build(desk.machine, *DOWNLOADED)
    consumer = desk.first_build(desk.another(), *DOWNLOADED)
    consumer.variables["LOGNAME"] = "ben"
    share = desk.share()
    consumer.variables["REZUP_ROOT_REMOTE"] = str(share / "rezup")

    def go_away(_: Reader) -> None:
        (share / "rezup").rename(share / "away")

    def publish(more: str, message: str) -> None:
        path = publisher.home / "rezup.prod.toml"
        path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
        publisher.run("add", "prod", "--remote", "--skip-use", "-m", message, PATH=desk.path)

    return Reader(
        publisher,
        desk.programs,
        changed={
            "/studio/rezup": str(share / "rezup"),
            "/opt/rezup": str(desk.folder / "opt"),
            **desk.python_of_recipes(),
        },
        before={
            Spot("Consume", "rezup status"): lambda reader: reader.move_to(consumer),
            Spot("A newer one, an older one", "rezup use prod@~1 -- rez --version"): (
                lambda _: publish('\n[env]\nSTUDIO = "here"\n', "a variable")
            ),
            Spot("When a publication is bad", "rezup use prod -- true"): (
                lambda _: publish(desk.check_licence(publisher), "new licence server")
            ),
            Spot("When the share is away", "rezup use prod -- rez --version"): go_away,
        },
    )


def scripts_and_ides(desk: Desk) -> Reader:
    """Two containers and an application; an editor, and a node of the farm that is reached by ssh."""
    desk.need_program("jq")
    machine, node = desk.machine, desk.another()
    share = desk.share()
    for each in (machine, node):
        each.variables["REZUP_ROOT_REMOTE"] = str(share)
    machine.recipe(f"{REZ}[root]\nremote = false\n", "dev")
    machine.recipe(REZ, "prod")
    machine.run("add", "dev", "--skip-use")
    machine.run("add", "prod", "--remote", "--skip-use")
    desk.maya(machine.home / "packages")
    package(machine.home / "packages", "spiderman", "1.0")
    desk.program("code", 'test "$REZUP_CONTAINER" = dev')
    # Another machine is another home folder and local root.
    variables = " ".join(f'{name}="{value}"' for name, value in {"HOME": node.home, **node.variables}.items())
    desk.program("ssh", f'shift; exec env {variables} "$@"')

    def spoil(_: Reader) -> None:
        machine.recipe(REZ + desk.check_licence(machine), "prod")

    return Reader(
        machine,
        desk.programs,
        before={
            Spot("A rollout with jq", '~/rollout prod "new licence server" node1; echo "status $?"'): spoil,
        },
    )


def shared_roots(desk: Desk) -> Reader:
    """A folder for everybody, and a big disk; the group is one that the user has."""
    machine = desk.machine
    machine.recipe(REZ, "prod")
    common, disk = desk.folder / "opt rezup", desk.share("big disk")
    desk.warm(common)
    return Reader(
        machine,
        changed={
            "/opt/rezup": str(common).replace(" ", "\\ "),
            "/big/disk": str(disk).replace(" ", "\\ "),
            "chgrp artists": f"chgrp {os.getgid()}",
        },
    )


def staging_to_production(desk: Desk) -> Reader:
    """A container that is published, an application, a second container, and a newer release of the studio's tools."""
    machine = desk.machine
    wheels = desk.folder / "wheels"
    desk.maya(machine.home / "packages")
    machine.variables["REZUP_ROOT_REMOTE"] = str(desk.share())
    machine.recipe(REZ, "prod")
    machine.run("add", "prod", "--remote", "--skip-use")
    wheel(wheels, "studio-tools", {"studio_tools.py": ""}, version="1.2")

    def stage(_: Reader) -> None:
        machine.recipe(REZ, "staging")
        machine.run("add", "staging", "--remote", "--skip-use")

    def release(_: Reader) -> None:
        machine.recipe(f'{REZ}lib = ["studio-tools"]\n[pip]\noptions = ["--find-links={wheels}"]\n', "prod")
        machine.run("add", "prod", "--remote", "--skip-use")
        wheel(wheels, "studio-tools", {"studio_tools.py": "fixed = True"}, version="1.3")

    return Reader(
        machine,
        before={
            Spot(
                "With two containers", 'rezup add prod --from staging --remote --skip-use -m "Rez 3.4, tested by QA"'
            ): stage,
            Spot(
                "One package newer", 'rezup add prod --upgrade studio-tools --remote --skip-use -m "Fix the menu"'
            ): release,
        },
    )


def troubleshoot(desk: Desk) -> Reader:
    """rezup as it is installed for these tests."""
    return Reader(desk.machine, desk.programs, changed={"/opt/rezup/bin": str(Path(sys.executable).parent)})


def tutorial(desk: Desk) -> Reader:
    """A new machine; only what it would download is there."""
    return Reader(desk.first_build(desk.machine, *DOWNLOADED))


def wrong_rollout(desk: Desk) -> Reader:
    """A container of which two revisions were published, and a machine with a pin of its own."""
    machine, publisher, pinned = desk.machine, desk.another(), desk.another()
    for each in (machine, publisher, pinned):
        each.variables["REZUP_ROOT_REMOTE"] = str(desk.share())
    for message in ("Rez 3.4", "new Qt"):
        publisher.recipe(f'{REZ}[env]\nSTUDIO = "{message}"\n', "prod")
        publisher.run("add", "prod", "--remote", "--skip-use", "-m", message)

    def pin(reader: Reader) -> None:
        pinned.run("pull", "prod")
        pinned.run("pin", "prod@latest", "--local")
        pinned.run("pull", "prod")
        reader.move_to(pinned)

    return Reader(
        machine,
        changed={"/studio/rezup": str(desk.share())},
        varying=(
            (rf"\b(ws\d\d|{socket.gethostname()})\b", "HOST"),
            (rf"\b(ana|ben|{getpass.getuser()})\b", "SOMEBODY"),
        ),
        before={
            Spot("Take it back", "rezup use prod -- true"): pin,
            Spot("See what happened", "rezup history prod"): lambda reader: reader.move_to(machine),
        },
    )
