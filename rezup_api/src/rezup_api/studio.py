"""Offer all containers to one user on one machine: the command line and scripts start with `Studio`.

studio = Studio.from_environ(os.environ, report)
session = studio.container("dev").enter()
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup_api.container import Container
from rezup_api.errors import NotFoundError, RecipeError, RemoteError
from rezup_api.events import Reporter, Warned, silent
from rezup_api.frozen import dataclass
from rezup_api.overview import behind
from rezup_api.recipe.load import builtin_recipe, kept_recipe, load_recipe
from rezup_api.recipe.location import find_recipe, is_container, list_recipes, recipe_path
from rezup_api.selection.selector import Selector
from rezup_api.settings import SESSION_VARIABLES, Settings, absolute
from rezup_api.store.names import DEFAULT_CONTAINER, check_container, is_timestamp, parse_target
from rezup_api.store.root import list_containers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.maintenance.publications import PublishedContainer
    from rezup_api.recipe.model import Recipe
    from rezup_api.results import Compared
    from rezup_api.selfupdate.sources import News
    from rezup_api.status import ContainerSummary, SessionStatus
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

    def init_recipe(
        self, name: str = DEFAULT_CONTAINER, file: Path | None = None, *, example: str | None = None
    ) -> Path:
        """Write a commented recipe to start from.

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
        from rezup_api.recipe.starter import STARTER_FILE, example_file, write_starter  # launches do not need it

        path = file or recipe_path(name, self.settings)
        write_starter(path, STARTER_FILE if example is None else example_file(example))
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

    def publications(self, name: str) -> PublishedContainer:
        """A container under its remote root, with every revision there, newest first.

        Raises:
            NotFoundError: nothing is published of it.
            RemoteError: there is no remote root, or it cannot be read.
        """
        found = self._published(self.container(name), whole=True)
        if not found.revisions:
            raise NotFoundError(f"{name} is not published on {found.remote}", f"publish it: rezup add {name} --remote")
        return found

    def published(self) -> list[PublishedContainer]:
        """Every published container with the revision that its remote root names. What cannot be read becomes a warning."""
        found = []
        for container in self.containers():
            try:
                if container.remote is not None:
                    found.append(self._published(container, whole=False))
            except RemoteError as error:
                self.report(Warned(f"{container.name}: {error.message}"))
        return [one for one in found if one.revisions]

    def _published(self, container: Container, *, whole: bool) -> PublishedContainer:
        from rezup_api.maintenance.publications import published_container  # launches do not need it

        remote = container.needed_remote("look at")
        selector = Selector(container.folder, remote, self.report)
        return published_container(remote, selector, container.folder, whole=whole)

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

    def kept_recipe(self, text: str) -> Recipe:
        """The recipe that a revision or a bundle keeps: what it was made from. Its warnings are reported.

        Args:
            text: `NAME@REV`, or the file of a bundle. A text with a slash in it is a path.

        Raises:
            UsageError: the text can be neither a path nor a revision.
            NotFoundError: no revision fits, or there is no such file.
            RemoteError: the revision is not on this machine, and the remote root cannot be asked.
            RecipeError: the recipe is not TOML.
            VerificationError: the file is not a bundle, or is damaged.
        """
        path = absolute(text, self.environ)
        if "@" in text and not ("/" in text or os.sep in text or path.is_file()):
            target = parse_target(text)
            recipe = self.container(target.container).kept_recipe(target.revision)
        else:
            from rezup_api.bundles.archive import recipe_in  # launches do not need it

            revision, told = recipe_in(path)
            recipe = kept_recipe(revision.partition("@")[0], told, path)
        for remark in recipe.warnings:
            self.report(Warned(remark))
        return recipe

    def diff(self, old: str, new: str) -> Compared:
        """Compare two revisions, each named as `NAME@REV`; the errors are those of `Container.describe`."""
        from rezup_api.maintenance.diff import compare_contents  # it loads the code that builds, which is slow
        from rezup_api.results import Compared

        targets = [parse_target(text) for text in (old, new)]
        first, second = (self.container(target.container).describe(target.revision) for target in targets)
        return Compared(first, second, compare_contents(first.contents, second.contents))

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
