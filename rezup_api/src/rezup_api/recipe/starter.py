"""Write the commented recipes of `recipe init`: the starter, and examples for real cases.

Their first line names a JSON Schema, by which an editor completes the recipe and marks mistakes. It is a copy of the shipped one
in the user's state folder, because releases of rezup come and go, and what was written into a recipe stays:

    <state folder>/rezup.schema.json
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.errors import StorageError, UsageError
from rezup_api.settings import state_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTER_FILE = Path(__file__).with_name("starter.toml")
SCHEMA_FILE = Path(__file__).with_name("rezup.schema.json")
_EXAMPLES = Path(__file__).with_name("examples")


def examples() -> dict[str, Path]:
    """The files of the example recipes, by their sorted names: the installed ones, or those of the checkout that runs."""
    folder = _EXAMPLES if _EXAMPLES.is_dir() else _checkout() / "recipes"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def _checkout() -> Path:
    return Path(os.path.normpath(Path(__file__).parent / ".." / ".." / ".." / ".."))


def example_file(name: str) -> Path:
    """The example recipe of that name.

    Raises:
        UsageError: there is no such example.
    """
    from difflib import get_close_matches  # completion reads only the names, and must be fast

    known = examples()
    if not name:
        raise UsageError("no example is named", f"there are: {', '.join(known)}")
    if name not in known:
        nearest = get_close_matches(name, known, 1)
        meant = f"did you mean {nearest[0]}? " if nearest else ""
        raise UsageError(f"there is no example {name!r}", f"{meant}there are: {', '.join(known)}")
    return known[name]


def keep_schema(environ: Mapping[str, str]) -> str:
    """Bring the user's copy of the JSON Schema up to date; its URL, or empty text where none can be kept.

    Args:
        environ: the caller's environment, which names the state folder.
    """
    from rezup_api.disk.files import write_whole  # completion does without

    path, data = Path(os.path.abspath(state_folder(environ) / SCHEMA_FILE.name)), SCHEMA_FILE.read_bytes()
    try:
        with suppress(FileNotFoundError):
            if path.read_bytes() == data:
                return path.as_uri()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError:
        return ""
    return path.as_uri()


def renew_schema(environ: Mapping[str, str]) -> None:
    """Bring the user's copy of the JSON Schema up to date if there is one: its keys are those of the release that wrote it."""
    if os.path.lexists(state_folder(environ) / SCHEMA_FILE.name):
        keep_schema(environ)


def write_starter(path: Path, source: Path = STARTER_FILE, schema: str = "") -> None:
    """Write a commented recipe to `path`, whole or not at all, unless something is there already.

    Args:
        path: the new recipe.
        source: the file whose content is written.
        schema: the URL of the JSON Schema, for the first line.

    Raises:
        UsageError: something is at `path` already; it stays as it is.
        StorageError: the folder does not exist or cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        if os.path.lexists(path):
            raise FileExistsError
        try:
            from rezup_api.disk.durable import flush_file, flush_folder  # completion does without
            from rezup_api.disk.files import give_name

            _write(beside, (f"#:schema {schema}\n" if schema else "").encode() + source.read_bytes())
            flush_file(beside)
            give_name(beside, path)
            flush_folder(path.parent)
        finally:
            beside.unlink(missing_ok=True)
    except FileExistsError as error:
        raise UsageError(f"there is already a recipe at {path}", "edit it, or move it away first") from error
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}", "name a folder that you may write to"
        ) from error


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with open(descriptor, "wb") as stream:
        stream.write(data)
