"""Offer all containers to one user on one machine: the command line and scripts start with `Studio`.

studio = Studio.from_environ(os.environ, report)
session = studio.container("dev").enter()
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup_api.container import Container
from rezup_api.errors import RecipeError, RemoteError
from rezup_api.events import Reporter, Warned, silent
from rezup_api.frozen import dataclass
from rezup_api.overview import behind
from rezup_api.recipe.load import builtin_recipe, load_recipe
from rezup_api.recipe.location import find_recipe, is_container, list_recipes, recipe_path
from rezup_api.settings import SESSION_VARIABLES, Settings, absolute
from rezup_api.store.names import DEFAULT_CONTAINER, check_container, is_timestamp, parse_target
from rezup_api.store.root import list_containers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup_api.builder.missing import Missing
    from rezup_api.doctor.observation import Diagnosis
    from rezup_api.doctor.scene import Installation
    from rezup_api.recipe.model import Recipe
    from rezup_api.results import Compared, Exposed
    from rezup_api.selfupdate.sources import News
    from rezup_api.status import ContainerSummary, PythonStatus, SessionStatus
    from rezup_api.store.revision import Revision


@dataclass(frozen=True, slots=True)
class Studio:
    """All containers, as one user on one machine sees them.

    Args:
        settings: the settings, which `from_environ` reads once from `environ`.
        environ: the caller's environment, without what an outer session has set.
        report: called with progress and warnings.
    """

    settings: Settings
    environ: Mapping[str, str]
    report: Reporter = silent

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], report: Reporter = silent) -> Studio:
        """Read the settings from an environment.

        Args:
            environ: usually `os.environ`, after the site-customize script has run.
            report: see `Studio`.
        """
        plain = dict(environ)
        if not plain.keys().isdisjoint(variable.name for variable in SESSION_VARIABLES):
            from rezup_api.session.environment import (
                without_session,  # only a caller inside a session needs it
            )

            plain = without_session(environ)
        return cls(Settings.from_environ(plain), plain, report)

    def recipe(self, name: str = DEFAULT_CONTAINER, file: Path | None = None) -> Recipe:
        """The effective recipe of a container. Its warnings are reported.

        Args:
            name: the container's name.
            file: the recipe to use instead of the one that is found by name.

        Raises:
            UsageError: no container can have that name.
            RecipeError: the recipe is wrong; the error lists everything that is wrong.
            NotFoundError: `file` does not exist.
        """
        check_container(name)
        recipe = load_recipe(name, file or find_recipe(name, self.settings))
        for remark in recipe.warnings:
            self.report(Warned(remark))
        return recipe

    def missing(self, recipe: Recipe) -> list[Missing]:
        """What a recipe names and this machine does not have: sources, scripts, `.env` files, interpreters, folders of wheels.

        Args:
            recipe: what `recipe` gives.
        """
        from rezup_api.builder.missing import find_missing  # only a user who checks a recipe wants to know

        return list(find_missing(recipe, self.settings, self.environ))

    def init_recipe(
        self, name: str = DEFAULT_CONTAINER, file: Path | None = None, *, example: str | None = None
    ) -> Path:
        """Write a commented recipe to start from. Its first line names a JSON Schema, by which editors complete recipes.

        Args:
            name: the container's name.
            file: the file to write; default: the one in which rezup looks for the recipe of that container.
            example: the name of an example for a real case; default: the plain starter.

        Returns:
            The file that was written.

        Raises:
            UsageError: the recipe exists already, or there is no such example.
            StorageError: the file cannot be written.
        """
        # Launches do not need it.
        from rezup_api.recipe.starter import STARTER_FILE, example_file, keep_schema, write_starter

        path = file or recipe_path(name, self.settings)
        source = STARTER_FILE if example is None else example_file(example)
        write_starter(path, source, keep_schema(self.environ))
        return path

    def container(self, name: str = DEFAULT_CONTAINER, recipe_file: Path | None = None) -> Container:
        """A container, whether it exists or not; see `recipe` for the arguments and errors."""
        return Container(self.recipe(name, recipe_file), self.settings, self.environ, self.report)

    def containers(self) -> list[Container]:
        """Every container that has a folder under a local root, or is published on a remote one, sorted by name.

        The roots are those that the settings and the recipes name.
        """
        named = {name: self._listed(name) for name in (*list_recipes(self.settings), DEFAULT_CONTAINER)}
        found = {}
        for known in list(named.values()):
            for name in self._names_beside(known):
                if name not in found:
                    found[name] = named.get(name) or self._listed(name)
        return [found[name] for name in sorted(found)]

    def _listed(self, name: str) -> Container:
        """A container for a list. If its recipe is wrong, warn the user and take the built-in one, so that the list goes on."""
        try:
            return self.container(name)
        except RecipeError as error:
            self.report(Warned(error.message))
            return Container(builtin_recipe(name), self.settings, self.environ, self.report)

    def _names_beside(self, container: Container) -> list[str]:
        names = list_containers(container.local.storage)
        if container.remote is not None:
            try:
                names += list_containers(container.remote.storage)
            except RemoteError as error:
                self.report(Warned(error.message))
        return names

    def status(self) -> list[ContainerSummary]:
        """Every container with the revision that `use` gives. What cannot be asked or found is reported as a warning."""
        return [container.summary() for container in self.containers()]

    def session(self, environ: Mapping[str, str]) -> SessionStatus | None:
        """The session that an environment belongs to, compared with what `use` gives now; None outside of any session.

        Args:
            environ: an environment with the variables of the session, such as `os.environ` inside of one.
        """
        from rezup_api.status import session_status  # launches do not need it

        name, path = environ.get("REZUP_CONTAINER", ""), environ.get("REZUP_REVISION", "")
        timestamp = os.path.basename(path)
        if not (is_container(name) and is_timestamp(timestamp)):
            return None
        try:
            container = self.container(name)
        except RecipeError as error:
            self.report(Warned(error.message))
            return session_status(name, path, None, 0)
        given = container.given(quiet=False)
        newer = behind(timestamp, container.choices(), given) if given is not None else 0
        return session_status(name, path, given, newer)

    def doctor(self, name: str = "", installation: Installation | None = None) -> Diagnosis:
        """What is wrong with this machine, and with a container. Nothing is changed, and no check that fails ends the others.

        Args:
            name: the container to look at, too; empty for none.
            installation: how rezup itself is installed, if the caller is the command.

        Raises:
            UsageError: no container can have that name.
            NotFoundError: there is no such container, and no recipe for it.
        """
        from rezup_api.doctor.examination import examine  # most commands are not about the machine
        from rezup_api.doctor.scene import look_around

        around = look_around(self.settings, self.environ, installation, name)
        return examine(around, report=self.report)

    def source(self, text: str) -> Revision | Path:
        """The revision, or the path, that a user names for `add --from`.

        Args:
            text: `NAME@REV`, the folder of a revision, or the file of a bundle. A text with a slash in it is a path.

        Raises:
            UsageError: the text can be neither a path nor a revision.
            NotFoundError: no revision fits.
            RezupError: the other errors of `Container.find`.
        """
        path = absolute(text, self.environ)
        if path.is_file() or "/" in text or os.sep in text:
            return path
        target = parse_target(text)
        return self.container(target.container).find(target.revision, strict=True)

    def pythons(self) -> list[PythonStatus]:
        """The interpreters that revisions can be made with: those that rezup has provided, then those of the machine.

        Raises:
            UsageError: the local root cannot be used.
        """
        from rezup_api.maintenance.python_cleanup import made_with  # launches do not need them
        from rezup_api.pythons.finder import Finder
        from rezup_api.pythons.provided import provided
        from rezup_api.status import PythonStatus

        root = self.container().folder.root
        users = made_with(root)
        own = [(one.version, str(one.executable), one.key, one.url) for one in provided(root)]
        found = [(one.version_text, one.executable, "", "") for one in Finder(self.settings, self.environ).all()]
        return [PythonStatus(*one, tuple(users.get(one[1], ()))) for one in (*own, *found)]

    def provide_python(self, version: str, mirror: str | None = None) -> PythonStatus:
        """Install an interpreter for revisions to come, if it is not there.

        Args:
            version: such as `3`, `3.12` or `3.12.1`.
            mirror: see `python.mirror` of recipes; None for that of the recipe of `.main`.

        Raises:
            UsageError: that is no version.
            NotFoundError: no such version can be downloaded for this machine.
            InstallError: it cannot be downloaded, or is not what its digest says, or does not run.
            StorageError: the local root cannot be written.
        """
        from rezup_api.maintenance.python_cleanup import made_with
        from rezup_api.pythons.provider import check_version, provider_of
        from rezup_api.status import PythonStatus

        check_version(version)
        container = self.container()
        root = container.folder.root
        told = container.recipe.providing.mirror if mirror is None else mirror
        found = provider_of(root, self.environ, self.report, told).provide(version)
        users = made_with(root).get(str(found.executable), ())
        return PythonStatus(found.version, str(found.executable), found.key, found.url, tuple(users))

    def diff(self, old: str, new: str) -> Compared:
        """Compare two revisions, each named as `NAME@REV`; the errors are those of `Container.describe`."""
        from rezup_api.maintenance.diff import compare_contents  # it loads the code that builds, which is slow
        from rezup_api.results import Compared

        targets = [parse_target(text) for text in (old, new)]
        first, second = (self.container(target.container).describe(target.revision) for target in targets)
        return Compared(first, second, compare_contents(first.contents, second.contents))

    def expose(
        self,
        text: str,
        tools: Sequence[str],
        *,
        command: Sequence[str],
        name: str = "",
        folder: Path | None = None,
        packages: str = "",
    ) -> Exposed:
        """Write launchers: small files that run tools in what `use NAME` gives at the moment at which they are called.

        Args:
            text: the revision that they enter, as `NAME` or `NAME@REV`. It is looked up anew each time.
            tools: the names of the tools.
            command: what starts rezup for them, such as `["/home/ana/.local/bin/rezup"]`.
            name: of the launcher, if there is one tool; default: that of the tool.
            folder: where they are written; default: `~/.local/bin`, which is made if it does not exist.
            packages: a request, such as "maya-2024 show", for a `rez-env` in which the tools then run.

        Raises:
            NotFoundError: the revision has no such tool, Rez refuses the packages, or there is no such folder.
            UsageError: a file that rezup did not write is in the way, or there can be no such launcher.
            RezError: the Rez of the revision does not run.
            StorageError: a file cannot be written.
            RezupError: the errors of `Container.enter`.
        """
        from rezup_api.exposure import expose  # launches do not need it

        target = parse_target(text)
        container = self.container(target.container)
        return expose(container, target, tools, command=command, name=name, folder=folder, packages=packages)

    def exposed(self, folder: Path | None = None) -> Exposed:
        """The launchers in a folder, by default in `~/.local/bin`.

        Raises:
            NotFoundError: there is no such folder.
        """
        from rezup_api.exposure import exposed  # launches do not need it

        return exposed(self.settings.home, folder, self.environ)

    def unexpose(self, names: Sequence[str], folder: Path | None = None) -> Exposed:
        """Remove launchers from a folder, by default from `~/.local/bin`; none if one of the names is not that of a launcher.

        Raises:
            NotFoundError: there is no such folder, or no file of that name.
            UsageError: rezup did not write the file.
            StorageError: a file cannot be removed.
        """
        from rezup_api.exposure import unexpose  # launches do not need it

        return unexpose(names, self.settings.home, folder, self.environ)

    def newer_releases(self, source: str, running: str, *, limit: float = 15.0) -> News:
        """The releases of rezup itself that are newer than the running one. Only the command can install one.

        Args:
            source: where to look: a checkout, a folder of wheels, or the URL of an index.
            running: the version of the running rezup.
            limit: how many seconds to wait for an index.

        Raises:
            UpgradeError: the source cannot be read, or does not answer.
        """
        from rezup_api.selfupdate.sources import newer_releases  # it loads the code that asks an index, which is slow

        return newer_releases(source, running, limit=limit, environ=self.environ)
