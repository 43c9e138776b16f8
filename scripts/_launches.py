"""What `bench.py launch` starts: rezup in several situations, and the programs that it is held against."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Mapping

import _rezups
import _setup
import _timing

PYTHON = "python"
PLAIN = "plain"
UPGRADED = "upgraded"
NAMED = "named"
EXPOSED = "exposed"
UV = "uv-run"
OTHER = f"rezup-{_rezups.OTHER_VERSION}"
EARLIER = f"rezup-{_rezups.EARLIER_VERSION}"
REZ = "rez-pipx"
BECOME = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
# As pip before 24.1 wrote them.
OLD_SCRIPT = r"""#!{python}
# -*- coding: utf-8 -*-
import re
import sys
from rezup.__main__ import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\.pyw|\.exe)?$', '', sys.argv[0])
    sys.exit(main())
"""


@dataclass(frozen=True)
class Program:
    """What a launch runs: an executable by its full path, and its arguments."""

    path: str
    arguments: tuple[str, ...] = ()

    @classmethod
    def found(cls, name: str, *arguments: str) -> Program:
        """The system's program of that name."""
        return cls(str(shutil.which(name, path="/usr/bin:/bin")), arguments)


NOTHING = Program.found("true")
LASTING = Program.found("sleep", "60")


@dataclass(frozen=True)
class Launch:
    """One way to run a program.

    Args:
        key: for the JSON document, and its folder.
        name: for the table.
        prefix: the command line up to the program.
        home: the home folder of who runs it.
        base: the key of the launch that its time is compared with.
        seldom: it takes long, and need not take part in every round.
        ours: the rezup of this checkout.
        scripts: a folder of scripts, `true` and `sleep`, for a launcher that takes no command but a script.
        complete: the prefix is the whole command.
        extra: further variables.
    """

    key: str
    name: str
    prefix: tuple[str, ...]
    home: Path
    base: str = PYTHON
    seldom: bool = False
    ours: bool = False
    scripts: str = ""
    complete: bool = False
    extra: Mapping[str, str] | None = None

    def command(self, program: Program = NOTHING) -> _timing.Command:
        """The process that ends up running a program."""
        words = (program.path, *program.arguments)
        if self.scripts:
            words = (os.path.join(self.scripts, os.path.basename(program.path)),)
        environ = {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "SHELL": "/bin/sh",
        }
        return _timing.Command(
            self.prefix if self.complete else (*self.prefix, *words), {**environ, **(self.extra or {})}
        )

    @property
    def local_root(self) -> Path:
        """The local root of rezup."""
        return self.home / ".rezup"

    @property
    def remote_root(self) -> Path:
        """The remote root of rezup, where it has one."""
        shared = self.home.parent / "mount" / self.key
        return shared if shared.exists() else self.home / "remote"


@dataclass(frozen=True)
class Situation:
    """What there is when rezup of this checkout is started.

    Args:
        key: of the launch.
        name: of the launch.
        recipe: added to that of vanilla Rez; `{home}` and `{remote}` are replaced.
        local: revisions under the local root.
        remote: revisions under the remote root.
        shared: the remote root is on a file system that may hang.
    """

    key: str
    name: str
    recipe: str = ""
    local: int = 1
    remote: int = 0
    shared: bool = False


REMOTE = '[root]\nremote = "{remote}"\n'
SITUATIONS = (
    Situation(PLAIN, "rezup use: plain"),
    Situation("revisions-100", "rezup use: 100 revisions", local=100),
    Situation("revisions-10000", "rezup use: 10,000 revisions", local=10_000),
    Situation("dotenv", "rezup use: a .env file", '[dotenv]\n1 = "{home}/studio.env"\n'),
    Situation("init", "rezup use: a one-line init script", '[init]\nscript = "{home}/studio.py"\n'),
    Situation("remote", "rezup use: remote root, local disk", REMOTE, remote=1),
    Situation("remote-10000", "rezup use: the same, 10,000 revisions", REMOTE, remote=10_000),
    Situation("shared", "rezup use: remote root on a share", REMOTE, remote=1, shared=True),
    Situation("shared-10000", "rezup use: the same, 10,000 revisions", REMOTE, remote=10_000, shared=True),
)


