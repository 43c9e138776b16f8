"""A lock from files that were downloaded: for the engine that cannot tell beforehand what it will install.

Such a lock is for this platform and Python only. Where a file came from is not known, so it is recorded by the path that it has
in a wheelhouse beside the lock; whoever has none gets it from an index, by name, version and hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup_api.disk.files import digest_of
from rezup_api.errors import InstallError
from rezup_api.packages.platforms import here, marker
from rezup_api.recipe.values import canonical
from rezup_api.resolve.engine_errors import require_success
from rezup_api.store.layout import WHEELS

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.packages.request import EnvironmentRequest
    from rezup_api.process import runner
    from rezup_api.resolve.engine import LockRequest

_SOURCES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")


class Downloading:
    """A download that is under way.

    Args:
        folder: where it goes.
        request: what is asked for.
    """

    def __init__(self, running: runner.Running, folder: Path, request: EnvironmentRequest) -> None:
        self._running = running
        self._folder = folder
        self._request = request

    def result(self) -> str:
        """Wait for it; see `Locking.result`."""
        import tomli_w

        require_success(self._running.wait(), "pip cannot find what the recipe asks for")
        files = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        asked = (*self._request.requirements, *self._request.shared)
        local = {item.local.name for item in asked if item.local is not None}
        editable = {canonical(item.name): str(item.local) for item in asked if item.editable}
        every = (_package(path, beside=path.name in local) for path in files)
        packages = [package for package in every if package["name"] not in editable]  # pip saves those too
        packages += [{"name": name, "directory": {"path": path, "editable": True}} for name, path in editable.items()]
        python = ".".join(map(str, self._request.interpreter.version[:2]))
        document = {
            "lock-version": "1.0",
            "created-by": "rezup",
            "environments": [marker([here()])],
            "requires-python": f"=={python}.*",
            "packages": packages,
        }
        return tomli_w.dumps(document)

    def cancel(self) -> None:
        """End it without a result."""
        self._running.kill()


def _package(path: Path, *, beside: bool) -> dict[str, Any]:
    """A file as an entry of a lock; one that lies beside the lock as the archive that it was asked for as."""
    name, version = _identity(path.name)
    hashes = {"sha256": digest_of(str(path))}
    if beside:
        return {"name": name, "version": version, "archive": {"path": str(path), "hashes": hashes}}
    file = {"name": path.name, "path": f"{WHEELS}/{path.name}", "hashes": hashes}
    return {"name": name, "version": version, **({"wheels": [file]} if path.suffix == ".whl" else {"sdist": file})}


def _identity(file: str) -> tuple[str, str]:
    """The name and the version of a distribution, from the name of its file."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    if file.endswith(".whl"):
        try:
            parsed = parse_wheel_filename(file)
        except InvalidWheelFilename as error:
            raise InstallError(f"{file} is not named as a wheel is: {error}") from error
        return str(parsed[0]), str(parsed[1])
    stem = next((file.removesuffix(end) for end in _SOURCES if file.endswith(end)), file)
    name, _, version = stem.rpartition("-")
    return canonical(name), version


def lock_limits(wanted: LockRequest) -> tuple[str, ...]:
    """The versions of an earlier lock that are to be kept, as constraints."""
    import tomli

    packages = tomli.loads(wanted.earlier).get("packages", []) if wanted.earlier else []
    free = {canonical(name) for name in wanted.upgrades}
    return tuple(f"{one['name']}=={one['version']}" for one in packages if "version" in one and one["name"] not in free)
