"""List every key of a recipe in one table: its kind, what holds when it is missing, and what it means.

The validation walks this table and looks up the nearest known key in it; a test holds the reference page to it.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

DOTENV_PLATFORMS = ("linux", "darwin", "windows")
LOCK_PLATFORMS = ("linux", "windows", "macos")
EMPTY_MEANS_NONE = ("extension[]", "shared")
ENGINES = ("uv", "pip")
LINKS = ("auto", "copy")
PROVIDE = ("never", "missing", "always")

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Kind(Enum):
    """The kind of value that a key takes; the documentation names the kind by the text here."""

    TEXT = "text"
    PATH = "path"
    OPTIONAL_PATH = "path, or `false` for none"
    SWITCH = "`true` or `false`"
    DISTRIBUTION = "name of a distribution"
    REQUIREMENT = "version specifier, path, archive or URL"
    REQUIREMENTS = "list of requirements"
    TEXTS = "list of text"
    PYTHON = "version or path"
    FOLDER = "name fit for a folder"
    VARIABLES = "table of text, numbers or booleans"
    DOTENV = "table of paths, and one table for each platform"
    ENGINE = '"uv" or "pip"'
    LINK = '"auto" or "copy"'
    PROVIDE = '"never", "missing" or "always"'
    PLATFORMS = "list of platforms"
    COMMAND = "command line"
    SECONDS = "seconds"
    COUNT = "whole number from 1"
    DURATION = "duration"
    EVENTS = "event, or list of events"
    SPAN = 'duration, or `"0"` for none'


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    Args:
        name: the dotted name, with `[]` after a table that may occur several times.
        kind: the kind of its value.
        default: what holds without the key, as the documentation says it.
        meaning: what the key means, in one sentence.
        required: whether its table must have the key.
    """

    name: str
    kind: Kind
    default: str
    meaning: str
    required: bool = False


KEYS = (
    Key("schema", Kind.TEXT, "none", "Version of the schema, as rezup 1.x and 2.x wrote it; accepted, without effect."),
    Key("description", Kind.TEXT, "empty", "What the recipe is for."),
    Key("root.local", Kind.OPTIONAL_PATH, "`REZUP_ROOT_LOCAL`, else `~/.rezup`", "Where revisions are built."),
    Key(
        "root.remote",
        Kind.OPTIONAL_PATH,
        "`REZUP_ROOT_REMOTE`, else none",
        "Where revisions are published: a folder that all machines see, as a path or a `file://` URL.",
    ),
    Key("init.script", Kind.PATH, "none", "Site-customize script; only the one in `~/rezup.toml` is run."),
    Key("rez.name", Kind.DISTRIBUTION, "`rez`", "Distribution that provides Rez."),
    Key("rez.url", Kind.REQUIREMENT, "`rez>=2.83`", "Where Rez comes from."),
    Key("rez.edit", Kind.SWITCH, "`false`", "Install the local path `rez.url` editable."),
    Key("rez.python", Kind.PYTHON, "the Python that runs rezup", "Interpreter of the Rez environment."),
    Key("rez.flags", Kind.TEXTS, '`["-E"]`', "Interpreter flags of the production scripts."),
    Key("rez.lib", Kind.REQUIREMENTS, "none", "Further packages in the same environment."),
    Key("extension[].name", Kind.DISTRIBUTION, "", "Name of the extension's distribution.", required=True),
    Key("extension[].url", Kind.REQUIREMENT, "its name", "Where the extension comes from."),
    Key("extension[].edit", Kind.SWITCH, "`false`", "Install the local path `url` editable."),
    Key("extension[].isolation", Kind.SWITCH, "`false`", "An environment of its own, with Rez in it as a library."),
    Key("extension[].python", Kind.PYTHON, "the one of Rez", "Interpreter of an isolated extension."),
    Key("extension[].flags", Kind.TEXTS, '`["-E"]`', "Interpreter flags of the extension's scripts."),
    Key("extension[].lib", Kind.REQUIREMENTS, "none", "Further packages in the same environment."),
    Key("shared.name", Kind.FOLDER, "", "First part of the shared library's folder name.", required=True),
    Key("shared.requires", Kind.REQUIREMENTS, "", "Packages shared by the container's revisions.", required=True),
    Key("env", Kind.VARIABLES, "none", "Variables set on entering; `${VAR}` expands."),
    Key("dotenv", Kind.DOTENV, "none", "Files of variables, read on entering."),
    Key("pip.engine", Kind.ENGINE, "`uv`", "Which program installs."),
    Key("pip.link", Kind.LINK, "`auto`", "Whether revisions may share files: `copy` makes each its own."),
    Key("pip.options", Kind.TEXTS, "none", "Options for each installation, as pip takes them."),
    Key("pip.env", Kind.VARIABLES, "none", "Variables set while installing."),
    Key(
        "pip.timeout",
        Kind.SECONDS,
        "`600`, for `add` `3600`",
        "How long the engine may take for one revision, in all; then the build fails.",
    ),
    Key("lock.platforms", Kind.PLATFORMS, "all that can be resolved", "Platforms that a lock is made for."),
    Key("check[].command", Kind.COMMAND, "", "Must succeed inside a new revision before it is ready.", required=True),
    Key("check[].timeout", Kind.SECONDS, "`60`", "How long the command may take."),
    Key(
        "python.provide",
        Kind.PROVIDE,
        "`never`",
        "Whether rezup provides interpreters: those that the machine lacks (`missing`), or all (`always`).",
    ),
    Key(
        "python.mirror",
        Kind.PATH,
        "what uv asks",
        "Where provided interpreters come from: a folder or URL of a mirror, or a list of downloads (`.json`).",
    ),
    Key("retention.keep", Kind.COUNT, "no rule", "How many revisions to keep."),
    Key("retention.older_than", Kind.DURATION, "no rule", "Remove only revisions older than this."),
    Key(
        "retention.spare",
        Kind.SPAN,
        "`7d`",
        "How long a revision stays after `rezup env` or, for cleanups that start by themselves, `use` gave it last.",
    ),
)


