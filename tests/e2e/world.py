"""A machine with two local roots and a remote one, and everything that may change there between two launches."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine

DUMP = "import json, os; print(json.dumps(dict(os.environ), sort_keys=True))"
# Longer than a tick of a file system's clock: stamps younger than that are not recorded.
TICK = 0.06
ENV = '[env]\nBASE = "base"\nNAME = "${BASE}-${STUDIO_USER:-nobody}-$STUDIO_USER"\nSTUDIO_SITE = "${STUDIO_SITE}+"\n'


class World:
    """A machine with two local roots and a remote one, and what can change there.

    Args:
        machine: the machine.
        share: the remote root.
        rng: decides what changes.
    """

    def __init__(self, machine: Machine, share: Path, rng: random.Random) -> None:
        self.machine = machine
        self.home = machine.home
        self.share = share
        self.rng = rng
        self.told: list[str] = []
        self.quick = 0
        self.moment = 1_700_000_000
        self.python = self.home / "python"
        self.python.symlink_to(sys.executable)
        self.dotenv = self.home / "studio.env"
        self.dotenv.write_text("FROM_FILE=${STUDIO_USER}1\n", encoding="utf-8")
        self.script = self.home / "site.py"
        for root in ("first", "second"):
            for container in ("dev", ".main"):
                self.revision(self.home / root / container)
        (self.home / ".rezup").symlink_to(self.home / "first")
        self.recipe("")

    def recipe(self, text: str, name: str = "rezup.toml") -> None:
        """Write a recipe into the home folder, into the file that is there."""
        (self.home / name).write_text(text or f'[root]\nlocal = "{self.home}/first"\n', encoding="utf-8")

    def revision(self, container: Path, *, remote: str = "", whole: bool = True) -> Path:
        """Make the next revision of a container."""
        self.moment += 1
        path = container / "revisions" / f"{self.moment}.000000"
        stage = container / ".made"
        stage.mkdir(parents=True)
        dotenv = f'[dotenv]\n1 = "{self.dotenv}"\n' if self.moment % 2 else ""
        (stage / "rezup.toml").write_text(ENV + f'MADE = "{self.moment}"\n' + dotenv, encoding="utf-8")
        python = (
            str(self.python) if container.name == "dev" else ""
        )  # `.main` would be built, if it could not be entered
        environment = {"name": "rez", "python": "3.11.0", "interpreter": python, "rez": "3.0.0", "size": 1}
        metadata = {"format": 1, "rezup_version": "3.0.0", "remote": remote, "environments": [environment]}
        if whole:
            (stage / "revision.json").write_text(json.dumps(metadata), encoding="utf-8")
        path.parent.mkdir(exist_ok=True)
        stage.rename(path)
        return path

    def publish(self) -> None:
        """Publish a revision that is built here already."""
        local = self.revision(self.home / "first" / "dev", remote=str(self.share))
        there = self.share / "dev" / "revisions" / local.name
        there.mkdir(parents=True)
        (there / "rezup.toml").write_bytes((local / "rezup.toml").read_bytes())
        metadata = {**json.loads((local / "revision.json").read_bytes()), "environments": [], "remote": ""}
        (there / "revision.json").write_text(json.dumps(metadata), encoding="utf-8")

    def newest(self) -> Path:
        """The newest revision of `dev` under the first root; there always is one."""
        return max((self.home / "first" / "dev" / "revisions").iterdir())

    def launch(self, *words: str, recording: bool) -> tuple[int, object]:
        """The exit status and the environment, or what was said; without records where there is no place for them."""
        place: dict[str, Any] = (
            {"XDG_CACHE_HOME": str(self.home / "cache")} if recording else {"XDG_CACHE_HOME": "/dev/null"}
        )
        command = ("use", *words, "--", sys.executable, "-I", "-c", DUMP)
        done = self.machine.run(*command, status=None, PYTHONPROFILEIMPORTTIME="1", **place)
        told = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
        self.quick += "rezup.main" not in done.stderr
        if done.returncode or not done.stdout:
            return done.returncode, told
        environ = json.loads(done.stdout)
        del environ["XDG_CACHE_HOME"]
        return done.returncode, (environ, told)


def rewrite(path: Path, change: Callable[[str], str], *, keep_time: bool = False) -> None:
    """Change a file in place; its time of modification may stay, as after a copy that keeps it."""
    before = path.stat()
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path: Path, text: str) -> None:
    """Put another file into the place of one."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def toggle(path: Path, text: str) -> None:
    """Remove a file, or write it where it is not there."""
    if path.is_symlink() or path.exists():
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def toggle_variable(world: World, name: str, *values: str) -> None:
    """Set a variable to one of these values, or unset it."""
    value = world.rng.choice([*values, None])
    if value is None:
        world.machine.variables.pop(name, None)
    else:
        world.machine.variables[name] = value


