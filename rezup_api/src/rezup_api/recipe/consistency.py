"""Problems that no value has alone: what keys say together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rezup_api.errors import Problem
from rezup_api.recipe.places import is_editable_path

if TYPE_CHECKING:
    from collections.abc import Collection

EDITABLE_NEEDS_A_PATH = "edit = true needs url to be a local path"


def canonical(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def check(document: dict[str, Any], where: str, faulty: Collection[str] = ()) -> list[Problem]:
    """Every problem of a merged document that lies across keys.

    Args:
        document: merged, before it is tidied, so that extensions are counted as the file counts them.
        where: the recipe's file.
        faulty: keys that are known to be wrong, about which nothing more is said.
    """
    extensions = {f"extension[{index}]": table for index, table in enumerate(document.get("extension", []))}
    problems = _names(document["rez"], extensions, where)
    for path, tool in {"rez": document["rez"], **extensions}.items():
        if tool.get("edit") and f"{path}.url" not in faulty and not is_editable_path(tool.get("url", ">")):
            suggestion = "" if "url" in tool else "add url"
            problems.append(Problem(where, f"{path}.edit", EDITABLE_NEEDS_A_PATH, suggestion))
    return problems


def remarks(document: dict[str, Any], where: str) -> list[str]:
    """What does no harm, but not what its author thinks either."""
    return [
        f"{where}: extension[{index}].python: has no effect without isolation = true"
        for index, extension in enumerate(document.get("extension", []))
        if extension.get("python")
        and not extension.get("isolation")
        and extension["python"] != document["rez"].get("python")
    ]


def _names(rez: dict[str, Any], extensions: dict[str, dict[str, Any]], where: str) -> list[Problem]:
    # Each isolated extension has an environment named like it, and file systems may not tell upper from lower case.
    taken = {"rez": "[rez]", canonical(rez.get("name", "rez")): "[rez]"}
    problems = []
    for path, extension in extensions.items():
        name = extension.get("name")
        if name is None:
            continue
        holder = taken.setdefault(canonical(name), path)
        if holder == "[rez]":
            problems.append(Problem(where, f"{path}.name", f"{name!r} is Rez itself", "set it up in [rez]"))
        elif holder != path:
            problems.append(
                Problem(where, f"{path}.name", f"{name!r} is there already, as {holder}", "keep one of them")
            )
    return problems
