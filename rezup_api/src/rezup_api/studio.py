"""The studio as one user on one machine sees it: what the command line and scripts start from.

studio = Studio.from_environ(os.environ, report)
session = studio.container("dev").enter()
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.container import Container
from rezup_api.errors import RecipeError, RemoteError
from rezup_api.events import Reporter, Warned, silent
from rezup_api.recipe.load import builtin_recipe, load_recipe
from rezup_api.recipe.location import find_recipe, list_recipes
from rezup_api.session.environment import without_session
from rezup_api.settings import Settings
from rezup_api.store.names import DEFAULT_CONTAINER, check_container
from rezup_api.store.root import list_containers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Studio:
    """All containers as one user on one machine sees them.

    Args:
        settings: parsed once from `environ`.
        environ: the caller's environment, that of an outer session taken back.
        report: told what happens.
    """

    settings: Settings
    environ: Mapping[str, str]
    report: Reporter = silent

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], report: Reporter = silent) -> Studio:
        """Read the settings from an environment.

        Args:
            environ: usually `os.environ`, after the site-customize script has run.
        """
        plain = without_session(environ)
        return cls(Settings.from_environ(plain), plain, report)

    def container(self, name: str = DEFAULT_CONTAINER, recipe_file: Path | None = None) -> Container:
        """A container, whether it exists or not.

        Args:
            name: its name.
            recipe_file: the recipe to use instead of the one found by name.

        Raises:
            UsageError: no container can have that name.
            RecipeError: its recipe is wrong.
            NotFoundError: `recipe_file` is not there.
        """
        check_container(name)
        recipe = load_recipe(name, recipe_file or find_recipe(name, self.settings))
        for remark in recipe.warnings:
            self.report(Warned(remark))
        return Container(recipe, self.settings, self.environ, self.report)

    def containers(self) -> list[Container]:
        """Every container that has a folder under a local root, or is published on a remote one, sorted by name.

        Roots are those of the settings and of every recipe found.
        """
        named = {name: self._listed(name) for name in (*list_recipes(self.settings), DEFAULT_CONTAINER)}
        found = {}
        for known in list(named.values()):
            for name in self._names_beside(known):
                if name not in found:
                    found[name] = named.get(name) or self._listed(name)
        return [found[name] for name in sorted(found)]

    def _listed(self, name: str) -> Container:
        """A container for a list, which a wrong recipe of one does not spoil for the others."""
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
