"""Build one environment of a revision, step by step."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.cache.byte_code import Compiler
from rezup_api.cache.environment_cache import Template
from rezup_api.disk.files import remove_tree, write_whole
from rezup_api.environments.libraries import link_libraries, provide
from rezup_api.environments.production_scripts import FOLDER, MARKER, write_production_scripts
from rezup_api.environments.rez_links import link_sources
from rezup_api.environments.shared_data import DataTrees
from rezup_api.environments.smoke_test import probe
from rezup_api.environments.virtual_environment import create_environment
from rezup_api.errors import InstallError
from rezup_api.events import step
from rezup_api.packages.installed import conflicts, damaged, drop_notes, installed, refuse_damaged
from rezup_api.resolve import engine_choice
from rezup_api.resolve.engine import surroundings
from rezup_api.resolve.resolver import Resolved, Resolver
from rezup_api.store.layout import BIN, WHEELS, lock_name, site_packages
from rezup_api.store.metadata import Environment
from rezup_api.store.shared_folders import withdraw

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

    from rezup_api.cache.content_store import FileStore, Listing
    from rezup_api.cache.folders import Caches
    from rezup_api.disk.staging import Stage
    from rezup_api.events import Reporter
    from rezup_api.packages.lock_source import LockSource
    from rezup_api.packages.pylock import Lock
    from rezup_api.packages.request import EnvironmentRequest
    from rezup_api.packages.versions import Versions
    from rezup_api.recipe.model import Recipe
    from rezup_api.settings import Settings
    from rezup_api.store.layout import ContainerFolder

# Increase this number whenever rezup writes something else into environments. The cache then ignores the lists of older releases.
LAYOUT = "4"
# In the mark of a passed test: `rez-env` does not work inside another one.
FLAT = b"does not nest"


@dataclass(frozen=True, slots=True)
class Workplace:
    """What the builds of one revision share.

    Args:
        recipe: the recipe of the revision.
        folder: the folder of its container.
        stage: the folder in which the revision is prepared.
        work: a folder for files that are needed until the build ends.
        settings: the settings of this run.
        environ: the caller's environment.
        caches: the caches of this user.
        store: shares files of equal content.
        report: gets the steps.
        holds: keeps the locks on shared folders until the revision has appeared.
        origin: the locks of the revision from which this one is made.
        ends: when the time of the engines is over, by `time.monotonic`; None for no limit.
    """

    recipe: Recipe
    folder: ContainerFolder
    stage: Stage
    work: Path
    settings: Settings
    environ: Mapping[str, str]
    caches: Caches
    store: FileStore
    report: Reporter
    holds: ExitStack
    origin: LockSource
    ends: float | None = None


class EnvironmentBuild:
    """The build of one environment.

    `libraries` is the folder of the shared libraries that the environment links, or None; `trees` are the data folders that it
    links, by their names. Both are complete after `run`.
    """

    def __init__(self, request: EnvironmentRequest, place: Workplace) -> None:
        self._request = request
        self._place = place
        self._holding = (place.stage.lock.descriptor,)
        self._path = place.stage.path / "venv" / request.name
        self._packages = site_packages(self._path, request.interpreter.version)
        self._around = surroundings(
            place.recipe,
            place.settings,
            place.environ,
            work=place.work,
            caches=place.caches,
            report=place.report,
            holding=self._holding,
            prefix=Path(request.interpreter.executable).parent.parent,
            wheels=(place.stage.path / WHEELS, *([place.origin.wheels] if place.origin.wheels else [])),
            ends=place.ends,
        )
        self._engine = engine_choice.choose_engine(place.recipe, request.interpreter, self._around)
        self._data = DataTrees(
            place.folder, place.store, place.caches.environments, place.holds, made_for=place.stage.path
        )
        self._lock: Lock | None = None
        self.libraries: Path | None = None
        self.trees: dict[str, Listing] = {}

    def resolve(self) -> Resolved:
        """Find the versions, and make nothing of them; the errors are those of `Resolver.resolve`."""
        return self._resolver().resolve(meanwhile=lambda: None)

    def run(self) -> Environment:
        """Make the environment, from the list of an equal one if there is one, and test it.

        Raises:
            InstallError: the environment cannot be built, or does not run.
            OSError: a file cannot be read or written.
        """
        template = Template(self._place.caches.environments, self._request, self._place.store, self._path)
        resolved = self._resolver().resolve(meanwhile=template.prepare)
        versions, self._request, self._lock = resolved.versions, resolved.request, resolved.lock
        self._share(resolved.shared)
        key = self._key(versions)
        listing = self._from(template, key)
        if listing is None:
            listing = self._make(versions)
            if versions.lasting:
                template.remember(key, listing)
        nests = self._try(listing)
        self._record(listing)
        return Environment(
            name=self._request.name,
            python=self._request.interpreter.version_text,
            interpreter=self._request.interpreter.executable,
            rez=(self._path / BIN / FOLDER / MARKER).read_text(encoding="utf-8"),
            size=listing.size + sum(tree.size for tree in self.trees.values()),
            locked=self._lock is not None,
            editable=tuple(self._lock.editable if self._lock is not None else ()),
            nests=nests,
        )

    def _from(self, template: Template, key: str) -> Listing | None:
        """Make the environment from the list of an equal one, with the data folders that it links; None if that is impossible."""
        listing = template.confirm(key)
        trees = self._data.restore(listing) if listing is not None else None
        if trees is None:
            template.discard()
            return None
        self.trees = trees
        return listing

    def _record(self, listing: Listing) -> None:
        """Write the lock, and the list of all files, into the revision; equal environments share the file of that list."""
        stage = self._place.stage.path
        if self._lock is not None:
            write_whole(stage / lock_name(self._request.name), self._lock.to_toml().encode("utf-8"))
        path = stage / f"files.{self._request.name}.json"
        write_whole(path, listing.to_json().encode("utf-8"))
        self._place.store.share(path)

    def _resolver(self) -> Resolver:
        place = self._place
        return Resolver(
            self._request,
            place.origin,
            engine=self._engine,
            scratch=self._scratch,
            wheels=place.stage.path / WHEELS,
            work=place.work,
            platforms=place.recipe.platforms,
            report=place.report,
        )

    def _share(self, shared: Versions) -> None:
        """Provide the shared libraries, and hold them until the revision has appeared."""
        if not shared.lines:
            return
        self.libraries, held = provide(
            self._place.folder,
            self._request,
            shared,
            engine=self._engine,
            scratch=self._scratch,
            compiler=self._compiler(Path(self._request.interpreter.executable)),
            store=self._place.store,
            report=self._place.report,
        )
        # The stack runs backwards: first the hold ends, and then `withdraw` removes the libraries if the revision did not appear.
        self._place.holds.callback(withdraw, self._place.folder, self.libraries, self._place.stage.path)
        self._place.holds.enter_context(held)

    def _compiler(self, python: Path) -> Compiler:
        share = self._place.recipe.pip.link == "auto"
        cache, environ = self._place.caches.bytecode, self._place.environ
        return Compiler(python, self._request.interpreter, cache, environ, self._holding, share)

    def _scratch(self, name: str) -> Path:
        """An environment that lasts until the build ends; the same one for the same name."""
        path = self._place.work / f"{self._request.name}.{name}"
        if not path.exists():
            self._create(path)
        return path

    def _create(self, path: Path) -> None:
        create_environment(
            path,
            self._request.interpreter,
            seed=self._engine.needs_pip,
            caches=self._place.caches,
            environ=self._place.environ,
            helper=engine_choice.helper_engine(self._around),
        )

    def _key(self, versions: Versions) -> str:
        """The key of this environment in the cache: a digest of everything that has an influence on its files.

        If something is missing here, a user gets another environment than the recipe asks for.
        """
        request = self._request
        parts = [LAYOUT, self._engine.name, request.interpreter.identity, versions.digest]
        parts += [self.libraries.name if self.libraries else "", *map(repr, self._around.options)]
        parts += [f"{tool.name} {' '.join(flags)}" for tool, flags in zip(request.tools, request.flags, strict=True)]
        return hashlib.sha256("\n".join(parts).encode("utf-8")).hexdigest()

    def _make(self, versions: Versions) -> Listing:
        """Make the environment by installing everything; a second time if the installer's cache has given damaged files."""
        bad = self._install(versions)
        if self._engine.forget(bad):
            remove_tree(self._path)
            bad = self._install(versions)
        refuse_damaged(bad)
        with step(self._place.report, f"Compiling {self._request.name}") as running:
            self._compiler(self._path / BIN / "python").compile(self._packages, running)
            if self._place.recipe.pip.link == "auto" and os.name != "nt":  # on Windows links need a privilege
                self.trees = self._data.split(self._packages)
            running.text = "Compiled the byte code"
            # Last, because it takes the write permission from all files, and lists what the environment finally holds.
            return self._place.store.adopt(self._path)

    def _install(self, versions: Versions) -> list[str]:
        """Install everything and turn it into a production install; return the distributions whose files are damaged."""
        request = self._request
        with step(self._place.report, f"Installing {request.name}") as running:
            self._create(self._path)
            self._engine.install(self._path, request, versions, running)
            (self._path / ".lock").unlink(missing_ok=True)  # uv has made it for its own processes
            distributions = installed(self._packages)
            drop_notes(distributions.values(), versions.versioned)
            _refuse_conflicts(conflicts(distributions.values()))
            # Compare with RECORD before the next line, which rewrites scripts and RECORD.
            bad = damaged(self._packages, distributions.values())
            version = write_production_scripts(self._path, request)
            rez = request.tools[0]
            if rez.editable and rez.local is not None:
                link_sources(self._packages, rez.local)
            if self.libraries is not None:
                link_libraries(self._packages, self.libraries, self._place.stage.path)
            running.text = f"Installed {_named(request, version, len(distributions))}"
        return bad

    def _try(self, listing: Listing) -> bool:
        """Test the Rez inside, unless the same content has passed the test with the same interpreter before.

        Returns:
            Whether `rez-env` works inside another one.
        """
        request = self._request
        libraries = self.libraries.name if self.libraries else ""
        tested = f"{LAYOUT}\n{listing.digest}\n{request.interpreter.identity}\n{libraries}"
        mark = self._place.caches.probed / hashlib.sha256(tested.encode("utf-8")).hexdigest()
        # An editable environment loads code that is not in the listing, so it is tested every time.
        if mark.exists() and not request.editable:
            return mark.read_bytes() != FLAT
        work = self._place.work / "probe"
        work.mkdir()
        with step(self._place.report, f"Testing {request.name}") as running:
            nests = probe(
                self._path,
                request.interpreter,
                request.tools[0].name,
                environ=self._around.environ,
                work=work,
                report=self._place.report,
                holding=self._holding,
            )
            running.text = f"Tested: rez-env works, {'also' if nests else 'but not'} inside another one"
        remove_tree(work)
        if not request.editable:
            mark.write_bytes(b"" if nests else FLAT)
        return nests


def _named(request: EnvironmentRequest, version: str, count: int) -> str:
    others = f" and {count - 1} more packages" if count > 2 else ""
    return f"rez {version}{others}" if request.name == "rez" else f"{request.name} with rez {version}{others}"


def _refuse_conflicts(found: list[str]) -> None:
    if found:
        # Every environment holds Rez, so isolating a package does not help if it owns files of Rez.
        isolate = "" if any(" rez " in f" {item}" for item in found) else ", or isolate one (isolation = true)"
        raise InstallError(
            f"two packages own the same files: {'; '.join(found)}",
            f"one would overwrite the other: take one out of the recipe{isolate}",
        )
