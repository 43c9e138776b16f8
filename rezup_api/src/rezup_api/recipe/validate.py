"""Turn a raw document into a converted one, and collect all its problems at once.

The converted document has no value that is wrong, so that rules about several keys together can still be checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup_api.errors import Problem
from rezup_api.frozen import dataclass
from rezup_api.recipe.paths import is_editable_path
from rezup_api.recipe.schema import RECIPE, Key, Schema, join_key, nearest
from rezup_api.recipe.values import CONVERTERS, canonical, expected

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class Validated:
    """A converted document, and the problems of the raw one."""

    document: dict[str, Any]
    problems: tuple[Problem, ...]


def validate(document: dict[str, Any], where: str, schema: Schema = RECIPE) -> Validated:
    """Check a raw document against the schema and convert its values.

    Args:
        document: as `parse.parse` gives it.
        where: the file, as the problems name it.
        schema: what the document may hold.
    """
    walk = _Walk(where, schema)
    return Validated(walk.table(document, "", ""), tuple(walk.problems))


class _Walk:
    """One walk through a document; `level` is a table in the schema, `path` the same place in the document."""

    def __init__(self, where: str, schema: Schema) -> None:
        self._where = where
        self._schema = schema
        self.problems: list[Problem] = []

    def table(self, table: dict[str, Any], level: str, path: str) -> dict[str, Any]:
        known = self._schema.levels[level]
        result: dict[str, Any] = {}
        for name, value in table.items():
            key = join_key(path, name)
            entry = known.get(name)
            if entry is None:
                self._complain(key, "unknown key", nearest(name, level, self._schema))
                continue
            before = len(self.problems)
            converted = self._entry(value, entry, key)
            # A table stays although something in it is wrong, because its other keys are good; a value does not.
            if isinstance(entry, str) or len(self.problems) == before:
                result[name] = converted
        # rezup 2.x wrote empty tables for "there is none"; the required keys may be missing there.
        if not table and level in self._schema.empty_means_none:
            return result
        for name, entry in known.items():
            if isinstance(entry, Key) and entry.required and name not in table:
                self._complain(join_key(path, name), "is missing")
        return result

    def _entry(self, value: Any, entry: Key | str, key: str) -> Any:
        if isinstance(entry, Key):
            return self._value(value, entry, key)
        if entry.endswith("[]"):
            return self._tables(value, entry, key)
        if isinstance(value, dict):
            return self.table(value, entry, key)
        # `python` is a table and, elsewhere, a key: what has a value is the key in the wrong place.
        same = (
            [one.name for one in self._schema.keys if one.name == f"rez.{key}"]
            if isinstance(value, str | float)
            else []
        )
        way_out = f"did you mean {same[0]}?" if same else f"write [{key}] above its keys"
        self._complain(key, expected("a table", value), way_out)
        return {}

    def _value(self, value: Any, entry: Key, key: str) -> Any:
        return CONVERTERS[entry.kind](value, lambda at, message, way_out: self._complain(key + at, message, way_out))

    def _tables(self, value: Any, level: str, key: str) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            self._complain(key, expected("a list of tables", value), f"write [[{key}]], in double brackets")
            return []
        return [self._item(item, level, f"{key}[{index}]") for index, item in enumerate(value)]

    def _item(self, item: Any, level: str, path: str) -> dict[str, Any]:
        if isinstance(item, dict):
            return self.table(item, level, path)
        self._complain(path, expected("a table", item))
        return {}

    def _complain(self, key: str, message: str, way_out: str = "") -> None:
        self.problems.append(Problem(self._where, key, message, way_out))


EDITABLE_NEEDS_A_PATH = "edit = true needs url to be a local path"


def check_together(document: dict[str, Any], where: str, faulty: Collection[str] = ()) -> list[Problem]:
    """Every problem of a merged document that several keys have together.

    Args:
        document: the merged document before it is tidied, so that extensions have the numbers that they have in the file.
        where: the recipe's file.
        faulty: keys that are known to be wrong, and about which nothing more is said.
    """
    extensions = {f"extension[{index}]": table for index, table in enumerate(document.get("extension", []))}
    problems = _names(document["rez"], extensions, where)
    for path, tool in {"rez": document["rez"], **extensions}.items():
        if tool.get("edit") and f"{path}.url" not in faulty and not is_editable_path(tool.get("url", ">")):
            suggestion = "" if "url" in tool else "add url"
            problems.append(Problem(where, f"{path}.edit", EDITABLE_NEEDS_A_PATH, suggestion))
    return problems


def remarks(document: dict[str, Any], where: str) -> list[str]:
    """Remarks on values that do no harm, but do not have the effect that the author expects."""
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
            problems.append(Problem(where, f"{path}.name", f"{name!r} is Rez itself", "write its keys in [rez]"))
        elif holder != path:
            problems.append(
                Problem(where, f"{path}.name", f"{name!r} is the same name as that of {holder}", "remove one of them")
            )
    return problems
