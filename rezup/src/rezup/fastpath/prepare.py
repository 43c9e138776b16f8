"""Write the record for the next launch: the answer of an ordinary launch, and everything on which the answer depends.

A record must never answer where the ordinary path would answer differently. Hence:

- The record has the stamp of every file that the ordinary path has read or looked for, and the value of every variable that it
  may have consulted. If these are not known, no record is written. A variable too many does no harm: the record only applies less
  often.
- A stamp belongs to the content that was read only if it is older than the reading. The clocks of file systems tick every few
  milliseconds, and a second change within a tick leaves the stamp as it was. Network file systems have another clock, and some
  file systems count whole seconds: there the stamp must have been the same two seconds before.
- Before a record is written, the session is computed from it, and compared with the one that the ordinary path has computed.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.fastpath import identity, load, record_path, scan, session_path
from rezup.fastpath.record import Record
from rezup.fastpath.seal import dumped
from rezup.fastpath.stamps import Files
from rezup_api import VARIABLES, RezupError, Settings, expand
from rezup_api.disk import write_whole
from rezup_api.netfs import resolved
from rezup_api.recipe import MAIN_FILE, init_script, recipe_path
from rezup_api.session import OWN, remembered, site_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rezup.fastpath.invocation import Invocation
    from rezup.fastpath.record import Stamp, Variables
    from rezup_api import Recipe, Revision
    from rezup_api.session import Opening, SessionEnviron
    from rezup_api.storage import Witness


# The variables that decide which program a shell is.
CHOOSING = ("PATH", "SHELL")
# Seconds for which a stamp that may show a change late must have been the same.
SLOW = 2.0
# How many records are kept for one user on one host.
KEPT = 200
# A variable in a text, `${VAR}` or `$VAR`; and `~NAME`, the home folder of another user.
_NAMED = re.compile(r"\$\{([^}:]+)|\$(\w+)")
_SOMEBODYS_HOME = re.compile(r"~[^/]")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an ordinary launch has computed.

    Args:
        settings: the settings in the environment after the site-customize script.
        environ: the environment after the site-customize script.
        recipe: the recipe of the container.
        revision: the revision that is entered.
        computed: the environment of the session, with what it was computed from.
        basis: the files on which the choice of the revision depended.
        opening: how a shell is opened; None if the user gave a command.
        parent: the command line of the parent process, if that decided which shell is opened; else empty.
    """

    settings: Settings
    environ: Mapping[str, str]
    recipe: Recipe
    revision: Revision
    computed: SessionEnviron
    basis: Witness
    opening: Opening | None = None
    parent: tuple[str, ...] = ()

    @property
    def session(self) -> dict[str, str]:
        """The whole environment of the command or shell."""
        return {**self.computed.values, **(self.opening.environ if self.opening is not None else {})}


def prepare(origin: Invocation, answer: Answer) -> None:
    """Write the record of an answer if the next launch may use it; failures are silent, because a record only saves time."""
    request = scan(list(origin.words))
    path = record_path(request, origin.environ) if request is not None else ""
    if not path or os.name != "posix" or not _is_repeatable(origin, answer):
        return
    folder = os.path.dirname(path)
    with suppress(OSError, RezupError):
        record = _record(origin, answer, load(path))
        if record is not None and _session(record, answer.environ) == answer.session and owned(folder):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            write_whole(Path(path), dumped(record), 0o600)
            _prune(folder)


def _is_repeatable(origin: Invocation, answer: Answer) -> bool:
    """Whether the answer depends on files and variables alone, and not on the working folder or on the list of users."""
    settings, recipe, environ = answer.settings, answer.recipe, answer.environ
    roots = [environ.get(name, "") for name in ("REZUP_ROOT_LOCAL", "REZUP_ROOT_REMOTE", "REZUP_RECIPES")]
    paths = [*roots, recipe.root_local, recipe.root_remote, *answer.computed.paths, str(settings.home)]
    named = [path for path in paths if path]
    return (
        bool(origin.environ.get("HOME") and environ.get("HOME"))
        and all(os.path.isabs(expand(path, environ).removeprefix("file://")) for path in named)
        and not any(_SOMEBODYS_HOME.match(path) for path in named)
    )


def owned(folder: str) -> bool:
    """Whether the folder, or the nearest one above it that exists, is this user's: root must leave no files in other homes."""
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    return os.stat(folder).st_uid == os.geteuid()


