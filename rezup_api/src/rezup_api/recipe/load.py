"""From a file to a recipe: read, check, settle, merge over the built-in recipe, check together, assemble."""

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
# What a recipe says of the container itself, not of what its revisions hold.
OF_THE_CONTAINER = ("description", "root", "init", "retention")


def load_recipe(container: str, path: Path | None, *, tolerant: bool = False) -> Recipe:
    """The effective recipe of a container.

    Args:
        container: its name.
        path: the recipe's file; None means the built-in recipe alone.
        tolerant: leave out what is wrong and put it among the warnings; for recipes in revisions of an older rezup.

    Raises:
        NotFoundError: there is no such file.
        RecipeError: it cannot be read, or something in it is wrong; all that is wrong is listed.
    """
    built_in = merge.tidy(_built_in())
    if path is None:
        return assemble(container, built_in, (), merge.origins(built_in, {}, ""), ())
    path = Path(os.path.abspath(path))
    where = str(path)
    validated = validate.validate(parse.read_document(path), where)
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
    """The recipe of a container for what is taken over from another one: all that makes up its revisions is the other's.

    Args:
        own: gives the roots, the site-customize script, the description and the retention.
        rez_python: for `rez.python` where the other names none.
    """
    from rezup_api.recipe.credentials import STRUCK  # only what is published or taken over is searched for credentials

    document = {**other.data, **{name: own.data[name] for name in OF_THE_CONTAINER if name in own.data}}
    if "retention" not in own.data:
        document.pop("retention", None)
    if other.rez.python is None and rez_python:
        document["rez"] = {**document["rez"], "python": rez_python}
    if STRUCK in str(document["pip"]):  # passwords are not kept, and this container's recipe may have them
        document["pip"] = own.data["pip"]
    return assemble(own.container, merge.tidy(document), other.sources, other.origins, ())


def builtin_recipe(container: str) -> Recipe:
    """The built-in recipe, vanilla Rez, for a container."""
    return load_recipe(container, None)


def init_script(settings: Settings) -> tuple[str, Path] | None:
    """The site-customize script that `~/rezup.toml` names, and that file; None if it names none.

    The script is as written: relative to the file's folder, `~` and `$VAR` not expanded. Nothing else of the recipe is checked.

    Args:
        settings: names the home folder; the folder of recipes does not count.

    Raises:
        RecipeError: the file cannot be read or is not TOML, or what it says of the script is no text.
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
