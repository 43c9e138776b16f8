"""A log on a shared folder: users who read and continue it, what they find in their way, and shares that fail."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.unit.published.entries import OTHER_NAME, act_of, document_of, encoded, following
from tests.unit.studio import remote_dev

from rezup_api.errors import RemoteError
from rezup_api.events import Event, Warned
from rezup_api.published.accepted import Accepted
from rezup_api.published.log import Log, decided_anew
from rezup_api.published.log_entry import LIMIT, Entry, parse_entry
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.metadata import Metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from rezup_api.published.published_root import PublishedRoot
    from rezup_api.storage.interface import Storage

# What somebody may put under the name of an entry, before the next writer comes to it.
IN_THE_WAY = [
    *("garbage", "nothing in it", "half an entry", "unreadable", "too large"),
    *("pipe", "folder", "link", "dangling link"),
    *("replayed", "other container", "other log", "other number", "other chain", "no chain"),
]
METADATA = Metadata(1, "3.0.0", "ana")


@dataclass
class Share:
    """A shared folder with the log of `dev`, and users who read and continue it.

    Args:
        root: the folder.
        homes: where the users' state folders are.
        told: the warnings so far.
    """

    root: Path
    homes: Path
    told: list[str] = field(default_factory=list)

    def report(self, event: Event) -> None:
        """Keep a warning."""
        assert isinstance(event, Warned)
        self.told.append(event.text)

    def environ(self, user: str) -> dict[str, str]:
        """The environment of a user."""
        return {"XDG_STATE_HOME": str(self.homes / user)}

    def accepted(self, user: str = "ana") -> Accepted:
        """What a user has accepted."""
        return Accepted(self.environ(user), str(self.root), "dev")

    def log(self, user: str = "ana", storage: Storage | None = None) -> Log:
        """The log, as a user reads it."""
        return Log(storage or SharedFolder(self.root), "dev", self.accepted(user), self.report)

    def head(self, user: str = "ana") -> Entry | None:
        """The newest entry, as a user sees it."""
        return self.log(user).head()

    def path(self, number: int) -> Path:
        """The file of an entry."""
        path = self.root / "dev" / "log" / f"{number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def pointer(self) -> Path:
        """The file of the pointer."""
        return self.root / "dev" / "pointer"

    def lay(self, *entries: Entry) -> None:
        """Put entries where they belong."""
        for entry in entries:
            self.path(entry.generation).write_bytes(entry.data)

    def point(self, entry: Entry) -> None:
        """Let the pointer name an entry."""
        self.pointer.parent.mkdir(parents=True, exist_ok=True)
        self.pointer.write_bytes(entry.data)

    def act(self, user: str = "ana", storage: Storage | None = None, message: str = "") -> Entry:
        """Have a user do something: the entry that it has made."""

        def attempt() -> Entry:
            log = self.log(user, storage)
            head = log.head()
            entry = following(head, log.place_for_next(head), act=act_of("pin", user, message))
            log.append(entry)
            return entry

        return decided_anew(attempt)

    def acts(self, count: int, user: str = "ana") -> list[Entry]:
        """So many acts of a user."""
        return [self.act(user) for _ in range(count)]


def spoil(share: Share, head: Entry, number: int, kind: str) -> None:
    """Put something under the name of an entry that cannot follow `head`."""
    path = share.path(number)
    contents: dict[str, Callable[[], bytes]] = {
        "garbage": lambda: b"\0garbage",
        "nothing in it": lambda: b"",
        "half an entry": lambda: following(head, number).data[:200],
        "unreadable": lambda: following(head, number).data,
        "too large": lambda: following(head, number).data + b" " * LIMIT,
        "replayed": lambda: head.data,
        "other container": lambda: following(head, number, container="prod").data,
        "other log": lambda: following(head, number, log=OTHER_NAME).data,
        "other number": lambda: following(head, number + 1).data,
        "other chain": lambda: encoded(
            {**document_of(following(head, number)), "chain": [[number - 1, "0" * 64]], "void": []}
        ),
        "no chain": lambda: following(None, number).data,
    }
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.with_name(f"{number}.target").write_bytes(following(head, number).data)
        path.symlink_to(f"{number}.target")
    elif kind == "dangling link":
        path.symlink_to("nowhere")
    else:
        path.write_bytes(contents[kind]())
    if kind == "unreadable":
        path.chmod(0)


class Watched(SharedFolder):
    """A share that writes down what it is asked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.asked: list[list[str]] = []

    def get_many(self, names: Iterable[str], limit: int = LIMIT) -> dict[str, bytes | None]:
        self.asked.append(list(names))
        return super().get_many(self.asked[-1], limit)

    def names(self, prefix: str, holding: str = "") -> list[str]:
        raise AssertionError(f"{prefix} was listed")


class Lost(SharedFolder):
    """A share whose answer to the creation of an entry is lost.

    Args:
        error: what is raised instead.
        creates: whether the entry is created all the same.
        answers: whether the share can be read afterwards.
    """

    def __init__(self, root: Path, error: BaseException, *, creates: bool = True, answers: bool = True) -> None:
        super().__init__(root)
        self.error = error
        self.creates = creates
        self.answers = answers
        self.is_lost = False

    def put_if_absent(self, name: str, data: bytes) -> bool:
        if self.creates:
            super().put_if_absent(name, data)
        self.is_lost = True
        raise self.error

    def get_many(self, names: Iterable[str], limit: int = LIMIT) -> dict[str, bytes | None]:
        if self.is_lost and not self.answers:
            raise RemoteError("the share does not answer")
        return super().get_many(names, limit)


class Outrunning(SharedFolder):
    """A share on which somebody acts before each entry is created."""

    def __init__(self, root: Path, do: Callable[[], object], times: int) -> None:
        super().__init__(root)
        self.do, self.times = do, times

    def put_if_absent(self, name: str, data: bytes) -> bool:
        if self.times:
            self.times -= 1
            self.do()
        return super().put_if_absent(name, data)


def seen(root: Path) -> PublishedRoot:
    """The container as somebody sees it who looks now."""
    return remote_dev(root)


def logged(root: Path) -> list[Any]:
    """The entries of the log, oldest first."""
    folder = root / "dev" / "log"
    return [
        parse_entry((folder / name).read_bytes())
        for name in sorted(os.listdir(folder), key=lambda name: int(name[:-5]))
    ]
