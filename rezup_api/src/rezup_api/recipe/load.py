"""Load a recipe: read the file, check it, make its paths absolute, merge it over the built-in recipe, and check the result."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup_api.errors import NotFoundError, Problem, RecipeError
from rezup_api.recipe import merge, parse, paths, validate
from rezup_api.recipe.location import MAIN_FILE
from rezup_api.recipe.model import assemble
from rezup_api.recipe.values import expected

if TYPE_CHECKING:
    from rezup_api.recipe.model import Recipe
    from rezup_api.settings import Settings

BUILT_IN_FILE = Path(__file__).with_name("builtin.toml")
# The keys that are about the container itself, and not about what its revisions hold.
OF_THE_CONTAINER = ("description", "root", "init", "retention")


def load_recipe(container: str, path: Path | None, *, tolerant: bool = False) -> Recipe:
    """The effective recipe of a container.

    Args:
        container: the name of the container.
        path: the recipe's file; None means the built-in recipe alone.
        tolerant: leave out the values that are wrong and put the problems among the warnings. This is for recipes in revisions
            that an older rezup has built.

    Raises:
        NotFoundError: there is no such file.
        RecipeError: the file cannot be read, or has problems, all of which the error lists.
    """
    if path is None:
        built_in = merge.tidy(_built_in())
        return assemble(container, built_in, (), merge.origins(built_in, {}, ""), ())
    path = Path(os.path.abspath(path))
    return _effective(container, parse.read_document(path), path, tolerant=tolerant)


def kept_recipe(container: str, text: str, where: Path) -> Recipe:
    """The effective recipe that a revision or a bundle keeps. What is wrong in it is left out and stands among the warnings.

    Args:
        container: the name of the container.
        text: the recipe's text.
        where: the file with the recipe, or the bundle that holds it; it is not read.

    Raises:
        RecipeError: the text is not TOML.
    """
    return _effective(container, parse.parse(text, str(where)), where, tolerant=True)


def _effective(container: str, document: dict[str, Any], path: Path, *, tolerant: bool) -> Recipe:
    """The effective recipe from the document in the file `path`; see `load_recipe`."""
    built_in = merge.tidy(_built_in())
    where = str(path)
    validated = validate.validate(document, where)
    settled = paths.settle_paths(validated.document, where, path.parent)
    merged = merge.merge_recipe(built_in, settled.document)
    faulty = {problem.key for problem in validated.problems}
    problems = [*validated.problems, *validate.check_together(merged, where, faulty)]
    if problems and not tolerant:
        raise RecipeError(problems)
    document = merge.tidy(merged)
    origins = merge.origins(document, merge.tidy(settled.document), where)
    warnings = [*map(str, problems), *settled.warnings, *validate.remarks(merged, where)]
    return assemble(container, document, (path,), origins, warnings)


def adopt(own: Recipe, other: Recipe, rez_python: str) -> Recipe:
    """The recipe of a container that takes over a revision of another one.

    Args:
        own: gives the roots, the site-customize script, the description and the retention.
        other: gives everything else, all that makes up a revision.
        rez_python: the value of `rez.python` where `other` has none.
    """
    from rezup_api.recipe.credentials import STRUCK  # only what is published or taken over is searched for credentials

    document = {**other.data, **{name: own.data[name] for name in OF_THE_CONTAINER if name in own.data}}
    if "retention" not in own.data:
        document.pop("retention", None)
    if other.rez.python is None and rez_python:
        document["rez"] = {**document["rez"], "python": rez_python}
    # A revision keeps no passwords, so the other `[pip]` may be useless. This container's recipe may have working ones.
    if STRUCK in str(document["pip"]):
        document["pip"] = own.data["pip"]
    return assemble(own.container, merge.tidy(document), other.sources, other.origins, ())


def builtin_recipe(container: str) -> Recipe:
    """The built-in recipe, vanilla Rez, for a container."""
    return load_recipe(container, None)


def init_script(settings: Settings) -> tuple[str, Path] | None:
    """The site-customize script that `~/rezup.toml` names, and the path of that file; None if it names no script.

    The script is as the author wrote it: relative to the file's folder, with `~` and `$VAR` not expanded. The rest of the recipe
    is not checked.

    Args:
        settings: gives the home folder; the folder of recipes has no influence.

    Raises:
        RecipeError: the file cannot be read or is not TOML, or its value for the script is not text.
    """
    path = settings.home / MAIN_FILE
    where = str(path)
    try:
        text = parse.read_text(path)
    except NotFoundError:
        return None
    if "init" not in text:  # most recipes have no such table, and need not be parsed twice
        return None
    table = parse.parse(text, where).get("init", {})
    if not isinstance(table, dict):
        raise RecipeError([Problem(where, "init", expected("a table", table), "write [init] above its keys")])
    script: Any = table.get("script", "")
    if type(script) is not str:
        raise RecipeError([Problem(where, "init.script", expected("text", script))])
    return (script, path) if script else None


def _built_in() -> dict[str, Any]:
    return validate.validate(parse.read_document(BUILT_IN_FILE), merge.BUILT_IN).document
