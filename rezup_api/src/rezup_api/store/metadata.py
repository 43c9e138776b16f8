"""Read and write `revision.json`: who made a revision, when, where, why and with what. A revision that has it is complete.

    {"format": 1, "rezup_version": "3.0.0", "creator": "ana", "hostname": "ws12", "created": "2026-01-31T10:00:00+00:00",
     "message": "...", "platform": "linux-x86_64", "venvs": ["rez"],
     "environments": [{"name": "rez", "python": "3.11.7", "interpreter": "/usr/bin/python3.11", "rez": "3.4.0", "size": 1234}]}

rezup 2.x wrote only `rezup_version` and `venvs` of these, rezup 1.x neither of the two. On a remote root, `environments` is
empty: each machine builds its own.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rezup_api.disk.documents import parse_json
from rezup_api.disk.reading import read_below
from rezup_api.errors import StorageError
from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
ENVIRONMENT = ("name", "python", "interpreter", "rez", "size", "locked", "editable", "nests")
# What the names of environments, libraries and data folders are made of: no separator, no control character.
_COMPONENT = re.compile(r"[\w .+@-]{1,200}")


@dataclass(frozen=True, slots=True)
class Environment:
    """One virtual environment of a revision.

    Args:
        name: the name of its folder under `venv/`: "rez", or the name of an isolated extension.
        python: the version of its interpreter.
        interpreter: the path of the interpreter that it was made from; without that file, the environment does not run.
        rez: the version of the Rez in it.
        size: how many bytes all its files have, those that it shares with others included.
        locked: whether it was installed from a lock, which is then a file of the revision.
        editable: the packages that run from where their sources lie, so that the lock says nothing about their content.
        nests: whether `rez-env` works inside another one; a fork of Rez may lack that.
    """

    name: str
    python: str = ""
    interpreter: str = ""
    rez: str = ""
    size: int = 0
    locked: bool = False
    editable: tuple[str, ...] = ()
    nests: bool = True


@dataclass(frozen=True, slots=True)
class Metadata:
    """What `revision.json` records about a revision.

    Args:
        format: the format of the revision's files; 0 for revisions of rezup 1.x and 2.x.
        rezup_version: the version of rezup that made the revision; empty for rezup 1.x.
        creator, hostname: the user and the machine that made it.
        created: when, as an ISO 8601 moment in UTC.
        message: the reason, in the user's words.
        platform: see `layout.platform_tag`.
        environments: its virtual environments, the main one first.
        libraries, data: the names of the folders under `libs/` and `.data/` of the container that the environments link to.
        remote: the remote root on which it is published; empty if it is not, and in the published copy itself.
        origin: the revision or the bundle that it was made from; empty if it was made from a recipe.
    """

    format: int
    rezup_version: str
    creator: str = ""
    hostname: str = ""
    created: str = ""
    message: str = ""
    platform: str = ""
    environments: tuple[Environment, ...] = ()
    libraries: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    remote: str = ""
    origin: str = ""

    @property
    def loose(self) -> str:
        """Why another machine may install other files for this revision; empty if every machine installs the same."""
        unlocked = [one.name for one in self.environments if not one.locked]
        editable = sorted({name for one in self.environments for name in one.editable})
        reasons = [f"environments without a lock: {', '.join(unlocked)}"] if unlocked else []
        return "; ".join([*reasons, *([f"editable packages: {', '.join(editable)}"] if editable else [])])

    @property
    def rez_version(self) -> str:
        """The version of the Rez in the main environment; empty if it is not recorded."""
        return next((environment.rez for environment in self.environments if environment.name == "rez"), "")

    @property
    def size(self) -> int:
        """How many bytes all environments have together."""
        return sum(environment.size for environment in self.environments)

    def to_json(self) -> str:
        """The text of the file `revision.json`."""
        document: dict[str, Any] = {
            "format": self.format,
            "rezup_version": self.rezup_version,
            "creator": self.creator,
            "hostname": self.hostname,
            "created": self.created,
            "message": self.message,
            "platform": self.platform,
            "remote": self.remote,
            "origin": self.origin,
            "venvs": [environment.name for environment in self.environments],
            "environments": [
                {name: getattr(environment, name) for name in ENVIRONMENT} for environment in self.environments
            ],
            "libraries": list(self.libraries),
            "data": list(self.data),
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def parse_metadata(text: str | bytes) -> Metadata:
    """Read the text of a `revision.json` that any version of rezup has written.

    Raises:
        ValueError: the text is not JSON, or not a JSON object; or a name in it could not be that of a folder in the revision.
    """
    document = parse_json(text)
    if not isinstance(document, dict):
        raise ValueError("not an object")
    return Metadata(
        format=_number(document.get("format")),
        rezup_version=str(document.get("rezup_version") or ""),
        creator=str(document.get("creator") or ""),
        hostname=str(document.get("hostname") or ""),
        created=str(document.get("created") or ""),
        message=str(document.get("message") or ""),
        platform=str(document.get("platform") or ""),
        environments=tuple(_environments(document)),
        libraries=tuple(_folders(document.get("libraries"))),
        data=tuple(_folders(document.get("data"))),
        remote=str(document.get("remote") or ""),
        origin=str(document.get("origin") or ""),
    )


def _environments(document: dict[str, Any]) -> list[Environment]:
    recorded = document.get("environments")
    if not isinstance(recorded, list):
        return [Environment(name) for name in _folders(document.get("venvs"))]
    return [
        Environment(
            name=_folder(item["name"]),
            python=str(item.get("python") or ""),
            interpreter=str(item.get("interpreter") or ""),
            rez=str(item.get("rez") or ""),
            size=_number(item.get("size")),
            locked=item.get("locked") is True,
            editable=tuple(_names(item.get("editable"))),
            nests=item.get("nests") is not False,
        )
        for item in recorded
        if isinstance(item, dict) and "name" in item
    ]


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else []


def _folders(value: object) -> list[str]:
    return [_folder(name) for name in value] if isinstance(value, list) else []


def _folder(value: object) -> str:
    """A name that becomes a part of a path: others may have written it, and it must not lead out of its folder."""
    if isinstance(value, str) and _COMPONENT.fullmatch(value) and value.strip("."):
        return value
    raise ValueError(f"{value!r} cannot be the name of a folder")


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def read_metadata(path: Path, root: Path | None = None) -> Metadata | None:
    """The metadata in the file at `path`; None if the file does not exist.

    Args:
        path: the file.
        root: a folder above it, below which no symbolic link is followed; by default, only the file itself must be none.

    Raises:
        StorageError: the file cannot be read, or is damaged.
    """
    try:
        above = path.parent if root is None else root
        return parse_metadata(read_below(above, path.relative_to(above).as_posix()).decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(f"cannot read {error.filename or path}: {error.strerror}") from error
    except ValueError as error:
        raise StorageError(
            f"{path} is damaged: {error}", "restore it, or remove that revision", damaged=True
        ) from error
