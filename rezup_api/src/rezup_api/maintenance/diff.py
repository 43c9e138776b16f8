"""Compare two revisions: their packages, interpreters, variables and recipes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rezup_api.disk.reading import read_file
from rezup_api.errors import RecipeError
from rezup_api.packages.installed import installed
from rezup_api.packages.pylock import is_shared_library, parse_lock
from rezup_api.recipe.credentials import redact_document
from rezup_api.recipe.dump import dump
from rezup_api.recipe.parse import parse
from rezup_api.recipe.values import canonical
from rezup_api.store.layout import environment_of_lock, lock_name, site_packages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup_api.recipe.model import Recipe
    from rezup_api.resolve.resolver import Resolved
    from rezup_api.store.revision import Revision
    from rezup_api.store.root import ContainerRoot

# The tables of a recipe whose values are compared as variables, not as parts of the recipe.
VARIABLES = ("env", "dotenv")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a comparison has to know of a revision.

    Args:
        packages: the version of each package, by environment and name; the shared libraries count as environments.
        python: the version of each environment's interpreter; empty if the revision is not built, and so not known.
        variables: the values of `[env]` and `[dotenv]`, by dotted key.
        recipe: all other values of the recipe, by dotted key.
        built: whether the revision is on this machine. If not, the packages are those of its locks.
    """

    packages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    python: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    recipe: Mapping[str, str] = field(default_factory=dict)
    built: bool = True


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One value in the old and in the new revision; None if it has none."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs between two revisions, sorted by name."""

    packages: Mapping[str, tuple[ValueChange, ...]]
    python: tuple[ValueChange, ...]
    variables: tuple[ValueChange, ...]
    recipe: tuple[ValueChange, ...]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.packages or self.python or self.variables or self.recipe)


def compare_contents(old: Contents, new: Contents) -> Difference:
    """Compare the contents of two revisions."""
    environments = sorted({*old.packages, *new.packages})
    packages = {name: _changes(old.packages.get(name, {}), new.packages.get(name, {})) for name in environments}
    # The interpreters of a published revision are known only after a build; that one side is unknown is no difference.
    known = all(one.python or one.built for one in (old, new))
    return Difference(
        packages={name: changes for name, changes in packages.items() if changes},
        python=_changes(old.python, new.python) if known else (),
        variables=_changes(old.variables, new.variables),
        recipe=_changes(old.recipe, new.recipe),
    )


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[ValueChange, ...]:
    names = sorted({*old, *new})
    return tuple(ValueChange(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))


def built_contents(revision: Revision) -> Contents:
    """Read the contents of a revision on this machine; what cannot be read is left out."""
    packages: dict[str, dict[str, str]] = {}
    python = {}
    metadata = revision.metadata
    for environment in metadata.environments if metadata is not None else ():
        python[environment.name] = environment.python
        version = tuple(int(number) for number in environment.python.split(".")[:2] if number.isdigit())
        if len(version) == 2:
            packages[environment.name] = _versions(site_packages(revision.path / "venv" / environment.name, version))
    for name in metadata.libraries if metadata is not None else ():
        packages[f"shared {name.rpartition('-')[0]}"] = _versions(revision.folder.libraries / name)
    try:
        text = revision.recipe_file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        text = ""
    return Contents(packages, python, *_told(text))


def published_contents(root: ContainerRoot, timestamp: str) -> Contents:
    """Read the contents of a published revision that is not built on this machine, from its recipe and its locks.

    Raises:
        RemoteError: the remote root cannot be read.
    """
    return Contents(_of_locks(root.locks(timestamp)), {}, *_told(root.recipe(timestamp)), built=False)


def locked_contents(revision: Revision) -> Contents:
    """Read the contents of a revision on this machine as its locks have them; without any, what is installed."""
    whole = built_contents(revision)
    names = (
        [environment.name for environment in revision.metadata.environments] if revision.metadata is not None else []
    )
    texts = {}
    for file in map(lock_name, names):
        with suppress(OSError, ValueError):
            texts[file] = read_file(revision.path / file).decode("utf-8")
    return replace(whole, packages=_of_locks(texts), built=False) if texts else whole


def resolved_contents(resolved: Sequence[Resolved], recipe: str) -> Contents:
    """The contents that a revision would have.

    Args:
        resolved: its environments.
        recipe: the text of its recipe.
    """
    locks = {lock_name(one.request.name): one.lock.to_toml() for one in resolved if one.lock is not None}
    packages = _of_locks(locks)
    for one in resolved:
        if one.lock is None:  # then there are the versions for this machine alone
            for name, versions in ((one.request.name, one.versions), ("shared", one.shared)):
                pairs = (line.partition("==") for line in versions.names)
                packages.setdefault(name, {}).update({canonical(left): right for left, mark, right in pairs if mark})
    python = {one.request.name: one.request.interpreter.version_text for one in resolved}
    return Contents({name: found for name, found in packages.items() if found}, python, *_told(recipe), built=False)


def outlined_contents(before: Contents, recipe: Recipe, locks: Mapping[str, str] | None) -> Contents:
    """The contents that a revision would have, as far as that is known before anything is resolved.

    Args:
        before: the contents of the revision that it follows, which stand for all that is not known.
        recipe: its recipe.
        locks: the texts of the locks that it takes over, by environment; None if it takes over none.
    """
    # A revision keeps the Python that was used, which the recipe need not name.
    named, told = _told(dump(recipe, rez_python=before.recipe.get("rez.python")))
    packages = before.packages if locks is None else _of_locks({lock_name(name): text for name, text in locks.items()})
    return replace(before, packages=packages, variables=named, recipe=told)


def _of_locks(texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The packages of each environment, by the text of each file with a lock."""
    packages: dict[str, dict[str, str]] = {}
    for file, text in texts.items():
        for package, version, shared in _locked(text):
            packages.setdefault("shared" if shared else environment_of_lock(file), {})[package] = version
    return packages


def _versions(packages: Path) -> dict[str, str]:
    try:
        return {item.name: item.version for item in installed(packages).values()}
    except OSError:
        return {}


def _locked(text: str) -> list[tuple[str, str, bool]]:
    """The packages of a lock, for all platforms: name, version, whether it is a shared library; none if the lock is damaged."""
    try:
        packages = parse_lock(text).packages
    except ValueError:
        return []
    return [(one["name"], str(one.get("version", "")), is_shared_library(one)) for one in packages]


def _told(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """The variables of a recipe, and all its other values, by dotted key; passwords are removed."""
    try:
        document = parse(text, "the recipe")
        if isinstance(document.get("pip"), dict):
            document["pip"] = {"options": [], "env": {}, **document["pip"]}
        document = redact_document(document)
    except (RecipeError, KeyError, TypeError, AttributeError):
        return {}, {}  # the recipe is of an older rezup, or damaged
    flat = dict(_flat("", document))
    told = {key: value for key, value in flat.items() if key.partition(".")[0] in VARIABLES}
    named = {key.removeprefix("env."): value for key, value in told.items()}
    return named, {key: value for key, value in flat.items() if key not in told}


def _flat(key: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for name, item in value.items() for pair in _flat(f"{key}.{name}" if key else str(name), item)]
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [pair for number, item in enumerate(value) for pair in _flat(f"{key}[{number}]", item)]
    return [(key, ", ".join(map(str, value)) if isinstance(value, list) else str(value))]
