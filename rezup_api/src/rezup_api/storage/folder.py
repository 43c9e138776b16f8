"""Use a folder as a storage: `FolderStorage` for a folder of this machine, `SharedFolder` for one that many machines see.

Everything appears in one step, by a rename or a link. A process prepares it in the folder `.staging` below the first part of the
name, or at the top of the storage if the name has one part. If the process is killed, the next writer clears what it left there.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from rezup_api.disk.files import NO_LINKS, rename_if_absent, storing, token, write_whole
from rezup_api.disk.reading import LIMIT, UNUSABLE, Folder, open_below, open_file, read_below
from rezup_api.disk.staging import place_file, staged, sweep
from rezup_api.errors import RemoteError, StorageError
from rezup_api.netfs import reader
from rezup_api.netfs.mounts import may_hang
from rezup_api.storage.interface import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path


Found = TypeVar("Found")
# How many bytes `get_part` reads: few enough that even a slow share gives them within the time limit.
PIECE = 1 << 20
WAY_OUT = "check that it is mounted, or work with what is on this machine: --local"


class FolderStorage:
    """A folder of this machine.

    Args:
        root: the absolute path of the folder. It need not exist: reads then find nothing, and the first write makes it.
    """

    failure: type[StorageError | RemoteError] = StorageError

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def place(self) -> str:
        """The folder's path."""
        return str(self._root)

    def locate(self, name: str) -> str:
        """The path of the file under a name."""
        return str(self._root / name)

    def get(self, name: str) -> bytes | None:
        """The content of one file; see `Storage.get`."""

        def read() -> bytes | None:
            try:
                return read_below(self._root, name)
            except (FileNotFoundError, NotADirectoryError):
                return None

        return self._read("cannot read", read)

    def get_many(self, names: Iterable[str], limit: int = LIMIT) -> dict[str, bytes | None]:
        """The content of each file that exists; see `Storage.get_many`."""
        wanted = list(names)

        def read() -> dict[str, bytes | None]:
            found: dict[str, bytes | None] = {}
            for name in wanted:
                try:
                    found[name] = read_below(self._root, name, limit)
                except (FileNotFoundError, NotADirectoryError):
                    pass
                except OSError as error:
                    if error.errno not in UNUSABLE:
                        raise
                    found[name] = None
            return found

        return self._read("cannot read", read)

    def get_part(self, name: str, offset: int) -> bytes | None:
        """A piece of a file; see `Storage.get_part`."""

        def read() -> bytes | None:
            try:
                with open_file(self._root, name) as stream:
                    stream.seek(offset)
                    return stream.read(PIECE)
            except (FileNotFoundError, NotADirectoryError):
                return None

        return self._read("cannot read", read)

    def names(self, prefix: str, holding: str = "") -> list[str]:
        """What lies in a folder; see `Storage.names`."""

        def read() -> list[str]:
            try:
                with open_below(self._root, prefix) as listed:
                    return [name for name in listed.names() if not holding or _holds(listed, name, holding)]
            except FileNotFoundError:
                return []

        return self._read("cannot list", read)

    def check_writable(self, name: str) -> None:
        """Look at the folders on the way that exist; see `Storage.check_writable`."""
        with self._writing("cannot write to"):
            folders = [folder for folder in (self._stages(name), self._root / name) if folder.is_dir()] or [self._root]
            for folder in folders:
                if not os.access(folder, os.W_OK | os.X_OK):
                    raise self.failure(
                        f"you cannot write to {folder}", "ask whoever keeps the remote root to publish it"
                    )
            # Try it, for what a file system allows cannot be asked.
            with staged(self._stages(name)) as stage:
                probe = stage.path / token()
                write_whole(probe, b"")
                self._give_name(probe, stage.path / "name")

    def put(self, name: str, data: bytes) -> None:
        """Rename a finished file into place; see `Storage.put`."""
        with self._writing("cannot write to"):
            place_file(self._stages(name), self._root / name, data)

    def put_if_absent(self, name: str, data: bytes) -> bool:
        """Link a finished file into place, which fails if the name exists; see `Storage.put_if_absent`."""
        from rezup_api.disk.durable import flush_file, flush_folder  # launches do without

        target = self._root / name
        with self._writing("cannot write to"), staged(self._stages(name)) as stage:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._refuse_links(target.parent)
            # The file is complete before it gets its name. Opening `target` with O_EXCL would also let only one process win,
            # but a reader could then see the file empty or half written.
            prepared = stage.path / token()
            write_whole(prepared, data)
            flush_file(prepared)
            if not self._give_name(prepared, target):
                return False
            flush_folder(target.parent)
            return True

    def _give_name(self, prepared: Path, target: Path) -> bool:
        """Give a finished file its name in one step; False if the name exists."""
        try:
            # Unlike rename(2), link(2) never replaces a file, not even on NFS: of two processes, exactly one succeeds.
            os.link(prepared, target)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            try:
                return rename_if_absent(prepared, target)
            except OSError as refusal:
                raise self.failure(
                    f"{target.parent} is on a file system that has neither hard links nor a rename that replaces nothing:"
                    f" {refusal.strerror}",
                    "without one of them, two machines could publish over each other; put the remote root elsewhere",
                ) from error
        return True

    def append(self, prefix: str, files: Mapping[str, bytes | Path], follow: Callable[[list[str]], str]) -> str:
        """Rename a finished folder into the series; see `Storage.append`."""
        import shutil  # few commands publish, and launches must not wait for this import

        with self._writing("cannot publish to"):
            sweep(self._stages(prefix))
            with staged(self._stages(prefix)) as stage:
                # Copying to a share may take long, and the process may be killed meanwhile. So nothing is written below
                # `prefix`, where other machines read, until all files are there.
                for name, content in files.items():
                    path = stage.path / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if isinstance(content, bytes):
                        write_whole(path, content)
                    else:
                        shutil.copyfile(content, path)
                series = self._root / prefix
                series.mkdir(exist_ok=True)
                self._refuse_links(series)
                while True:
                    # Another machine may publish at the same time. The rename decides who was first, and `follow` then gives
                    # the other one a greater name. No lock: who may only read this folder could hold one for ever.
                    member = follow(os.listdir(series))
                    if stage.appear(series / member):
                        return member

    def delete(self, name: str) -> bool:
        """Remove one file; see `Storage.delete`."""
        with self._writing("cannot write to"):
            from rezup_api.disk.durable import flush_folder  # launches do without

            try:
                above, _, last = name.rpartition("/")
                with open_below(self._root, above) as folder:
                    folder.unlink(last)
            except (FileNotFoundError, NotADirectoryError):
                return False
            flush_folder((self._root / name).parent)
        return True

    def delete_below(self, name: str) -> None:
        """Rename a folder away, then remove it; see `Storage.delete_below`."""
        stages = self._stages(name)
        with self._writing("cannot write to"):
            sweep(stages)
            with staged(stages) as stage:
                # Deleting in place would leave a part of the folder for readers, and for good if this process were killed.
                above, _, last = name.rpartition("/")
                with open_below(self._root, above) as folder:
                    folder.give(last, stage.path / last)

    def witness(self, names: Iterable[str], *, complete: bool = True) -> Witness:
        """The files themselves; see `Storage.witness`."""
        return Witness(tuple(self._root / name for name in names))

    def _refuse_links(self, folder: Path) -> None:
        """Raise an OSError if a folder, or one between it and the root, is a symbolic link."""
        with open_below(self._root, "/".join(folder.relative_to(self._root).parts)):
            pass

    def _stages(self, name: str) -> Path:
        """The folder in whose `.staging` a name is prepared. It is on the same file system as the name: a rename needs that."""
        return self._root / name.partition("/")[0] if "/" in name else self._root

    def _read(self, doing: str, question: Callable[[], Found]) -> Found:
        with storing(doing):
            return question()

    @contextmanager
    def _writing(self, doing: str) -> Iterator[None]:
        with storing(doing):
            yield


