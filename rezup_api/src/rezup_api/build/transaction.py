"""Build all environments of a revision inside its stage: the list of steps, in the order in which they are carried out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.build import installers
from rezup_api.build.bytecode import Compiler
from rezup_api.build.caches import open_caches
from rezup_api.build.content import FileStore, Listing
from rezup_api.build.distributions import conflicts, damaged, installed
from rezup_api.build.editable import link_sources
from rezup_api.build.engine import Engine, Pins, Surroundings, surroundings
from rezup_api.build.environments import create_environment
from rezup_api.build.interpreters import Finder
from rezup_api.build.libraries import link_libraries, provide, separate
from rezup_api.build.pip import PipEngine
from rezup_api.build.probe import probe
from rezup_api.build.requirements import EnvironmentRequest, isolated_request, main_request
from rezup_api.build.scripts import FOLDER, MARKER, write_production_scripts
from rezup_api.build.templates import Template
from rezup_api.build.uv import UvEngine
from rezup_api.errors import InstallError
from rezup_api.events import Reporter, step
from rezup_api.store.files import remove_tree, storage_error, write_whole
from rezup_api.store.layout import BIN, site_packages
from rezup_api.store.metadata import Environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

    from rezup_api.recipe.model import Recipe
    from rezup_api.settings import Settings
    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.staging import Stage

# Raised whenever what is written into an environment changes, so that no list of an older rezup is taken for it.
LAYOUT = "1"


@dataclass(frozen=True, slots=True)
class Built:
    """What was built: the environments as the metadata records them, and the shared libraries they link."""

    environments: tuple[Environment, ...]
    libraries: tuple[str, ...]


class Build:
    """The building of one revision.

    Args:
        recipe: what goes in.
        folder: the container it is for.
        stage: where it is prepared.
        holds: keeps what must not be removed before the revision has appeared.
    """

    def __init__(
        self,
        recipe: Recipe,
        folder: ContainerFolder,
        stage: Stage,
        *,
        settings: Settings,
        environ: Mapping[str, str],
        report: Reporter,
        holds: ExitStack,
    ) -> None:
        self._recipe = recipe
        self._folder = folder
        self._stage = stage
        self._settings = settings
        self._environ = environ
        self._report = report
        self._holds = holds
        self._libraries: list[str] = []
        self._caches = open_caches(folder.root)
        self._work = stage.path / ".work"
        self._store = FileStore(self._caches.files, recipe.pip.link)

    def run(self) -> Built:
        """Build and try every environment.

        Raises:
            InstallError: one cannot be built, or does not run.
            NotFoundError: an interpreter is missing.
            StorageError: the disk refuses.
        """
        try:
            self._work.mkdir()
            (self._stage.path / "venv").mkdir()
            environments = tuple(self._environment(request) for request in self._requests())
            remove_tree(self._work)
        except OSError as error:
            raise storage_error("cannot build the revision:", error) from error
        return Built(environments, tuple(self._libraries))

    def _requests(self) -> list[EnvironmentRequest]:
        finder = Finder(self._settings, self._environ, self._caches.interpreters)
        main = finder.find(self._recipe.rez.python)
        isolated = [extension for extension in self._recipe.extensions if extension.isolation]
        return [
            main_request(self._recipe, main, self._environ),
            *(
                isolated_request(
                    self._recipe, extension, finder.find(extension.python) if extension.python else main, self._environ
                )
                for extension in isolated
            ),
        ]

    def _environment(self, request: EnvironmentRequest) -> Environment:
        """Make one environment, from an earlier one of the same content if there is one."""
        path = self._stage.path / "venv" / request.name
        around = self._surroundings(request)
        engine = installers.choose_engine(self._recipe, request.interpreter, around)
        template = Template(self._caches.environments, request, self._store, path)
        with step(self._report, f"Resolving {request.name}") as running:
            resolving = engine.resolve(request, [item.line for item in request.requirements] + list(request.shared))
            try:
                template.prepare()  # while the index answers
                pins = resolving.result()
            except BaseException:
                resolving.cancel()
                raise
            pins, shared = separate(engine, request, pins, lambda name: self._scratch(name, request, engine))
            running.text = f"Resolved {request.name} for Python {request.interpreter.version_text}"
        libraries = self._share(engine, request, shared)
        key = _key(request, engine.name, pins, libraries)
        listing = template.confirm(key)
        if listing is None:
            listing = self._make(path, request, engine, pins, libraries)
            if pins.lasting and not request.local:
                template.remember(key, listing)
        self._try(path, request, listing, around)
        write_whole(self._stage.path / f"files.{request.name}.json", listing.to_json().encode("utf-8"))
        return Environment(
            name=request.name,
            python=request.interpreter.version_text,
            interpreter=request.interpreter.executable,
            rez=(path / BIN / FOLDER / MARKER).read_text(encoding="utf-8"),
            size=listing.size,
        )

    def _surroundings(self, request: EnvironmentRequest) -> Surroundings:
        return surroundings(
            self._recipe,
            self._settings,
            self._environ,
            work=self._work,
            caches=self._caches,
            report=self._report,
            holding=(self._stage.lock.descriptor,),
            prefix=Path(request.interpreter.executable).parent.parent,
        )

    def _share(self, engine: Engine, request: EnvironmentRequest, shared: Pins) -> Path | None:
        """The folder of shared libraries, held until the revision has appeared; None when nothing is shared."""
        if not shared.lines:
            return None
        libraries, held = provide(
            self._folder,
            request,
            shared,
            engine=engine,
            scratch=lambda name: self._scratch(name, request, engine),
            compiler=self._compiler(Path(request.interpreter.executable), request),
            store=self._store,
            report=self._report,
        )
        self._holds.enter_context(held)
        self._libraries.append(libraries.name)
        return libraries

    def _compiler(self, python: Path, request: EnvironmentRequest) -> Compiler:
        holding = (self._stage.lock.descriptor,)
        share = self._recipe.pip.link == "auto"
        return Compiler(python, request.interpreter, self._caches.bytecode, self._environ, holding, share)

    def _scratch(self, name: str, request: EnvironmentRequest, engine: Engine) -> Path:
        """An environment that lives as long as the build."""
        path = self._work / f"{request.name}.{name}"
        if not path.exists():
            self._create(path, request, engine)
        return path

    def _create(self, path: Path, request: EnvironmentRequest, engine: Engine) -> None:
        helper = engine if isinstance(engine, UvEngine) else installers.helper_engine(self._surroundings(request))
        create_environment(
            path,
            request.interpreter,
            seed=isinstance(engine, PipEngine),
            caches=self._caches,
            environ=self._environ,
            helper=helper,
        )

    def _make(
        self, path: Path, request: EnvironmentRequest, engine: Engine, pins: Pins, libraries: Path | None
    ) -> Listing:
        """Make an environment from nothing; once more if what the installer's cache gave was damaged."""
        listing, bad = self._make_once(path, request, engine, pins, libraries)
        if bad and isinstance(engine, UvEngine):
            for name in bad:
                engine.forget(name)
            remove_tree(path)
            listing, bad = self._make_once(path, request, engine, pins, libraries)
        if not bad:
            return listing
        raise InstallError(
            f"the files of {', '.join(bad)} are not those that its wheel lists",
            "ask whoever keeps the index, or the wheelhouse, for an intact one",
        )

    def _make_once(
        self, path: Path, request: EnvironmentRequest, engine: Engine, pins: Pins, libraries: Path | None
    ) -> tuple[Listing, list[str]]:
        packages = site_packages(path, request.interpreter.version)
        with step(self._report, f"Installing {request.name}") as running:
            self._create(path, request, engine)
            engine.install(path, request.interpreter, pins, running)
            (path / ".lock").unlink(missing_ok=True)
            distributions = installed(packages)
            _refuse_conflicts(conflicts(distributions.values()))
            bad = damaged(packages, distributions.values())
            version = write_production_scripts(path, request)
            rez = request.tools[0]
            if rez.editable and rez.local is not None:
                link_sources(packages, rez.local)
            if libraries is not None:
                link_libraries(packages, libraries, self._stage.path)
            running.text = f"Installed {_named(request, version, len(distributions))}"
        with step(self._report, f"Compiling {request.name}") as running:
            self._compiler(path / BIN / "python", request).compile(packages, running)
            running.text = "Compiled the byte code"
            return self._store.adopt(path), bad

    def _try(self, path: Path, request: EnvironmentRequest, listing: Listing, around: Surroundings) -> None:
        """Run the Rez inside, unless the same content has run on the same interpreter before."""
        told = f"{LAYOUT}\n{listing.digest}\n{request.interpreter.identity}\n{','.join(self._libraries)}"
        mark = self._caches.probed / hashlib.sha256(told.encode("utf-8")).hexdigest()
        if mark.exists() and not request.editable:
            return
        work = self._work / "probe"
        work.mkdir()
        with step(self._report, f"Testing {request.name}") as running:
            probe(
                path,
                request.interpreter,
                environ=around.environ,
                work=work,
                report=self._report,
                holding=(self._stage.lock.descriptor,),
            )
            running.text = "Tested: rez-env works, also inside another one"
        remove_tree(work)
        if not request.editable:
            mark.touch()


def _key(request: EnvironmentRequest, engine: str, pins: Pins, libraries: Path | None) -> str:
    """What tells an environment from others: whatever goes into it."""
    told = [LAYOUT, engine, request.interpreter.identity, pins.digest, libraries.name if libraries else ""]
    told += [f"{tool.name} {' '.join(flags)}" for tool, flags in zip(request.tools, request.flags, strict=True)]
    return hashlib.sha256("\n".join(told).encode("utf-8")).hexdigest()


def _named(request: EnvironmentRequest, version: str, count: int) -> str:
    others = f" and {count - 1} more packages" if count > 2 else ""
    return f"rez {version}{others}" if request.name == "rez" else f"{request.name} with rez {version}{others}"


def _refuse_conflicts(found: list[str]) -> None:
    if found:
        raise InstallError(
            f"two packages own the same files: {'; '.join(found)}",
            "one would overwrite the other: take one out of the recipe, or give it an environment of its own (isolation)",
        )