def _record(origin: Invocation, answer: Answer, old: Record | None) -> Record | None:
    """The record of an answer; None if one of its files may have changed since it was read."""
    settings = Settings.from_environ(origin.environ)
    script = init_script(settings)
    code = site_script(settings, origin.environ)
    interpreters = _interpreters(answer.revision)
    own = (settings.home, answer.settings.home, answer.revision.folder.root, *interpreters)
    early = Files(origin.started, own)
    early.seek(settings.home / MAIN_FILE)
    early.read(*([Path(code.co_filename)] if code else []))
    late = Files(origin.started, own)
    late.seek(*_recipe_files(answer), *answer.basis.files)
    late.read(*answer.recipe.sources, answer.revision.lock_file, answer.revision.recipe_file, *answer.computed.files)
    late.meet(*answer.basis.present, *interpreters)
    first, then = early.stamped(), late.stamped()
    if first is None or then is None:
        return None
    both = replace(then, shared=(*first.shared, *then.shared), slow={**first.slow, **then.slow})
    since = _since(both.slow, old, origin.started)
    named = _names(answer)
    return Record(
        settled=not since or origin.started - since >= SLOW,
        identity=identity(),
        written=time.time(),
        since=since,
        early=_variables({"HOME", "REZUP_SKIP_INIT", *_named_in([script[0] if script else ""])}, origin.environ),
        early_stamps=first.local,
        shared=both.by_share,
        mounted=tuple(resolved(str(path)) for path in answer.basis.mounted if not late.may_hang(path)),
        script=(code.co_filename, code) if code else (),
        variables=_variables(named, answer.environ),
        stamps=then.local,
        revision=str(answer.revision.lock_file),
        values=_values(answer, named),
        prefix="" if "PATH" in named else os.pathsep.join(map(str, answer.revision.tool_folders)),
        removed=() if "PATH" in named else tuple(sorted(remembered(answer.environ)[1])),
        opening=answer.opening.command if answer.opening is not None else (),
        parent=answer.parent,
    )


def _values(answer: Answer, named: frozenset[str]) -> dict[str, str | None]:
    """The variables that the session sets, and None for those that it unsets."""
    session, environ = answer.session, answer.environ
    values = {name: session.get(name) for name in sorted(named) if session.get(name) != environ.get(name)}
    return {**values, "PATH": session["PATH"]} if "PATH" in named else values


def _since(slow: Mapping[str, Stamp], old: Record | None, now: float) -> float:
    """Since when the files in `slow` have been unchanged, in seconds since the epoch; 0 if there are none."""
    if not slow:
        return 0.0
    if old is not None and 0 < old.since <= now:
        known = dict((*old.early_stamps, *(item for _, stamps in old.shared for item in stamps), *old.stamps))
        if all(known.get(path) == found for path, found in slow.items()):
            return old.since
    return now


def _recipe_files(answer: Answer) -> list[Path]:
    return [recipe_path(answer.recipe.container, answer.settings), answer.settings.recipes / MAIN_FILE]


def _interpreters(revision: Revision) -> list[Path]:
    environments = revision.metadata.environments if revision.metadata is not None else ()
    return [Path(environment.interpreter) for environment in environments if environment.interpreter]


def _names(answer: Answer) -> frozenset[str]:
    """The names of all variables on which the session may depend; PATH only if a recipe, a file or the shell names it."""
    variables = [variable.name for variable in VARIABLES]
    texts = [
        *(answer.environ.get(name, "") for name in variables),
        answer.recipe.root_local,
        answer.recipe.root_remote,
        *map(str, answer.computed.paths),
        *answer.computed.texts,
    ]
    changed, _ = remembered(answer.environ)
    opening = answer.opening
    shell = (*opening.environ, *opening.consulted, *CHOOSING) if opening is not None else ()
    named = {*answer.computed.named, *shell, *changed}
    return frozenset({"HOME", *variables, *OWN, *named, *_named_in(texts)})


def _named_in(texts: Iterable[str]) -> set[str]:
    """The variables that texts name as `$VAR` or `${VAR}`; a name too many does no harm."""
    return {name for text in texts for match in _NAMED.findall(text) for name in match if name}


def _variables(names: Iterable[str], environ: Mapping[str, str]) -> Variables:
    return tuple((name, environ.get(name)) for name in sorted(names))


def _session(record: Record, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment that the quick launch would compute from the record."""
    path = session_path(record.prefix, record.removed, environ.get("PATH", ""))
    session = {**environ, "PATH": path, **record.values}
    return {name: value for name, value in session.items() if value is not None}


def _prune(folder: str) -> None:
    """Remove the oldest records if there are too many, such as those for other roots or for removed containers."""
    with os.scandir(folder) as entries:
        by_age = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
    for _, path in by_age[:-KEPT]:
        with suppress(OSError):
            os.unlink(path)