def _holds(folder: Folder, name: str, entry: str) -> bool:
    """Whether the folder `name` of a folder has that entry. A link to a folder is none."""
    try:
        with folder.folder(name) as inner:
            inner.lstat(entry)
    except OSError:
        return False
    return True


class SharedFolder(FolderStorage):
    """A folder that many machines see, such as a network share. Its errors are `RemoteError`, and it must exist.

    If its file system may hang, another process reads there, with a time limit; see `netfs`. A folder that does not exist is an
    error and is never made, because its share may only be unmounted at this moment.
    """

    failure: type[StorageError | RemoteError] = RemoteError

    def _read(self, doing: str, question: Callable[[], Found]) -> Found:
        """Answer a question about the folder, in another process if the folder may hang.

        Raises:
            RemoteError: the folder does not answer, or cannot be read.
        """
        import pickle  # a local root does not need it

        root = self.place

        def ask() -> bytes:
            try:
                with self._reaching(doing):
                    return pickle.dumps((question(), None))
            except RemoteError as error:
                return pickle.dumps((None, (error.message, error.hint)))

        try:
            answer = reader.ask(ask, reader.marker_of(root)) if may_hang(root) else ask()
        except TimeoutError as error:
            raise RemoteError(f"the remote root {root} does not answer", WAY_OUT) from error
        except OSError as error:
            raise RemoteError(f"cannot ask the remote root {root}: {error.strerror or error}") from error
        found: Any
        # These bytes come from this process or its child, through a file without a name, so nobody else can have written them.
        found, failure = pickle.loads(answer)
        if failure is not None:
            raise RemoteError(*failure)
        return found  # type: ignore[no-any-return]

    def _writing(self, doing: str) -> Any:
        return self._reaching(doing)

    @contextmanager
    def _reaching(self, doing: str) -> Iterator[None]:
        """Turn everything that goes wrong in the body into an error of this remote root."""
        try:
            if not self._root.is_dir():
                raise RemoteError(f"the remote root {self._root} is not there", WAY_OUT)
            yield
        except StorageError as error:
            raise RemoteError(f"remote root {self._root}: {error.message}", "ask whoever keeps that share") from error
        except OSError as error:
            raise RemoteError(f"{doing} the remote root {self._root}: {error.strerror or error}") from error

    def witness(self, names: Iterable[str], *, complete: bool = True) -> Witness:
        """The files themselves, and the folder, on which the same share must still be mounted; see `Storage.witness`."""
        return Witness(super().witness(names).files, () if complete else (self._root,), (self._root,))
