"""Make the bundle of a revision: fetch every wheel that its locks name, and build the wheels of which there are only sources."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rezup_api._version import __version__
from rezup_api.bundles.archive import lacking, pack
from rezup_api.bundles.fetch import Fetcher
from rezup_api.cache.folders import open_caches
from rezup_api.disk.files import digest_of, storing, write_whole
from rezup_api.disk.staging import staged
from rezup_api.disk.trust import changeable_by
from rezup_api.errors import InstallError, NotFoundError
from rezup_api.events import step
from rezup_api.packages.lock_source import read_lock_source
from rezup_api.packages.platforms import PlatformTarget, here, marker_environment, parse_platforms, tags_of
from rezup_api.packages.pylock import line_of
from rezup_api.pythons.finder import Finder
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.recipe.dump import dump
from rezup_api.recipe.load import load_recipe
from rezup_api.store.layout import METADATA_FILE, RECIPE_FILE, WHEELS, lock_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup_api.events import Reporter
    from rezup_api.packages.lock_source import LockSource
    from rezup_api.packages.pylock import Lock
    from rezup_api.settings import Settings
    from rezup_api.store.metadata import Environment
    from rezup_api.store.revision import Revision


@dataclass(frozen=True, slots=True)
class Bundled:
    """A bundle that was made: its revision, its path, its platforms, its size in bytes, and the number of its wheels."""

    revision: Revision
    path: Path
    targets: tuple[PlatformTarget, ...]
    size: int
    wheels: int


def wanted_platforms(named: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of platform and machine that are named; this platform where none is.

    Raises:
        UsageError: there is no such platform.
    """
    if named:
        return parse_platforms(named)
    machine = host_interpreter().machine.lower()
    return [(here(), "amd64" if here() == "windows" and machine == "x86_64" else machine)]


@dataclass(frozen=True, slots=True)
class Bundler:
    """Makes bundles of revisions of this machine.

    Args:
        settings: the caller's settings.
        environ: the caller's environment.
        report: called with events: what is being done.
    """

    settings: Settings
    environ: Mapping[str, str]
    report: Reporter

    def bundle(self, revision: Revision, path: Path, platforms: Sequence[tuple[str, str]]) -> Bundled:
        """Make the bundle of a revision.

        Args:
            revision: a revision that is built on this machine.
            path: the path of the bundle; an existing file is replaced.
            platforms: the platforms for which it is, as pairs of platform and machine.

        Raises:
            NotFoundError: the revision has no locks, or the folder of `path` does not exist.
            InstallError: a package of the revision cannot go into a bundle, or has no wheel for one of the platforms.
            StorageError: a file cannot be written.
        """
        origin = read_lock_source(revision.path, str(revision))
        environments = _bundled(revision, origin)
        if not path.parent.is_dir():
            raise NotFoundError(f"there is no folder {path.parent} for the bundle")
        with staged(revision.folder.path) as stage, ExitStack() as holds:
            content, work = stage.path / "content", stage.path / "work"
            with storing("cannot write to"):
                (content / WHEELS).mkdir(parents=True)
                work.mkdir(mode=0o700)  # what pip reads there may hold logins
            targets: dict[str, tuple[PlatformTarget, ...]] = {}
            for environment in environments:
                version = tuple(int(number) for number in environment.python.split("."))
                targets[environment.name] = tuple(PlatformTarget(name, machine, version) for name, machine in platforms)
                fetcher = self._fetcher(revision, environment, work, content / WHEELS, holds)
                lock = self._fetch(fetcher, environment, origin, targets[environment.name], content / WHEELS)
                write_whole(content / lock_name(environment.name), lock.to_toml().encode("utf-8"))
            _describe(revision, content)
            pack(content, path, str(revision), __version__, targets)
            wheels = len(list((content / WHEELS).iterdir()))
        every = dict.fromkeys(target for each in targets.values() for target in each)
        return Bundled(revision, path, tuple(every), path.stat().st_size, wheels)

    def _fetcher(
        self, revision: Revision, environment: Environment, work: Path, wheels: Path, holds: ExitStack
    ) -> Fetcher:
        caches = open_caches(revision.folder.root, self.environ, self.report)
        finder = Finder(self.settings, self.environ, caches.interpreters)
        recipe = load_recipe(revision.container, revision.recipe_file, tolerant=True)
        return Fetcher(
            recipe,
            finder.find(_interpreter(revision, environment)),
            settings=self.settings,
            environ=self.environ,
            caches=caches,
            work=work,
            wheels=wheels,
            beside=revision.path / WHEELS,
            report=self.report,
        )

    def _fetch(
        self,
        fetcher: Fetcher,
        environment: Environment,
        origin: LockSource,
        targets: Sequence[PlatformTarget],
        wheels: Path,
    ) -> Lock:
        """Fetch the wheels of one environment; return its lock, to which the wheels that were built are added."""
        lock = origin.locks[environment.name]
        with step(self.report, f"Fetching the wheels of {environment.name}") as running:
            fetcher.take_local(lock)
            lock = lock.with_wheels(fetcher.build_sources(_sources(lock, targets), running))
            for target in targets:
                fetcher.fetch(lock, target, running)
                self._refuse_incomplete(lock, target, wheels)
            running.text = f"Fetched the wheels of {environment.name}"
        return lock

    def _refuse_incomplete(self, lock: Lock, target: PlatformTarget, wheels: Path) -> None:
        missing = lacking(lock, target, {digest_of(str(path)) for path in wheels.iterdir()})
        if missing:
            raise InstallError(
                f"there is no wheel of {', '.join(missing)} for {target}",
                "it must be built on such a machine: make the bundle there, or leave out the platform",
            )