def flip_root(world: World) -> None:
    """The other local root, by a recipe of the same length."""
    root = world.rng.choice(["/first", "/secon"])
    if not (world.home / "secon").exists():
        (world.home / "secon").symlink_to(world.home / "second")
    world.recipe(f'[root]\nlocal = "{world.home}{root}"\n')


def name_script(world: World) -> None:
    """A site-customize script that changes what follows."""
    world.recipe(f'[init]\nscript = "site.py"\n[root]\nlocal = "{world.home}/first"\n')
    text = world.rng.choice(["'a'", "'b'", "1 / 0", "os.environ.get('STUDIO_USER', 'x') * 2"])
    world.script.write_text(f"import os\nos.environ['STUDIO_SITE'] = {text}\n", encoding="utf-8")


def late_metadata(world: World) -> None:
    """A folder that becomes a revision later, as when it is copied."""
    if world.rng.random() < 0.5:
        world.revision(world.home / "first" / "dev", whole=False)
        return
    for path in (world.home / "first" / "dev" / "revisions").iterdir():
        if not (path / "revision.json").exists():
            (path / "revision.json").write_text('{"format": 1, "environments": [{"name": "rez"}]}', encoding="utf-8")


def remove_newest(world: World) -> None:
    """The newest revision goes, while another one stays; not if it is published, because then it would be built again."""
    folder = world.home / "first" / "dev" / "revisions"
    found = sorted(folder.iterdir())
    if len(found) > 1 and not (world.share / "dev" / "revisions" / found[-1].name).exists():
        found[-1].rename(world.home / "first" / "dev" / f".gone-{found[-1].name}")


def pin(world: World, root: Path) -> None:
    """Pin `dev` to one of its revisions under a root, or take the pin away."""
    path = root / "dev" / "labels" / ".pin"
    revisions = sorted((root / "dev" / "revisions").glob("*")) if (root / "dev" / "revisions").is_dir() else []
    if path.exists() and world.rng.random() < 0.5:
        path.unlink()
    elif revisions:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, world.rng.choice(revisions).name)


def edit_revision(world: World) -> None:
    """The recipe in the newest revision is changed by hand."""
    rewrite(world.newest() / "rezup.toml", lambda text: text.replace("base", "bass"), keep_time=True)


def dangling_recipe(world: World) -> None:
    """A recipe that is a link to nowhere, or none."""
    path = world.home / "rezup.dev.toml"
    toggle(path, "")
    if path.exists():
        path.unlink()
        path.symlink_to(world.home / "nowhere")


CHANGES: dict[str, Callable[[World], object]] = {
    "nothing": lambda world: None,
    "a moment": lambda world: time.sleep(TICK),
    "another local root": flip_root,
    "no recipe": lambda world: toggle(world.home / "rezup.toml", f'[root]\nlocal = "{world.home}/second"\n'),
    "a wrong recipe": lambda world: world.recipe("[root\n"),
    "a recipe again": lambda world: world.recipe(""),
    "a remark on the recipe": lambda world: world.recipe(
        f'[root]\nlocal = "{world.home}/first"\n[rez]\nurl = "git+git://github.com/a/b"\n'
    ),
    "a recipe of its own": lambda world: toggle(
        world.home / "rezup.dev.toml", f'[root]\nlocal = "{world.home}/second"\n'
    ),
    "a link in place of a recipe": dangling_recipe,
    "a remote root": lambda world: world.recipe(f'[root]\nlocal = "{world.home}/first"\nremote = "{world.share}"\n'),
    "a publication": World.publish,
    "a site-customize script": name_script,
    "another script": lambda world: toggle(world.script, "import os\nos.environ['STUDIO_SITE'] = 'z'\n"),
    "no script": lambda world: toggle_variable(world, "REZUP_SKIP_INIT", "1", ""),
    "a line in the .env file": lambda world: toggle(world.dotenv, "FROM_FILE=${STUDIO_USER}2\n"),
    "the .env file replaced": lambda world: replace(world.dotenv, f"FROM_FILE={world.rng.random()}\n"),
    "a new revision": lambda world: world.revision(world.home / "first" / "dev"),
    "the newest revision removed": remove_newest,
    "metadata that come later": late_metadata,
    "a revision edited": edit_revision,
    "a local pin": lambda world: pin(world, world.home / "first"),
    "a remote pin": lambda world: pin(world, world.share),
    "the interpreter": lambda world: toggle(world.python, "") if world.rng.random() < 0.5 else None,
    "the user": lambda world: toggle_variable(world, "STUDIO_USER", "ana", "ben"),
    "a variable that the container sets": lambda world: toggle_variable(world, "BASE", "mine"),
    "a root in the environment": lambda world: toggle_variable(world, "REZUP_ROOT_LOCAL", str(world.home / "second")),
    "recipes elsewhere": lambda world: toggle_variable(world, "REZUP_RECIPES", str(world.home), str(world.share)),
    "PATH": lambda world: toggle_variable(world, "PATH", "/usr/bin:/bin", "/bin:/usr/bin", ""),
}
