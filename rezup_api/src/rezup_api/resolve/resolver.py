"""Find out what one environment will hold: by the lock that there is, or by a new one."""

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
    """What one environment will hold.

    Args:
        request: what was asked for, under the names that the distributions have.
        pins: for the environment itself.
        shared: for the shared libraries.
        lock: where both are from; None where they cannot be locked.
    """

    request: EnvironmentRequest
    pins: Versions
    shared: Versions
    lock: Lock | None


class Resolver:
    """Resolves one environment.

    Args:
        origin: what was resolved already.
        scratch: gives an environment by name, for the engine that needs one.
        wheels: where the wheels of local paths are kept.
        work: a folder for what lives as long as the build.
        platforms: those the lock is for, in the words of recipes; none means all.
    """

    def __init__(
        self,
        request: EnvironmentRequest,
        origin: LockSource,
        *,
        engine: Engine,
        scratch: Callable[[str], Path],
        wheels: Path,
        work: Path,
        platforms: tuple[str, ...],
        report: Reporter,
    ) -> None:
        self._request = request
        self._origin = origin
        self._engine = engine
        self._scratch = scratch
        self._wheels = wheels
        self._work = work
        self._platforms = platforms
        self._report = report
        self._earlier = origin.locks.get(request.name)

    def resolve(self, *, meanwhile: Callable[[], None]) -> Resolved:
        """Find the versions, of the environment and of the shared libraries.

        Args:
            meanwhile: called while the answer of an index is waited for.

        Raises:
            InstallError: there is no set of versions that fits; or the lock has nothing for this machine.
        """
        if self._earlier is not None:
            self._keep_wheels(self._earlier)
            if not any(package["name"] in self._origin.upgrades for package in self._earlier.packages):
                return self._taken(self._earlier, meanwhile)
        request, made = self._without_paths()
        with step(self._report, f"Resolving {request.name}") as running:
            resolved = self._resolved(request, made, meanwhile)
            self._tell(running, resolved)
        return resolved

    def _taken(self, lock: Lock, meanwhile: Callable[[], None]) -> Resolved:
        """Take what the lock says."""
        with step(self._report, f"Resolving {self._request.name}") as running:
            names = lock.renamed
            request = self._request.changed(lambda one: replace(one, name=names.get(one.name, one.name)))
            pins, shared = lock.pins(request.interpreter, request.lines)
            meanwhile()
            running.text = f"Took {request.name} from the lock of {self._origin.told or 'the revision'}"
        return Resolved(request, pins, shared, lock)

    def _keep_wheels(self, lock: Lock) -> None:
        """Let the wheels that lie beside the lock lie beside the one of the new revision too, unless they are to be upgraded."""
        kept = (package for package in lock.made_of_paths if package["name"] not in self._origin.upgrades)
        for name in (wheel["name"] for package in kept for wheel in package["wheels"]):
            source, target = (self._origin.wheels or self._wheels) / name, self._wheels / name
            if not source.is_file():
                raise InstallError(
                    f"{name} is missing beside the lock of {self._origin.told}", "ask who published it to publish again"
                )
            if not target.exists():
                with storing("cannot write to"):
                    self._wheels.mkdir(exist_ok=True)
                    shutil.copyfile(source, target)

    def _without_paths(self) -> tuple[EnvironmentRequest, list[LocalWheel]]:
        """What is asked for, with wheels in place of local paths: those of the earlier lock, else new ones."""
        known = {name: self._wheels / file for name, file in self._known_wheels().items()}
        request = self._request.changed(
            lambda one: replace(one, local=known.get(one.name, one.local)) if not one.editable else one
        )
        interpreter = request.interpreter

        def build(source: Path, folder: Path) -> None:
            self._engine.build_wheel(source, folder, interpreter, self._scratch)

        return from_wheels(request, self._wheels, self._work, build, self._report)

    def _known_wheels(self) -> dict[str, str]:
        """What the recipe calls what there are wheels of already, which are not to be upgraded; with the files' names."""
        if self._earlier is None:
            return {}
        kept = [one for one in self._earlier.made_of_paths if one["name"] not in self._origin.upgrades]
        return {called(package): package["wheels"][0]["name"] for package in kept}

    def _resolved(self, request: EnvironmentRequest, made: list[LocalWheel], meanwhile: Callable[[], None]) -> Resolved:
        """Resolve by a new lock; everybody who has it installs the same."""
        earlier = self._earlier.to_toml() if self._earlier is not None else ""
        wanted = LockRequest(self._platforms, earlier, self._origin.upgrades)
        locking = self._engine.lock(request, wanted, self._scratch) if can_lock(request.interpreter) else None
        resolving = locking or self._engine.resolve(request)
        try:
            meanwhile()
            told = resolving.result()
        except BaseException:
            resolving.cancel()
            raise
        if isinstance(told, Versions):
            return Resolved(request, *self._separated(request, told), None)
        lock = parse_lock(told).beside(made).within(self._platforms)
        if self._earlier is not None:
            lock = lock.keeping(self._earlier, self._origin.upgrades)
        pins, shared = self._separated(request, lock.pins(request.interpreter, request.lines)[0])
        return Resolved(request, pins, shared, lock.sharing(shared.distributions))

    def _separated(self, request: EnvironmentRequest, together: Versions) -> tuple[Versions, Versions]:
        if not request.shared:
            return together, Versions((), lasting=True)
        return self._engine.separate(request, together, self._scratch)

    def _tell(self, running: Step, resolved: Resolved) -> None:
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
    """The packages of a lock, each with its versions, of which there may be one for each platform."""
    found: dict[str, list[str]] = {}
    for package in lock.packages:
        found.setdefault(package["name"], []).append(package.get("version", ""))
    return {name: " and ".join(sorted(versions)) for name, versions in found.items()}