def _bundled(revision: Revision, origin: LockSource) -> list[Environment]:
    """The environments of a revision; raise if one of them cannot go into a bundle."""
    environments = list(revision.metadata.environments) if revision.metadata is not None else []
    unlocked = [one.name for one in environments if one.name not in origin.locks]
    if unlocked or not environments:
        raise NotFoundError(
            f"{revision} has no lock for {', '.join(unlocked) or 'anything'}, so its bundle cannot be made",
            "make a new revision with this rezup: rezup add",
        )
    editable = sorted({name for lock in origin.locks.values() for name in lock.editable})
    if editable:
        raise InstallError(
            f"{', '.join(editable)} of {revision} is editable: its files are outside of the revision",
            "make a revision without edit = true, and bundle that",
        )
    return environments


def _sources(lock: Lock, targets: Sequence[PlatformTarget]) -> dict[str, str]:
    """The packages that have no wheel for one of the targets, each with the requirement line that gets its sources."""
    from packaging.pylock import PackageWheel, PylockSelectError

    found: dict[str, str] = {}
    for target in targets:
        try:
            for package, chosen in lock.selected(marker_environment(target), tags_of(target)):
                if not isinstance(chosen, PackageWheel):
                    found[package.name] = line_of(package, {})
        except PylockSelectError as error:
            raise InstallError(
                f"the lock has nothing for {target}: {error}",
                "add the platform to [lock] platforms, and make a new revision: rezup add",
            ) from error
    return found


def _describe(revision: Revision, content: Path) -> None:
    """Write the recipe and the metadata in the form that they have on a remote root."""
    assert revision.metadata is not None
    python = ".".join(revision.metadata.environments[0].python.split(".")[:2])
    recipe = load_recipe(revision.container, revision.recipe_file, tolerant=True)
    published = replace(revision.metadata, environments=(), libraries=(), data=(), remote="")
    with storing("cannot write to"):
        write_whole(content / RECIPE_FILE, dump(recipe, rez_python=python).encode("utf-8"))
        write_whole(content / METADATA_FILE, published.to_json().encode("utf-8"))


def _interpreter(revision: Revision, environment: Environment) -> str:
    """What to ask the finder for: the path that the revision records if nobody else can write the record, or else the version.

    The finder runs the program at a path. Whoever can write the record would say what this user runs.
    """
    if not changeable_by(revision.lock_file):
        return environment.interpreter
    return ".".join(environment.python.split(".")[:2])
