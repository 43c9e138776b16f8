"""Build one environment of a revision: the list of steps, in the order in which they are carried out."""

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
from rezup_api.resolve.resolver import Resolver
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

# Raised whenever what is written into an environment changes, so that no list of an older rezup is taken for it.
LAYOUT = "4"


@dataclass(frozen=True, slots=True)
class Workplace:
    """What the builds of one revision share.

    Args:
        recipe: what goes in.
        folder: the container it is for.
        stage: where it is prepared.
        work: a folder for what lives as long as the build.
        environ: the caller's environment.
        store: shares the files of equal content.
        holds: keeps what must not be removed before the revision has appeared.
        origin: what was resolved already.
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


class EnvironmentBuild:
    """The building of one environment.

    `libraries` is the folder of shared libraries that it links, None as long as there is none; `trees` are the data folders that
    it links, by their names.
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
        )
        self._engine = engine_choice.choose_engine(place.recipe, request.interpreter, self._around)
        self._data = DataTrees(
            place.folder, place.store, place.caches.environments, place.holds, made_for=place.stage.path
        )
        self._lock: Lock | None = None
        self.libraries: Path | None = None
        self.trees: dict[str, Listing] = {}

    def run(self) -> Environment:
        """Make the environment, from an earlier one of the same content if there is one, and try it.

        Raises:
            InstallError: it cannot be built, or does not run.
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
        self._try(listing)
        self._record(listing)
        return Environment(
            name=self._request.name,
            python=self._request.interpreter.version_text,
            interpreter=self._request.interpreter.executable,
            rez=(self._path / BIN / FOLDER / MARKER).read_text(encoding="utf-8"),
            size=listing.size + sum(tree.size for tree in self.trees.values()),
            locked=self._lock is not None,
            editable=tuple(self._lock.editable if self._lock is not None else ()),
        )

    def _from(self, template: Template, key: str) -> Listing | None:
        """Take an environment that was made before, with the data folders that it links; None when it must be made."""
        listing = template.confirm(key)
        trees = self._data.restore(listing) if listing is not None else None
        if trees is None:
            template.discard()
            return None
        self.trees = trees
        return listing

    def _record(self, listing: Listing) -> None:
        """Keep the lock, and the digests of all files, which equal environments share as well."""
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
        """Provide the shared libraries, held until the revision has appeared."""
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
        self._place.holds.callback(withdraw, self._place.folder, self.libraries, self._place.stage.path)
        self._place.holds.enter_context(held)

    def _compiler(self, python: Path) -> Compiler:
        share = self._place.recipe.pip.link == "auto"
        cache, environ = self._place.caches.bytecode, self._place.environ
        return Compiler(python, self._request.interpreter, cache, environ, self._holding, share)

    def _scratch(self, name: str) -> Path:
        """An environment that lives as long as the build."""
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
        """What tells this environment from others: whatever goes into it."""
        request = self._request
        told = [LAYOUT, self._engine.name, request.interpreter.identity, versions.digest]
        told += [self.libraries.name if self.libraries else "", *map(repr, self._around.options)]
        told += [f"{tool.name} {' '.join(flags)}" for tool, flags in zip(request.tools, request.flags, strict=True)]
        return hashlib.sha256("\n".join(told).encode("utf-8")).hexdigest()

    def _make(self, versions: Versions) -> Listing:
        """Make the environment from nothing; once more if what the installer's cache gave was damaged."""
        bad = self._install(versions)
        if self._engine.forget(bad):
            remove_tree(self._path)
            bad = self._install(versions)
        refuse_damaged(bad)
        with step(self._place.report, f"Compiling {self._request.name}") as running:
            self._compiler(self._path / BIN / "python").compile(self._packages, running)
            if self._place.recipe.pip.link == "auto" and os.name != "nt":  # where links need no privilege
                self.trees = self._data.split(self._packages)
            running.text = "Compiled the byte code"
            return self._place.store.adopt(self._path)

    def _install(self, versions: Versions) -> list[str]:
        """Install everything and turn it into a production install; the distributions whose files are damaged."""
        request = self._request
        with step(self._place.report, f"Installing {request.name}") as running:
            self._create(self._path)
            self._engine.install(self._path, request, versions, running)
            (self._path / ".lock").unlink(missing_ok=True)  # uv's, for its own processes
            distributions = installed(self._packages)
            drop_notes(distributions.values(), versions.versioned)
            _refuse_conflicts(conflicts(distributions.values()))
            bad = damaged(self._packages, distributions.values())
            version = write_production_scripts(self._path, request)
            rez = request.tools[0]
            if rez.editable and rez.local is not None:
                link_sources(self._packages, rez.local)
            if self.libraries is not None:
                link_libraries(self._packages, self.libraries, self._place.stage.path)
            running.text = f"Installed {_named(request, version, len(distributions))}"
        return bad

    def _try(self, listing: Listing) -> None:
        """Run the Rez inside, unless the same content has run on the same interpreter before."""
        request = self._request
        libraries = self.libraries.name if self.libraries else ""
        told = f"{LAYOUT}\n{listing.digest}\n{request.interpreter.identity}\n{libraries}"
        mark = self._place.caches.probed / hashlib.sha256(told.encode("utf-8")).hexdigest()
        if mark.exists() and not request.editable:
            return
        work = self._place.work / "probe"
        work.mkdir()
        with step(self._place.report, f"Testing {request.name}") as running:
            probe(
                self._path,
                request.interpreter,
                environ=self._around.environ,
                work=work,
                report=self._place.report,
                holding=self._holding,
            )
            running.text = "Tested: rez-env works, also inside another one"
        remove_tree(work)
        if not request.editable:
            mark.touch()


def _named(request: EnvironmentRequest, version: str, count: int) -> str:
    others = f" and {count - 1} more packages" if count > 2 else ""
    return f"rez {version}{others}" if request.name == "rez" else f"{request.name} with rez {version}{others}"


def _refuse_conflicts(found: list[str]) -> None:
    if found:
        # Rez is in every environment, so isolation does not keep two of its kind apart.
        isolate = "" if any(" rez " in f" {item}" for item in found) else ", or isolate one (isolation = true)"
        raise InstallError(
            f"two packages own the same files: {'; '.join(found)}",
            f"one would overwrite the other: take one out of the recipe{isolate}",
        )
