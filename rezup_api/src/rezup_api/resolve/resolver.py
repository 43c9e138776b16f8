"""Resolve one environment to versions, from the lock that there is, or by making a new one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rezup_api.disk.files import storing
from rezup_api.errors import InstallError
from rezup_api.events import step
from rezup_api.packages.pylock import LocalWheel, Lock, called, can_lock, parse_lock
from rezup_api.packages.versions import Versions
from rezup_api.resolve.engine import LockRequest
from rezup_api.resolve.local_wheels import from_wheels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.events import Reporter, Step
    from rezup_api.packages.lock_source import LockSource
    from rezup_api.packages.request import EnvironmentRequest
    from rezup_api.resolve.engine import Engine


@dataclass(frozen=True, slots=True)
class Resolved:
    """The result of resolving one environment.

    Args:
        request: the request, with the names that the distributions themselves have.
        versions: the versions of the environment itself.
        shared: the versions of the shared libraries.
        lock: the lock that has both; None if they cannot be locked.
    """

    request: EnvironmentRequest
    versions: Versions
    shared: Versions
    lock: Lock | None


class Resolver:
    """Resolves one environment.

    Args:
        request: the environment that the recipe asks for.
        source: the locks of the revision from which the new one is made.
        engine: the engine that resolves.
        scratch: makes an environment of a given name, for an engine that needs one.
        wheels: the folder that keeps the wheels of local paths.
        work: a folder for files that are needed until the build ends.
        platforms: the platforms of the lock, as recipes name them; empty for all.
        report: gets the steps.
    """

    def __init__(
        self,
        request: EnvironmentRequest,
        source: LockSource,
        *,
        engine: Engine,
        scratch: Callable[[str], Path],
        wheels: Path,
        work: Path,
        platforms: tuple[str, ...],
        report: Reporter,
    ) -> None:
        self._request = request
        self._source = source
        self._engine = engine
        self._scratch = scratch
        self._wheels = wheels
        self._work = work
        self._platforms = platforms
        self._report = report
        self._earlier = source.locks.get(request.name)

    def resolve(self, *, meanwhile: Callable[[], None]) -> Resolved:
        """Find the versions of the environment and of the shared libraries.

        Args:
            meanwhile: called while the engine waits for the answer of an index.

        Raises:
            InstallError: no set of versions fits, or the lock has nothing for this machine.
            StorageError: a wheel cannot be kept.
        """
        if self._earlier is not None:
            self._keep_wheels(self._earlier)
            if not any(package["name"] in self._source.upgrades for package in self._earlier.packages):
                return self._taken(self._earlier, meanwhile)
        request, made = self._without_paths()
        with step(self._report, f"Resolving {request.name}") as running:
            resolved = self._resolved(request, made, meanwhile)
            self._tell(running, resolved)
        return resolved

    def _taken(self, lock: Lock, meanwhile: Callable[[], None]) -> Resolved:
        """Take the versions of the lock, without asking an index."""
        with step(self._report, f"Resolving {self._request.name}") as running:
            names = lock.renamed
            request = self._request.changed(lambda item: replace(item, name=names.get(item.name, item.name)))
            versions, shared = lock.versions(request.interpreter, request.lines)
            meanwhile()
            running.text = f"Took {request.name} from the lock of {self._source.told or 'the revision'}"
        return Resolved(request, versions, shared, lock)

    def _keep_wheels(self, lock: Lock) -> None:
        """Copy the wheels that lie beside the lock to the new revision, except those of packages that are to be upgraded."""
        kept = (package for package in lock.made_of_paths if package["name"] not in self._source.upgrades)
        for name in (wheel["name"] for package in kept for wheel in package["wheels"]):
            wheel, target = (self._source.wheels or self._wheels) / name, self._wheels / name
            if not wheel.is_file():
                raise InstallError(
                    f"{name} is missing beside the lock of {self._source.told}",
                    "ask the person who published it to publish it again",
                )
            if not target.exists():
                with storing("cannot write to"):
                    self._wheels.mkdir(exist_ok=True)
                    shutil.copyfile(wheel, target)

    def _without_paths(self) -> tuple[EnvironmentRequest, list[LocalWheel]]:
        """The request with wheels in place of local paths, and the wheels: those of the earlier lock, or else new ones."""
        known = {name: self._wheels / file for name, file in self._known_wheels().items()}
        request = self._request.changed(
            lambda item: replace(item, local=known.get(item.name, item.local)) if not item.editable else item
        )
        interpreter = request.interpreter

        def build(source: Path, folder: Path) -> None:
            self._engine.build_wheel(source, folder, interpreter, self._scratch)

        return from_wheels(request, self._wheels, self._work, build, self._report)

    def _known_wheels(self) -> dict[str, str]:
        """The recipe's names of the local paths whose wheels are kept, each with the name of the wheel's file."""
        if self._earlier is None:
            return {}
        kept = [package for package in self._earlier.made_of_paths if package["name"] not in self._source.upgrades]
        return {called(package): package["wheels"][0]["name"] for package in kept}

    def _resolved(self, request: EnvironmentRequest, made: list[LocalWheel], meanwhile: Callable[[], None]) -> Resolved:
        """Resolve by making a new lock, from which all machines install the same; without a lock where that is impossible."""
        earlier = self._earlier.to_toml() if self._earlier is not None else ""
        wanted = LockRequest(self._platforms, earlier, self._source.upgrades)
        locking = self._engine.lock(request, wanted, self._scratch) if can_lock(request.interpreter) else None
        resolving = locking or self._engine.resolve(request)
        # The engine runs in a process of its own and waits for an index. Meanwhile this process makes the environment of last
        # time, as a guess. Whatever fails or interrupts that, the other process must not go on without us.
        try:
            meanwhile()
            found = resolving.result()
        except BaseException:
            resolving.cancel()
            raise
        if isinstance(found, Versions):
            return Resolved(request, *self._separated(request, found), None)
        lock = parse_lock(found).beside(made).within(self._platforms)
        # An index may have got further files for the same version since. Revisions with the same versions keep the same lock.
        if self._earlier is not None:
            lock = lock.keeping(self._earlier, self._source.upgrades)
        versions, shared = self._separated(request, lock.versions(request.interpreter, request.lines)[0])
        return Resolved(request, versions, shared, lock.sharing(shared.distributions))

    def _separated(self, request: EnvironmentRequest, together: Versions) -> tuple[Versions, Versions]:
        if not request.shared:
            return together, Versions((), lasting=True)
        return self._engine.separate(request, together, self._scratch)

    def _tell(self, running: Step, resolved: Resolved) -> None:
        """Set the line that stays: what was resolved, and which versions have changed since the earlier lock."""
        request = resolved.request
        running.text = f"Resolved {request.name} for Python {request.interpreter.version_text}"
        if self._earlier is None or resolved.lock is None:
            return
        before, after = _versions(self._earlier), _versions(resolved.lock)
        changes = [
            f"{name} {before.get(name, 'new')} to {after.get(name, 'gone')}"
            for name in sorted({*before, *after})
            if before.get(name) != after.get(name)
        ]
        running.text += f": {', '.join(changes)}" if changes else ": nothing has changed"


def _versions(lock: Lock) -> dict[str, str]:
    """The versions of each package of a lock, as text; a package may have another version on each platform."""
    found: dict[str, list[str]] = {}
    for package in lock.packages:
        found.setdefault(package["name"], []).append(package.get("version", ""))
    return {name: " and ".join(sorted(versions)) for name, versions in found.items()}
