"""rezup's own upgrade: look for a newer release when that is due, take it, and start over in it.

Whatever goes wrong here leaves the present release working, and is told in one line.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup._version import __version__
from rezup.fastpath import current_release, unseal
from rezup.fastpath.prepare import owned
from rezup.fastpath.version import installed_package, installed_version
from rezup_api import RezupError, UpgradeError
from rezup_api.disk import claim, storing, write_whole
from rezup_api.selfupdate import Taker, newer_releases, read_memory, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version

    from rezup.fastpath.invocation import Invocation
    from rezup.output.progress import Progress
    from rezup_api.selfupdate import Memory, News, Release

# Seconds for which a command waits for the source; for `rezup upgrade`, which does nothing else.
PATIENCE = 1.0
LONGER = 15.0


@dataclass(frozen=True, slots=True)
class Upgrader:
    """Upgrades the rezup of one user.

    Args:
        environ: the caller's environment, after the site-customize script.
        before: the same before it, which says where releases lie: the next start must find them without running the script.
        progress: told what happens.
    """

    environ: Mapping[str, str]
    before: Mapping[str, str]
    progress: Progress

    def news(self, *, limit: float = LONGER) -> News:
        """What the source has that is newer than what runs.

        Raises:
            UpgradeError: there is no source, or it does not answer.
        """
        return newer_releases(self._source(), __version__, limit=limit, environ=self.environ)

    def _source(self) -> str:
        source = current_release.source(self.environ)
        if not source:
            raise UpgradeError(
                "there is no source of newer releases",
                "set REZUP_UPGRADE_SOURCE to a checkout, a folder of wheels or the URL of an index",
            )
        return source

    def take(self, release: Release) -> None:
        """Take a release, which runs from the next start on.

        Raises:
            UpgradeError: it cannot be installed, does not run, or there is no place for it.
            StorageError: it cannot be written.
        """
        self.refuse_fixed()
        folder = self._folder()
        taker = Taker(folder, self._source(), self.environ, self.progress.report)
        name = taker.take(release)
        before = current_release.current(self.before)
        self._make_current(name, before[0] if before is not None else "")
        taker.remove_unneeded(_kept(folder))

    def refuse_fixed(self) -> None:
        """Raise UpgradeError where what is installed changes by other means: an editable install, or none at all."""
        if not is_installed():
            raise UpgradeError(
                f"this rezup runs from its sources in {Path(current_release.installed).parent}, which upgrade by themselves",
                "pull the sources; or install rezup without -e",
            )

    def _folder(self) -> Path:
        folder = current_release.user_folder(self.before)
        if not folder:
            raise UpgradeError("there is no home folder to keep releases in", "set HOME, or XDG_DATA_HOME")
        return Path(folder)

    def _make_current(self, name: str, previous: str) -> None:
        path = Path(current_release.current_file(self.before))
        with storing("cannot write to"):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, current_release.release_record(name, previous), 0o600)
        found = current_release.current(self.before)
        if (found[0] if found is not None else "") != name:
            raise UpgradeError(
                f"others can write to {path.parent.parent}", "take the right to write from them: chmod go-w"
            )

    def roll_back(self) -> str:
        """Go back to what ran before; the release that ran is not taken again by itself.

        Returns:
            The version that runs from now on.

        Raises:
            UpgradeError: nothing was taken that holds.
        """
        found = current_release.current(self.before)
        if found is None:
            raise UpgradeError("no release was taken that could be given back", "see: rezup --version")
        name, previous = found
        self._memory().refuse(f"version {name.partition('-')[0]}", "it was taken back")
        self._make_current(previous, "")
        return previous.partition("-")[0] or installed_version()

    def _memory(self) -> Memory:
        return read_memory(self._folder() / f"memory-{current_release.key()}.json")

    def is_refused(self, release: Release) -> str:
        """Why a release is not taken by itself; empty where it is."""
        refused = self._memory().refused
        return refused.get(release.identity) or refused.get(f"version {release.version}") or ""

    def look(self) -> bool:
        """Look for a newer release because it is time to, and take it.

        Returns:
            Whether there is one now to start over in.
        """
        path = Path(current_release.checked_file(self.environ))
        with suppress(OSError, RezupError):
            if os.name == "posix" and not owned(str(path)):
                return False
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            turn = path.with_name(f"{path.name}.lock")
            turn.touch(mode=0o600)
            held = claim(turn)
            if held is None:
                return False  # somebody else is looking
            with held:
                if not current_release.is_due(self.environ):
                    return False  # somebody else has looked meanwhile
                path.touch(mode=0o600)
                return is_installed() and self._looked()
        return False

    def _looked(self) -> bool:
        try:
            news = self.news(limit=PATIENCE)
        except UpgradeError:
            return False  # it is away, and the next look may find it
        if news.major is not None:
            self._announce(news.major.version)
        if news.release is None or self.is_refused(news.release):
            return False
        return self._taken(news.release)

    def _announce(self, version: Version) -> None:
        memory, now = self._memory(), time.time()
        if memory.is_news(str(version), now):
            memory.announce(str(version), now)
            self.progress.warn(
                f"rezup {version} is there, a new major version, which is not taken by itself: read what has changed"
            )

    def _taken(self, release: Release) -> bool:
        try:
            self.take(release)
        except RezupError as error:
            self._memory().refuse(release.identity, error.message)
            self.progress.warn(f"{' '.join(error.message.split())}; going on with rezup {__version__}")
            return False
        self.progress.say(f"Upgraded rezup {__version__} to {release.version}, from {shown(self._source())}")
        return True


def _kept(folder: Path) -> set[str]:
    """The releases that some installation of this user's runs, or ran before."""
    kept: set[str] = set()
    for path in (folder / "current").iterdir():
        with suppress(OSError, ValueError, TypeError):
            kept |= {str(name) for name in unseal(path.read_bytes())[1:]}
    return kept


def is_installed() -> bool:
    """Whether what was started is an installed package that does not change by itself (PEP 610)."""
    import json

    found = installed_package()
    if found is None:
        return False
    try:
        origin = json.loads(found.read_text("direct_url.json") or "{}")
    except ValueError:
        return True
    return not origin.get("dir_info", {}).get("editable")


def start_over(origin: Invocation) -> None:
    """Become the same command again, with the environment, the words and the streams that it was started with."""
    sys.stdout.flush()
    sys.stderr.flush()
    words = [sys.executable, *sys.orig_argv[1:]]
    if os.name != "nt":
        os.execve(sys.executable, words, dict(origin.environ))
    import subprocess

    sys.exit(subprocess.run(words, env=dict(origin.environ), check=False).returncode)
