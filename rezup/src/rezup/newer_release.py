"""Upgrade rezup itself: look for a newer release when it is time to, take it, and start again in it.

Any failure leaves the present release working, and gives one line of warning.
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
from rezup_api.disk import claim, parse_json, storing, write_whole
from rezup_api.doctor import Installation
from rezup_api.selfupdate import Taker, is_whole, newer_releases, read_memory, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version

    from rezup.fastpath.invocation import Invocation
    from rezup.output.progress import Progress
    from rezup_api.selfupdate import Memory, News, Release

# Seconds to wait for the source: for a command that looks by the way, and for `rezup upgrade`, which does nothing else.
PATIENCE = 1.0
LONGER = 15.0


@dataclass(frozen=True, slots=True)
class Upgrader:
    """Upgrades the rezup of one user.

    Args:
        environ: the caller's environment after the site-customize script ran.
        before: the caller's environment before the script ran. It decides where releases lie, because the next start must find
            them before it can run the script.
        progress: shows what is done, and warnings.
    """

    environ: Mapping[str, str]
    before: Mapping[str, str]
    progress: Progress

    def news(self, *, limit: float = LONGER) -> News:
        """Ask the source for releases that are newer than the one that runs.

        Args:
            limit: seconds to wait for the answer.

        Raises:
            UpgradeError: no source is named, or it does not answer.
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
            UpgradeError: the release cannot be installed or does not run, or there is no folder for it.
            StorageError: a file cannot be written.
        """
        self.refuse_fixed()
        folder = self._folder()
        taker = Taker(folder, self._source(), self.environ, self.progress.report)
        name = taker.take(release)
        before = current_release.current(self.before)
        self._make_current(name, before[0] if before is not None else "")
        taker.remove_unneeded(_kept(folder))

    def refuse_fixed(self) -> None:
        """Raise UpgradeError if rezup runs from its sources, which the user changes by other means."""
        if not is_installed():
            raise UpgradeError(
                f"this rezup runs from its sources in {Path(current_release.installed).parent}, which it cannot upgrade",
                "update the sources, or install rezup without -e",
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
            write_whole(path, current_release.release_record(name, previous), 0o600, durable=True)
        # What the next start will find is what counts: it ignores files to which another user can write.
        found = current_release.current(self.before)
        if (found[0] if found is not None else "") != name:
            raise UpgradeError(
                f"other users can write to {path.parent.parent}", "remove their right to write: chmod go-w"
            )

    def roll_back(self) -> tuple[str, str]:
        """Go back to the release that ran before, or to the installed one if that release is damaged or gone.

        The present release is not taken again automatically.

        Returns:
            The version that runs from the next start on, and the one that was taken before.

        Raises:
            UpgradeError: no release was taken, or the one that was taken is no longer valid.
        """
        found = current_release.current(self.before)
        if found is None:
            raise UpgradeError("no release was taken, so there is none to go back from", "see: rezup --version")
        name, previous = found
        if previous and not is_whole(Path(current_release.release_folder(previous, self.before))):
            previous = ""
        version = name.partition("-")[0]
        self._memory().refuse(f"version {version}", "it was taken back")
        self._make_current(previous, "")
        return previous.partition("-")[0] or installed_version(), version

    def _memory(self) -> Memory:
        return read_memory(self._folder() / f"memory-{current_release.key()}.json")

    def is_refused(self, release: Release) -> str:
        """Why a release is not taken automatically; empty if nothing speaks against it."""
        refused = self._memory().refused
        return refused.get(release.identity) or refused.get(f"version {release.version}") or ""

    def look(self) -> bool:
        """Look for a newer release because it is time to, and take it.

        Returns:
            Whether a release was taken, so that the command can start again in it.
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
                return False  # another process is looking
            with held:
                if not current_release.is_due(self.environ):
                    return False  # another process has looked meanwhile
                # The time is set before the look: if the source does not answer, the next command must not ask again.
                path.touch(mode=0o600)
                return is_installed() and self._looked()
        return False

    def _looked(self) -> bool:
        try:
            news = self.news(limit=PATIENCE)
        except UpgradeError:
            return False  # the source does not answer now; the next look may succeed
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
                f"rezup {version} is there, a new major version, which is not taken automatically: read what has changed"
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
    """The releases that any of this user's installations of rezup runs now, or ran before."""
    kept: set[str] = set()
    for path in (folder / "current").iterdir():
        with suppress(OSError, ValueError, TypeError):
            kept |= {str(name) for name in unseal(path.read_bytes())[1:]}
    return kept


def is_installed() -> bool:
    """Whether rezup was started from an installed package, and not from its sources (PEP 610)."""
    found = installed_package()
    if found is None:
        return False
    try:
        origin = parse_json(found.read_text("direct_url.json") or "{}")
    except ValueError:
        return True
    return not origin.get("dir_info", {}).get("editable")


def installation(source: str) -> Installation:
    """How the rezup that runs is installed.

    Args:
        source: where newer releases come from; empty for nowhere.
    """
    place, installed = (os.path.dirname(os.path.dirname(path)) for path in (__file__, current_release.installed))
    return Installation(
        version=__version__,
        place=place,
        installed=installed_version() if current_release.is_release() else __version__,
        installed_place=installed,
        editable=not is_installed(),
        source=source,
    )


def start_over(origin: Invocation) -> None:
    """Start this command again in the new release, with its first environment, its words and its streams; never returns."""
    with suppress(OSError):
        sys.stdout.flush()
    words = [sys.executable, *sys.orig_argv[1:]]
    if os.name != "nt":
        # The same process id and descriptors: the caller cannot tell the difference.
        os.execve(sys.executable, words, dict(origin.environ))
    import subprocess

    sys.exit(subprocess.run(words, env=dict(origin.environ), check=False).returncode)
