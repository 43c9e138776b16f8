"""Make a lock from the files that pip has downloaded, because pip cannot say beforehand what it will install.

Such a lock is for this platform and Python only. pip does not say from which address a file came, so the lock records the path
that the file has in a wheelhouse beside the lock. A machine without that wheelhouse gets the file from an index, by name, version
and hash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup_api.disk.documents import parse_toml
from rezup_api.disk.files import digest_of
from rezup_api.errors import InstallError
from rezup_api.packages.platforms import here, marker
from rezup_api.recipe.values import canonical
from rezup_api.resolve.engine_errors import require_success
from rezup_api.store.layout import WHEELS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.packages.request import EnvironmentRequest
    from rezup_api.process import runner
    from rezup_api.resolve.engine import LockRequest

_SOURCES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")


class Downloading:
    """A running `pip download`, of whose files a lock is made.

    Args:
        running: the process.
        ended: waits for its end.
        folder: the folder into which it downloads.
        request: the environment whose requirements it downloads.
    """

    def __init__(
        self,
        running: runner.Running,
        ended: Callable[[runner.Running], runner.Completed],
        folder: Path,
        request: EnvironmentRequest,
    ) -> None:
        self._running = running
        self._ended = ended
        self._folder = folder
        self._request = request

    def result(self) -> str:
        """Wait for the download to end; see `Locking.result`."""
        import tomli_w

        require_success(self._ended(self._running), "pip cannot find what the recipe asks for")
        files = sorted(self._folder.iterdir()) if self._folder.is_dir() else []
        asked = (*self._request.requirements, *self._request.shared)
        local = {item.local.name for item in asked if item.local is not None}
        editable = {canonical(item.name): str(item.local) for item in asked if item.editable}
        every = (_package(path, beside=path.name in local) for path in files)
        # `pip download` saves editable projects as well, as archives; the lock must lead to their folders instead.
        packages = [package for package in every if package["name"] not in editable]
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
        """End the download without a result."""
        self._running.kill()


def _package(path: Path, *, beside: bool) -> dict[str, Any]:
    """A downloaded file as an entry of a lock: a wheel or sdist, or an archive if it lies `beside` the lock as a local path."""
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
            raise InstallError(f"{file} is not a valid name of a wheel: {error}") from error
        return str(parsed[0]), str(parsed[1])
    stem = next((file.removesuffix(end) for end in _SOURCES if file.endswith(end)), file)
    name, _, version = stem.rpartition("-")
    return canonical(name), version


def lock_limits(wanted: LockRequest) -> tuple[str, ...]:
    """The versions of an earlier lock that shall stay, as constraints."""
    packages = parse_toml(wanted.earlier).get("packages", []) if wanted.earlier else []
    free = {canonical(name) for name in wanted.upgrades}
    return tuple(
        f"{package['name']}=={package['version']}"
        for package in packages
        if "version" in package and package["name"] not in free
    )
