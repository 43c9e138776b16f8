"""Install a release of rezup beside the one that runs, try it, and let it appear in one step; remove releases without use."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.disk.files import remove_tree, storing
from rezup_api.disk.flock import claim
from rezup_api.disk.staging import staged, sweep
from rezup_api.errors import InstallError, UpgradeError
from rezup_api.packages.installed import damaged, drop_notes, installed
from rezup_api.process import runner
from rezup_api.process.uv_program import find_uv
from rezup_api.pythons.interpreter import clean_environ
from rezup_api.recipe.credentials import redact
from rezup_api.resolve import pip_configuration
from rezup_api.resolve.logins import hidden_from_uv, write_private
from rezup_api.resolve.purpose import Purpose
from rezup_api.selfupdate.sources import DISTRIBUTIONS
from rezup_api.settings import home_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rezup_api.events import Reporter
    from rezup_api.selfupdate.sources import Release

# Seconds for the installation and the trial together.
LIMIT = 30.0
VERSION_FILE = Path("rezup", "_version.py")
# How the trial runs a release: its folder comes first on the search path, as after the switch to it.
_RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from rezup.__main__ import main; sys.exit(main(sys.argv[1:]))"


@dataclass(frozen=True, slots=True)
class Taker:
    """Installs releases for one user.

    Args:
        folder: the folder of the user's releases; see `rezup.fastpath.current_release`.
        source: the source of the releases. It may also have the packages that they depend on.
        environ: the caller's environment.
        report: called with events: the commands that are run.
    """

    folder: Path
    source: str
    environ: Mapping[str, str]
    report: Reporter

    def take(self, release: Release) -> str:
        """Install a release and try it. A release that is already there, and whole, is used as it is.

        Returns:
            The name of its folder under `releases`.

        Raises:
            UpgradeError: the release cannot be installed, or does not run; no file of it is left.
            StorageError: a file cannot be written.
        """
        deadline = time.monotonic() + LIMIT
        name = f"{release.version}-{hashlib.sha256(self._identity(release)).hexdigest()[:12]}"
        target = self.folder / "releases" / name
        with storing("cannot write to"):
            for path in (self.folder, target.parent):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.is_dir():
            if is_whole(target):
                return name
            self._remove(target)
        sweep(self.folder)
        with staged(self.folder) as stage:
            self._install(release, stage.path, deadline)
            self._try(release, stage.path, deadline)
            with storing("cannot write to"):
                stage.path.chmod(0o700)
                if not stage.appear(target) and not is_whole(target):
                    raise UpgradeError(f"{target} is damaged, and a process still runs it", "end that process first")
        return name

    def _identity(self, release: Release) -> bytes:
        """The identity of a release's content; that of a checkout is new each time, because its files may have changed."""
        told = f"{release.identity} {sys.version}"
        checkout = any(not file.digest for file in release.files)
        return (f"{told} {time.time_ns()}" if checkout else told).encode()

    def _install(self, release: Release, target: Path, deadline: float) -> None:
        uv = find_uv()
        if uv is None:
            raise UpgradeError(
                "there is no uv to install a release of rezup with", "install rezup with its dependencies"
            )
        private = target / ".private"  # the addresses may hold logins
        wanted = private / "wanted.txt"
        with storing("cannot write to"):
            private.mkdir(mode=0o700)
            write_private(wanted, "\n".join(file.line for file in release.files) + "\n")
        options = pip_configuration.configured(self.environ, home_folder(self.environ), Path(sys.base_prefix))
        translation = pip_configuration.translate(options, self.environ)
        command = [uv, "pip", "install", "--target", str(target), "--python", sys.executable, "-r", str(wanted)]
        command += [
            "--compile-bytecode",
            "--no-progress",
            "--index-strategy",
            "unsafe-best-match",
            *translation.arguments(Purpose.RESOLVE | Purpose.INSTALL),
        ]
        environ = {
            **clean_environ(self.environ),
            **translation.environ,
            "UV_NO_CONFIG": "1",
            "UV_PYTHON_DOWNLOADS": "never",
        }
        if "://" in self.source:
            environ["UV_INDEX"] = " ".join(filter(None, (environ.get("UV_INDEX"), self.source)))
        else:
            command += ["--find-links", self.source]
        command, hidden = hidden_from_uv(command, private)
        environ.update(hidden)
        completed = self._run([*command, "--offline"], environ, deadline)
        if completed.status:
            completed = self._run(command, environ, deadline)
        if completed.status:
            raise UpgradeError(f"rezup {release.version} cannot be installed: {_gist(completed)}", _HINT)
        remove_tree(private)
        # These notes name the address from which a file came, which may be valid for this user only.
        drop_notes(installed(target).values(), DISTRIBUTIONS)

    def _try(self, release: Release, place: Path, deadline: float) -> None:
        """Run the release: it must print its version, and work on a machine that has no containers."""
        with tempfile.TemporaryDirectory(prefix="rezup-") as nothing:
            kept = {name: value for name, value in clean_environ(self.environ).items() if not name.startswith("REZ")}
            own = {
                "REZUP_NO_UPGRADE": "1",
                "HOME": nothing,
                "USERPROFILE": nothing,
                "XDG_DATA_HOME": "",
                "XDG_CACHE_HOME": "",
            }
            for words in (["--version"], ["status"]):
                command = [sys.executable, "-c", _RUN, str(place), *words]
                completed = self._run(command, {**kept, **own}, deadline)
                if completed.status or (words == ["--version"] and f"rezup {release.version}" not in completed.stdout):
                    said = (_gist(completed) if completed.status else "") or f"it says {completed.stdout.strip()!r}"
                    raise UpgradeError(f"rezup {release.version} does not run: {said}", _HINT)

    def _run(self, command: list[str], environ: Mapping[str, str], deadline: float) -> runner.Completed:
        left = deadline - time.monotonic()
        try:
            return runner.start(command, environ=environ, report=self.report, redact=redact).wait(max(0.1, left))
        except InstallError as error:
            raise UpgradeError(f"a release of rezup cannot be taken: {error.message}", _HINT) from error

    def remove_unneeded(self, kept: Collection[str]) -> None:
        """Remove all releases but those in `kept`, and those that a process runs."""
        folder = self.folder / "releases"
        with suppress(OSError):
            for name in sorted({*os.listdir(folder)} - {*kept}):
                self._remove(folder / name)

    def _remove(self, path: Path) -> None:
        with suppress(OSError):
            # A process that runs a release holds a shared lock on this file; see `current_release.hold_release`.
            held = claim(path / VERSION_FILE)
            if held is None:
                return
            with held, staged(self.folder) as stage:
                os.rename(path, stage.path / path.name)
                remove_tree(stage.path / path.name)


def is_whole(place: Path) -> bool:
    """Whether a release has every file that was installed, unchanged, except byte code.

    Args:
        place: the folder of the release.
    """
    try:
        found = installed(place)
    except OSError:
        return False
    records = [distribution.record() for distribution in found.values()]
    return found.keys() >= {*DISTRIBUTIONS} and all(records) and not damaged(place, found.values())


_HINT = "the present release goes on working; tell the person who keeps the source of releases"


def _gist(completed: runner.Completed) -> str:
    """The line of the output that says what was wrong."""
    lines = [line.strip() for line in redact(completed.tail or completed.stdout).splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("error", "cause", "ModuleNotFoundError", "ImportError"))]
    return " ".join(told[-2:]) if told else (lines[-1] if lines else "")