def ours(place: Path, environment: Path, no_share: str) -> Iterator[Launch]:
    """Rezup of this checkout in all situations, and what it is compared with at once.

    Args:
        place: an empty folder, but for the mounted `mount` and the folder behind it, `share`.
        environment: where rezup is installed.
        no_share: why there is no `mount`; empty where there is one.
    """
    script = str(_setup.script_of(environment, "rezup"))
    for situation in SITUATIONS:
        if situation.shared and no_share:
            continue
        home = place / situation.key
        _settle(situation, home, Path(script), place)
        yield Launch(situation.key, situation.name, (script, "use", ".main", "--"), home, ours=True)
    yield _upgraded(place, script)
    python = str(_setup.python_of(environment))
    home = place / PLAIN
    old = place / "rezup-old-script"
    old.write_text(OLD_SCRIPT.format(python=python), encoding="utf-8")
    old.chmod(0o755)
    yield Launch("old-script", "plain, console script by pip < 24.1", (str(old), "use", ".main", "--"), home, ours=True)
    module = (python, "-m", "rezup", "use", ".main", "--")
    yield Launch("module", "plain, as python -m rezup", module, home, ours=True)
    yield from _exposed(home, script)


def _exposed(home: Path, script: str) -> Iterator[Launch]:
    """A launcher of `rezup expose`, and the command line that it stands for. The tool, a copy of env(1), runs a program."""
    (tools,) = home.glob(".rezup/.main/revisions/*/venv/rez/bin/rez")
    shutil.copy2(Program.found("env").path, str(tools / "run"))
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "REZ", "XDG_"))}
    words = [script, "expose", ".main", "run"]
    subprocess.run(words, env={**environ, "HOME": str(home)}, check=True, stdout=subprocess.DEVNULL)
    yield Launch(NAMED, "rezup use: a tool of the container", (script, "use", ".main", "--", "run"), home, ours=True)
    launcher = (str(home / ".local" / "bin" / "run"),)
    yield Launch(EXPOSED, "the same tool, by its launcher", launcher, home, NAMED, ours=True)


def _upgraded(place: Path, script: str) -> Launch:
    """Rezup that has taken a newer release, and still has a source to look at."""
    source = place / "newer"
    for name in _setup.DISTRIBUTIONS:
        shutil.copytree(
            str(_setup.CHECKOUT / name), str(source / name), ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    for path in (*source.glob("*/src/*/_version.py"), *source.glob("*/pyproject.toml")):
        path.write_text(path.read_text(encoding="utf-8").replace("3.0.0", "3.999.0"), encoding="utf-8")
    home = place / UPGRADED
    extra = {"REZUP_UPGRADE_SOURCE": str(source)}
    launch = Launch(
        UPGRADED, "rezup use: a newer release taken", (script, "use", ".main", "--"), home, ours=True, extra=extra
    )
    _settle(Situation(UPGRADED, launch.name), home, Path(script), place)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "REZ", "XDG_"))}
    environ = {**kept, "HOME": str(home), **extra}
    subprocess.run([script, "upgrade"], env=environ, check=True, stdout=subprocess.DEVNULL)
    return launch


def without_rezup(place: Path, environment: Path) -> Iterator[Launch]:
    """What every machine with the environment has: bare Python, the least that a launcher in Python can take, uv, a shell."""
    home = place / "bare"
    home.mkdir()
    python = str(_setup.python_of(environment))
    yield Launch(PYTHON, "python -c pass", (python, "-c", "pass"), home, complete=True)
    yield Launch("floor", "python, execv at once", (python, "-c", BECOME), home)
    uv = (str(_setup.script_of(environment, "uv")), "run", "--no-project")
    yield Launch(UV, "uv run --no-project", uv, home)
    activated = {"VIRTUAL_ENV": str(environment)}
    yield Launch("uv-run-activated", "the same, VIRTUAL_ENV is set", uv, home, extra=activated)
    activate = f'. {shlex.quote(str(_setup.script_of(environment, "activate")))}; exec "$@"'
    yield Launch("activated", "sh, venv/bin/activate", ("/bin/sh", "-c", activate, "sh"), home)


