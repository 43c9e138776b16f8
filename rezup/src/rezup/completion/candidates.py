"""Find the names that complete a command line: containers, labels, revisions and paths.

The names are read directly from the folders, without the rest of rezup, because the user waits with a finger on the key. Shares
are asked with a time limit far below that of a launch; a share that does not answer in time has no names.
"""

from __future__ import annotations

import marshal
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup_api import RezupError, Settings, absolute
from rezup_api.netfs import ask, marker_of, may_hang
from rezup_api.recipe import find_recipe, is_container, list_recipes, roots_of
from rezup_api.storage import folder_of_root
from rezup_api.store import (
    CURRENT,
    DEFAULT_CONTAINER,
    LATEST,
    METADATA_FILE,
    RECIPE_FILE,
    ContainerFolder,
    is_label,
    timestamp_order,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Nobody reads a longer list, and a user who types the beginning of a timestamp gets those that begin so.
MOST_REVISIONS = 100
# Seconds to wait for all shares together.
LIMIT = 0.02


class Names:
    """The names of this machine and of its remote roots.

    Args:
        environ: the caller's environment, without what an outer session has set.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._settings = Settings.from_environ(environ)
        self._deadline = time.monotonic() + LIMIT

    def containers(self) -> list[str]:
        """The containers that have a folder under a local or a remote root, sorted."""
        places = {self._roots(name) for name in [*self.recipes(), DEFAULT_CONTAINER]}
        roots = {root for place in places for root in place if root}
        return sorted({name for root in roots for name in self._told(root, _containers, root)})

    def recipes(self) -> list[str]:
        """The containers that have a recipe."""
        return list(self._told(str(self._settings.recipes), _recipes, self._settings))

    def targets(self, prefix: str) -> dict[str, str]:
        """What `NAME[@REV]` may be, with a description of each: containers; after `@`, labels, then revisions, newest first.

        If only one container fits, `NAME@` is there too: then a shell sets no blank behind the name, and `@` can follow.
        """
        name, mark, request = prefix.partition("@")
        if not mark:
            known = sorted({*self.containers(), DEFAULT_CONTAINER})
            fitting = [one for one in known if one.startswith(name)]
            only = {f"{fitting[0]}@": "a revision of it"} if name and len(fitting) == 1 else {}
            return {**dict.fromkeys(known, ""), **only}
        if not is_container(name):
            return {}
        found: set[str] = set()
        labels: set[str] = set()
        for root in filter(None, self._roots(name)):
            labels |= self._told(root, _labels, root, name)
            found |= self._told(root, _revisions, root, name, request)
        newest = sorted(found, key=timestamp_order, reverse=True)[:MOST_REVISIONS]
        steps = {CURRENT: "what `use` gives", LATEST: "the newest", "~1": "the one before"}
        requests = {**steps, **dict.fromkeys(sorted(labels), "label"), **{each: _moment(each) for each in newest}}
        return {f"{name}@{request}": text for request, text in requests.items()}

    def tools(self, target: str) -> list[str]:
        """The commands of a container, sorted: those in the tool folders of a revision of this machine.

        Args:
            target: `NAME[@REV]`. Without `REV` it is the newest revision that has commands, because it takes too long to find
                out which one `use` gives.
        """
        name, _, request = target.partition("@")
        root = self._roots(name)[0] if is_container(name) else ""
        return sorted(self._told(root, _tools, root, name, request)) if root else []

    def _roots(self, name: str) -> tuple[str, str]:
        """The local and the remote root of a container, empty for none; its recipe is parsed only if it may name one."""
        named = self._told(str(self._settings.recipes), _named_roots, name, self._settings)
        local, remote = named or ("", "")
        return self._folder(local or self._settings.root_local), self._folder(remote or self._settings.root_remote)

    def _folder(self, root: str | None) -> str:
        """The folder that a root is; empty for none, and for roots of other kinds, which nobody waits for at the keyboard."""
        with suppress(RezupError):
            return str(folder_of_root(root, self._environ, "remote")) if root else ""
        return ""

    def _told(self, place: str, question: Callable[..., Any], *arguments: object) -> Any:
        """The answer of `question`, which reads files at a place; empty if it fails, or if a share does not answer in time."""
        if not may_hang(os.path.abspath(place)):
            with suppress(RezupError, OSError):
                return question(*arguments)
            return set()
        left = self._deadline - time.monotonic()
        if left <= 0:
            return set()

        def asked() -> bytes:
            # All descriptors are closed in this process. The first file would get number 0, that of the standard input.
            os.open(os.devnull, os.O_RDWR)
            return marshal.dumps(question(*arguments))

        # This limit is so short that a slow share exceeds it. So the marker is not the one that tells launches of a hung share.
        try:
            return marshal.loads(ask(asked, f"{marker_of(os.path.abspath(place))}.names", left))
        except OSError:
            return set()


def _containers(root: str) -> set[str]:
    with os.scandir(root) as entries:
        return {
            entry.name for entry in entries if is_container(entry.name) and os.path.isdir(entry.path + "/revisions")
        }


def _recipes(settings: Settings) -> list[str]:
    return list(list_recipes(settings))


def _named_roots(name: str, settings: Settings) -> tuple[str, str]:
    """The local and the remote root as the recipe of a container writes them, with `~` and variables not expanded yet."""
    file = find_recipe(name, settings)
    return roots_of(file) if file is not None else ("", "")


def _labels(root: str, name: str) -> set[str]:
    pointer = f"{root}/{name}/pointer"
    if os.path.lexists(pointer):
        from rezup_api.disk import read_file  # only a remote root has a pointer
        from rezup_api.published import parse_entry

        with suppress(ValueError):
            return set(parse_entry(read_file(pointer)).state.labels)
    return {label for label in os.listdir(f"{root}/{name}/labels") if is_label(label)}


def _revisions(root: str, name: str, beginning: str) -> set[str]:
    """The newest revisions whose timestamps begin so; a folder without recipe and metadata is not a finished revision."""
    folder = ContainerFolder(Path(root), name)
    fitting = [each for each in folder.timestamps() if each.startswith(beginning)][:MOST_REVISIONS]
    return {each for each in fitting if _is_finished(folder, each)}


def _is_finished(folder: ContainerFolder, timestamp: str) -> bool:
    return any(os.path.exists(f"{folder.revisions}/{timestamp}/{file}") for file in (METADATA_FILE, RECIPE_FILE))


def _tools(root: str, name: str, request: str) -> set[str]:
    """The names of the production scripts of the first fitting revision that has any."""
    folder = ContainerFolder(Path(root), name)
    known = folder.timestamps()
    if is_label(request) and request not in {CURRENT, LATEST}:
        from rezup_api.disk import read_file  # few lines name a label

        known = [each for each in known if each == read_file(f"{root}/{name}/labels/{request}").decode().strip()]
    elif request[:1] == "~" and request[1:].isdecimal():
        known = [each for each in known if _is_finished(folder, each)][int(request[1:]) :]
    elif request not in {CURRENT, LATEST}:
        known = [each for each in known if each.startswith(request)]
    for timestamp in known[:MOST_REVISIONS]:
        # `Scripts` on Windows, where the scripts are programs.
        places = [
            place for form in ("bin", "Scripts") for place in folder.revisions.glob(f"{timestamp}/venv/*/{form}/rez")
        ]
        names = {entry.removesuffix(".exe") for place in places for entry in os.listdir(place)}
        if names:
            return {entry for entry in names if entry.isprintable() and not entry.startswith((".", "_"))}
    return set()


def _moment(timestamp: str) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(int(timestamp.partition(".")[0])))


def launchers(folder: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The launchers in a folder, each with what it runs.

    Args:
        folder: as the user has typed it; empty for the default one.
        environ: the caller's environment.
    """
    from rezup_api.session import list_launchers  # only commands for launchers need them

    place = absolute(folder or "~/.local/bin", environ)
    return {one.name: f"{one.tool} of {one.target}" for one in list_launchers(place)}


def paths(prefix: str, suffix: str = "") -> Iterator[str]:
    """The paths that begin as the user has typed: folders, with a `/` at their end, and files. A `~` stays as it is.

    Args:
        prefix: what the user has typed.
        suffix: only files whose names end so are given.
    """
    folder, _, beginning = prefix.rpartition("/")
    top = f"{folder}/" if "/" in prefix else ""
    with os.scandir(os.path.expanduser(top) or ".") as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.name.startswith(beginning) or (entry.name.startswith(".") and not beginning):
                continue
            if not entry.name.isprintable():
                continue  # the shell would show it to the terminal as it is
            if entry.is_dir():
                yield f"{top}{entry.name}/"
            elif entry.name.endswith(suffix):
                yield f"{top}{entry.name}"
