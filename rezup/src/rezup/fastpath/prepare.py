"""Prepare the record for the next launch: what an ordinary launch has answered, and all that this depended on.

A record must never be believed when the ordinary path would give another answer. Hence:

- Every file that was read, or looked for, has a stamp, and every variable that may have been consulted its value. Where that
  cannot be told, nothing is recorded; a variable too many only makes a record hold less often.
- A stamp shows what was read only if it is older than the reading. Clocks of file systems tick every few milliseconds, and a
  change within one tick leaves the stamp as it was. On network file systems, whose clock is another one, and on those that
  count whole seconds, it must have been the same two seconds ago.
- What is recorded is put together once more and compared with what the ordinary path has computed.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.fastpath.record import identity, load, make_record, record_path
from rezup.fastpath.replay import scan, session_path
from rezup.fastpath.stamps import Files
from rezup_api import VARIABLES, RezupError, Settings, expand
from rezup_api.disk import write_whole
from rezup_api.netfs import resolved
from rezup_api.recipe import MAIN_FILE, init_script, recipe_path
from rezup_api.session import OWN, remembered, site_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rezup.fastpath import Stamp
    from rezup.fastpath.invocation import Invocation
    from rezup.fastpath.record import Record, Variables
    from rezup_api import Recipe, Revision
    from rezup_api.session import Opening, SessionEnviron
    from rezup_api.storage import Witness


# By these it is told which program a shell is.
CHOOSING = ("PATH", "SHELL")
# Seconds, where stamps are slow to show a change.
SLOW = 2.0
# Records kept for one user on one host.
KEPT = 200
_NAMED = re.compile(r"\$\{([^}:]+)|\$(\w+)")
_SOMEBODYS_HOME = re.compile(r"~[^/]")


@dataclass(frozen=True, slots=True)
class Answer:
    """What it has come to.

    Args:
        settings: of the environment after the script.
        environ: that environment.
        recipe: the container's.
        revision: what was entered.
        computed: the session's environment.
        basis: what the choice of the revision depended on.
        opening: how a shell is opened; None where a command was given.
        parent: the command line of the process that decided which shell that is; empty where none did.
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
        """The whole environment of what is started."""
        return {**self.computed.values, **(self.opening.environ if self.opening is not None else {})}


def prepare(origin: Invocation, answer: Answer) -> None:
    """Write the record of an answer, where it is one that the next launch may take; nothing is said where it is not."""
    request = scan(list(origin.words))
    path = record_path(request, origin.environ) if request is not None else ""
    if not path or os.name != "posix" or not _is_repeatable(origin, answer):
        return
    folder = os.path.dirname(path)
    with suppress(OSError, RezupError):
        record = _record(origin, answer, load(path))
        if record is not None and _session(record, answer.environ) == answer.session and owned(folder):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            write_whole(Path(path), record.dumped(), 0o600)
            _prune(folder)


def _is_repeatable(origin: Invocation, answer: Answer) -> bool:
    """Whether the answer depends on nothing but files and variables: not on the working folder, nor on the list of users."""
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
    """Whether the folder, or the first above it that is there, is this user's: root leaves nothing in the homes of others."""
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    return os.stat(folder).st_uid == os.geteuid()


def _record(origin: Invocation, answer: Answer, old: Record | None) -> Record | None:
    """The record of an answer; None where its files cannot be trusted to be what was read."""
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
    return make_record(
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
    """What the session sets and unsets."""
    session, environ = answer.session, answer.environ
    values = {name: session.get(name) for name in sorted(named) if session.get(name) != environ.get(name)}
    return {**values, "PATH": session["PATH"]} if "PATH" in named else values


def _since(slow: Mapping[str, Stamp], old: Record | None, now: float) -> float:
    """When slow files were first seen as they are; 0 where there are none."""
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
    """Every variable on which the session may depend; PATH only if it is named somewhere."""
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
    """The variables that texts name, as `$VAR` or `${VAR}`; rather one too many."""
    return {name for text in texts for match in _NAMED.findall(text) for name in match if name}


def _variables(names: Iterable[str], environ: Mapping[str, str]) -> Variables:
    return tuple((name, environ.get(name)) for name in sorted(names))


def _session(record: Record, environ: Mapping[str, str]) -> dict[str, str]:
    """What the quick launch would make of the record."""
    path = session_path(record.prefix, record.removed, environ.get("PATH", ""))
    session = {**environ, "PATH": path, **record.values}
    return {name: value for name, value in session.items() if value is not None}


def _prune(folder: str) -> None:
    """Forget the oldest records where there are too many: of other roots, of containers that are gone."""
    with os.scandir(folder) as entries:
        by_age = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
    for _, path in by_age[:-KEPT]:
        with suppress(OSError):
            os.unlink(path)