def others(place: Path) -> Iterator[Launch]:
    """Rezup 2.6.0 and 1.7.4.

    Raises:
        SetupError: they do not run on this Python.
    """
    for key, name, install in (
        (OTHER, f"rezup {_rezups.OTHER_VERSION} use", _rezups.other),
        (EARLIER, f"rezup {_rezups.EARLIER_VERSION} use --do", _rezups.earlier),
    ):
        home = place / key
        script = _setup.script_of(install(), "rezup")
        # bash: what it takes a shell for that it cannot find out. No upgrade: it would ask the network once a day.
        extra = {"REZUP_NO_UPGRADE": "1", "SHELL": "bash"}
        _rezups.new_user(name, script, home, extra).add()
        if key == OTHER:
            yield Launch(key, name, (str(script), "use", ".main", "--"), home, seldom=True, extra=extra)
            continue
        scripts = home / "scripts"
        scripts.mkdir()
        for program in (NOTHING, LASTING):
            line = f"exec {' '.join((program.path, *program.arguments))}\n"
            (scripts / os.path.basename(program.path)).write_text(line, encoding="utf-8")
        prefix = (str(script), "use", ".main", "--do")
        yield Launch(key, name, prefix, home, seldom=True, scripts=str(scripts), extra=extra)


def rez_pair(place: Path, environment: Path) -> Iterator[Launch]:
    """`rez --version` as pipx installs it, and in a revision."""
    theirs = _rezups.pipx_rez()
    home = place / PLAIN
    yield Launch(REZ, "rez --version, by pipx", (str(theirs), "--version"), home, REZ, seldom=True, complete=True)
    script = str(_setup.script_of(environment, "rezup"))
    words = (script, "use", ".main", "--", "rez", "--version")
    yield Launch("rez-rezup", "rezup use -- rez --version", words, home, REZ, seldom=True, ours=True, complete=True)


def _settle(situation: Situation, home: Path, script: Path, place: Path) -> None:
    """Make a home folder with revisions in it: one by rezup, older ones as copies of what is read of a revision."""
    behind, remote = place / "share" / situation.key, place / "mount" / situation.key
    if not situation.shared:
        behind = remote = home / "remote"
    recipe = _rezups.RECIPE + situation.recipe.format(home=home, remote=remote)
    user = _rezups.new_user(situation.name, script, home, {}, recipe)
    (home / "studio.env").write_text("STUDIO=here\nSHOW=there\n", encoding="utf-8")
    (home / "studio.py").write_text('import os; os.environ["STUDIO"] = "here"\n', encoding="utf-8")
    caches = place / "caches"
    caches.mkdir(exist_ok=True)
    (home / ".rezup").mkdir()
    (home / ".rezup" / ".cache").symlink_to(caches)
    if situation.remote:
        behind.mkdir(parents=True)
    user.add(*(["--remote"] if situation.remote else []))
    _further(home / ".rezup", situation.local)
    if situation.remote:
        _further(behind, situation.remote)


def _further(root: Path, number: int) -> None:
    """Make older revisions, until there are as many as wanted; of each, what is read before one is chosen."""
    revisions = root / ".main" / "revisions"
    (newest,) = revisions.iterdir()
    model = root / "model"
    model.mkdir()
    files = ("rezup.toml", "revision.json")
    for name in files:
        shutil.copy2(str(newest / name), str(model / name))
    for older in range(1, number):
        folder = revisions / f"{int(float(newest.name)) - older}.000000"
        folder.mkdir()
        for name in files:
            os.link(str(model / name), str(folder / name))


@contextlib.contextmanager
def share(source: Path, mount: Path) -> Iterator[str]:
    """Offer a folder on a file system that may hang: FUSE, by bindfs.

    Args:
        source: the folder.
        mount: where it is offered.

    Yields:
        Why it cannot be; empty if it is.
    """
    for folder in (source, mount):
        folder.mkdir()
    program = shutil.which("bindfs")
    if program is None or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        yield "bindfs is not installed" if program is None else "/dev/fuse cannot be opened"
        return
    child = subprocess.Popen([program, "-f", str(source), str(mount)], stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 5
        while not os.path.ismount(str(mount)) and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        yield "" if os.path.ismount(str(mount)) else "bindfs could not mount"
    finally:
        child.terminate()  # it takes the mount away, and ends
        child.wait()
