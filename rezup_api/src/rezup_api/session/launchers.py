"""Put launchers into a folder, find those that are there, and take them away; what rezup did not write is left alone."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

from rezup_api.disk.durable import flush_file, flush_folder
from rezup_api.disk.files import give_name, token
from rezup_api.disk.reading import open_below
from rezup_api.errors import NotFoundError, StorageError, UsageError
from rezup_api.session.launcher import NAME, Launcher, launcher_text, parse_launcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

# Bytes. A file that is longer is none of ours, and is not read to its end.
LONGEST = 8192


def read_launcher(path: Path) -> Launcher | None:
    """The launcher that lies at a path; None if something else does. A link is none of ours, wherever it leads.

    Raises:
        FileNotFoundError: nothing lies there.
    """
    try:
        with open_below(path.parent) as folder:
            data = folder.read(path.name, LONGEST)
    except FileNotFoundError:
        raise
    except OSError:
        return None
    return parse_launcher(path.name, os.fsdecode(data))


def list_launchers(folder: Path) -> list[Launcher]:
    """The launchers in a folder, sorted by name; none if there is no such folder."""
    found = []
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        for name in sorted(os.listdir(folder)):
            with suppress(OSError):
                launcher = read_launcher(folder / name) if NAME.fullmatch(name) else None
                if launcher is not None:
                    found.append(launcher)
    return found


def write_launchers(folder: Path, launchers: Iterable[Launcher]) -> None:
    """Write launchers, each whole or not at all, over older ones of the same names; none if a file is in the way of one.

    Raises:
        UsageError: a file that rezup did not write is in the way; nothing has changed then.
        StorageError: a file cannot be written.
    """
    found = {launcher: os.fsencode(launcher_text(launcher)) for launcher in launchers}
    for launcher in found:
        if _is_taken(folder / launcher.name):
            raise _in_the_way(folder / launcher.name)
    for launcher, data in found.items():
        path = folder / launcher.name
        try:
            _write_launcher(path, data)
        except FileExistsError as error:
            raise _in_the_way(path) from error
        except OSError as error:
            hint = "name a folder that you may write to: --to DIR"
            raise StorageError(f"cannot write {path}: {error.strerror}", hint) from error


def _is_taken(path: Path) -> bool:
    with suppress(FileNotFoundError):
        return read_launcher(path) is None
    return False


def _in_the_way(path: Path) -> UsageError:
    text = f"{path} was not written by rezup expose, and stays as it is"
    return UsageError(text, "move it away, or choose another name: --as LAUNCHER")


def _write_launcher(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{token()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777)
        with open(descriptor, "wb") as stream:
            stream.write(data)
        flush_file(beside)
        if os.path.lexists(path):
            os.replace(beside, path)
        else:
            give_name(beside, path)
        flush_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def remove_launchers(folder: Path, names: Iterable[str]) -> list[Launcher]:
    """Remove launchers; none if one of the names is not that of a launcher.

    Returns:
        What was removed.

    Raises:
        NotFoundError: there is no file of that name.
        UsageError: rezup did not write the file.
        StorageError: a file cannot be removed.
    """
    found = []
    for name in dict.fromkeys(names):
        path = folder / name
        try:
            launcher = read_launcher(path) if NAME.fullmatch(name) else None
        except (FileNotFoundError, NotADirectoryError) as error:
            known = [one.name for one in list_launchers(folder)]
            raise NotFoundError(f"there is no launcher {path}", meant(name, known, "there are")) from error
        if launcher is None:
            raise UsageError(f"{path} was not written by rezup expose, and stays as it is", "see: rezup exposed")
        found.append(launcher)
    for launcher in found:
        try:
            (folder / launcher.name).unlink()
        except OSError as error:
            raise StorageError(f"cannot remove {folder / launcher.name}: {error.strerror}") from error
    flush_folder(folder)
    return found


def meant(word: str, known: Iterable[str], listed: str) -> str:
    """The hint for a name that does not exist: the nearest known one, and all of them.

    Args:
        word: what the user has typed.
        known: the names that exist.
        listed: how the list of them begins ("there are").
    """
    from difflib import get_close_matches  # only an error needs it

    names = sorted(known)
    near = get_close_matches(word, names, 1)
    all_of_them = f"{listed}: {', '.join(names)}" if names else ""
    return "; ".join(filter(None, [f"did you mean {near[0]}?" if near else "", all_of_them])).replace("?;", "?")


def programs_added(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """The programs that one environment has on its PATH and another does not: each with its path, of two with one name the first.

    Args:
        before: the caller's environment.
        after: that of a session.
    """
    known = set(before.get("PATH", "").split(os.pathsep))
    found: dict[str, str] = {}
    for folder in after.get("PATH", "").split(os.pathsep):
        if folder and folder not in known:
            with suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_file() and os.access(entry.path, os.X_OK):
                        found.setdefault(entry.name, entry.path)
    return found


def check_tools(tools: Iterable[str], offered: Iterable[str], revision: str) -> None:
    """Raise NotFoundError if a revision does not offer one of the tools.

    Args:
        tools: the names that the user has typed.
        offered: those that the revision offers.
        revision: as the message names it.
    """
    known = set(offered)
    for tool in tools:
        if tool not in known:
            raise NotFoundError(f"{revision} has no tool {tool!r}", meant(tool, known, "it has"))


def folder_for_launchers(folder: Path | None, home: Path, *, make: bool = False) -> Path:
    """The folder in which launchers are.

    Args:
        folder: the one that the user has named, if any.
        home: the home folder; by default they are in `.local/bin` below it.
        make: whether to make the default folder if it does not exist.

    Raises:
        UsageError: launchers do not run on this system.
        NotFoundError: there is no such folder.
        StorageError: the folder cannot be made.
    """
    if os.name == "nt":
        raise UsageError("there are no launchers on Windows", "start the tool with: rezup use NAME -- TOOL")
    if folder is None:
        folder = home / ".local" / "bin"
        if not make:
            return folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            hint = "name a folder that you may write to: --to DIR"
            raise StorageError(f"cannot make {folder}: {error.strerror}", hint) from error
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}", f"make it: mkdir -p {shlex.quote(str(folder))}")
    return folder


def on_path(folder: Path, environ: Mapping[str, str]) -> bool:
    """Whether a folder is on PATH."""
    wanted = os.path.realpath(folder)
    return any(os.path.realpath(one) == wanted for one in environ.get("PATH", "").split(os.pathsep) if one)


def hidden_by(path: Path, environ: Mapping[str, str]) -> str:
    """The program that a user gets instead of a launcher, because its folder comes first on PATH; empty if there is none."""
    for folder in environ.get("PATH", "").split(os.pathsep):
        other = os.path.join(folder, path.name)
        if folder and os.path.isfile(other) and os.access(other, os.X_OK):
            return "" if os.path.realpath(other) == os.path.realpath(path) else other
    return ""