@dataclass(frozen=True, slots=True)
class Schema:
    """What a document may hold.

    Args:
        keys: the table of all keys.
        levels: what each of its tables may hold: a key, or the name of a table below; `levels[""]` is the document itself.
        empty_means_none: the tables that may stand there empty, without what they require.
    """

    keys: tuple[Key, ...]
    levels: Mapping[str, Mapping[str, Key | str]]
    empty_means_none: tuple[str, ...] = ()


def schema_of(keys: tuple[Key, ...], empty_means_none: tuple[str, ...] = ()) -> Schema:
    """The schema of a table of keys; see `Schema` for the arguments."""
    levels: dict[str, dict[str, Key | str]] = {"": {}}
    for key in keys:
        table, dot, name = key.name.rpartition(".")
        if dot:
            levels[""].setdefault(table.removesuffix("[]"), table)
        levels.setdefault(table, {})[name] = key
    # A free table such as `env` is one key; `pip.env` lies in the table `pip`. No table lies deeper than one level.
    return Schema(keys, levels, empty_means_none)


RECIPE = schema_of(KEYS, EMPTY_MEANS_NONE)


def join_key(table: str, name: str) -> str:
    """The dotted key of `name` in `table`, with quotes where TOML requires them."""
    if not _BARE_KEY.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{table}.{name}" if table else name


def nearest(name: str, level: str, schema: Schema = RECIPE) -> str:
    """A suggestion for an unknown key: the nearest known key, or else all keys that the table takes.

    Args:
        name: the unknown key, without its table.
        level: the table, as in `Schema.levels`.
        schema: what the document may hold.
    """
    import difflib  # takes a tenth of the time in which a recipe is read, and only a faulty recipe needs it

    def closest(candidates: dict[str, str], likeness: float) -> str:
        found = difflib.get_close_matches(name.lower(), list(candidates), n=1, cutoff=likeness)
        return candidates[found[0]] if found else ""

    prefix = f"{level}." if level else ""
    here = {known: _place(entry) for known, entry in schema.levels[level].items()}
    elsewhere = {key.name.rpartition(".")[2]: _place(key) for key in reversed(schema.keys)}
    best = closest(here, 0.6) or closest(elsewhere, 0.7)
    if best:
        return f"did you mean {best}?"
    return "known keys: " + ", ".join(prefix.replace("[]", "") + known for known in schema.levels[level])


def _place(entry: Key | str) -> str:
    if isinstance(entry, Key):
        return entry.name.replace("[]", "")
    return f"[[{entry.removesuffix('[]')}]]" if entry.endswith("[]") else f"[{entry}]"
