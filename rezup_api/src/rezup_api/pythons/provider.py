"""Provide an interpreter that the machine lacks: uv downloads a build, checks its digest, and unpacks it.

It is made ready in a stage and appears in one step, so that no other process sees a part of it, and of many that want the same
one only one downloads it.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from rezup_api.disk.documents import parse_json
from rezup_api.disk.files import storing, write_whole
from rezup_api.disk.staging import building, staged
from rezup_api.errors import InstallError, NotFoundError, StorageError, UsageError
from rezup_api.events import Note, step
from rezup_api.process import runner
from rezup_api.process.uv_program import find_uv
from rezup_api.pythons.interpreter import clean_environ
from rezup_api.pythons.provided import (
    ABOUT,
    FILES,
    TREE,
    Provided,
    about,
    listing,
    provided,
    pythons_folder,
    read_provided,
    recorded_files,
)
from rezup_api.pythons.unpacked import protect, relocate
from rezup_api.settings import expand

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rezup_api.disk.staging import Stage
    from rezup_api.events import Reporter
    from rezup_api.process.runner import Completed

# Seconds for an interpreter to come down a slow line, and for uv to tell which ones there are.
LIMIT = 900.0
LIST_LIMIT = 60.0
ENDINGS = (".tar.gz", ".tar.zst", ".tar.xz", ".tgz", ".zip")
LIST_FILE = "downloads.json"


@dataclass(frozen=True, slots=True)
class Download:
    """A build that can be downloaded.

    Args:
        name: uv's name of it, such as `cpython-3.12.1-linux-x86_64-gnu`.
        version: its version.
        url: the address of its archive.
    """

    name: str
    version: str
    url: str

    @property
    def key(self) -> str:
        """The name of its folder: that of the archive, which has the date of the build."""
        name = unquote(urlsplit(self.url).path.rpartition("/")[2])
        for ending in ENDINGS:
            name = name.removesuffix(ending)
        return name.replace("+", "-") or self.name


@dataclass(frozen=True, slots=True)
class Provider:
    """Provides interpreters in a local root.

    Args:
        root: the local root.
        environ: the caller's environment; what it says to uv about mirrors and proxies holds.
        report: called with the steps.
        mirror: the folder or the URL of a mirror, or of a list of downloads that ends in `.json`; empty for uv's own.
    """

    root: Path
    environ: Mapping[str, str]
    report: Reporter
    mirror: str = ""

    def find(self, request: str) -> Provided | None:
        """The newest interpreter that is here already and fits a version such as `3.12`; None if there is none."""
        return next((one for one in provided(self.root) if one.fits(request)), None)

    def provide(self, request: str) -> Provided:
        """The interpreter of a version, downloaded if it is not here.

        Args:
            request: a version such as `3`, `3.12` or `3.12.1`.

        Raises:
            NotFoundError: no such version can be downloaded for this machine; the hint names the nearest ones.
            InstallError: it cannot be downloaded, or is not what its digest says, or does not run.
            StorageError: the local root cannot be written.
        """
        found = self.find(request)
        if found is not None:
            return found
        download = self._chosen(request)
        key = self._key(download)
        with building(pythons_folder(self.root), key, self._wait(download)):
            return read_provided(pythons_folder(self.root) / key) or self._download(download, key)

    def _key(self, download: Download) -> str:
        """The name of the folder: where another user's interpreter has it, or a damaged one, another one."""
        for key in _keys(download):
            path = pythons_folder(self.root) / key
            if not os.path.lexists(path) or read_provided(path) is not None:
                return key
        raise StorageError(
            f"{pythons_folder(self.root) / download.key} is not what rezup has made", "remove it, or ask who owns it to"
        )

    def downloads(self, request: str = "") -> list[Download]:
        """The builds of CPython for this machine that can be downloaded, newest first.

        Args:
            request: a version that they must have; empty for the newest of each minor version.

        Raises:
            InstallError: uv cannot tell.
        """
        words = ["list", "--only-downloads", "--output-format", "json", *([request] if request else [])]
        answer = self._uv(words, LIST_LIMIT)
        if answer.status != 0:
            raise InstallError(
                f"cannot list the interpreters that can be downloaded: {_reason(answer)}", self._way_out()
            )
        try:
            found = parse_json(answer.stdout)
        except ValueError as error:
            raise InstallError(f"uv has listed the interpreters in a form that rezup does not know: {error}") from error
        usable = [one for one in found if _is_plain(one)] if isinstance(found, list) else []
        return [Download(str(one["key"]), str(one["version"]), str(one["url"])) for one in usable]

    def _chosen(self, request: str) -> Download:
        fitting = [one for one in self.downloads(request) if f"{one.version}.".startswith(f"{request}.")]
        if fitting:
            return fitting[0]
        near = sorted(
            {one.version for one in self.downloads()}, key=lambda one: [*map(int, one.split("."))], reverse=True
        )
        hint = f"these can be: {', '.join(near)}" if near else self._way_out()
        raise NotFoundError(f"no Python {request} can be downloaded for this machine", hint)

    def _way_out(self) -> str:
        where = self.mirror or "the address that uv asks"
        return f"see whether {where} can be reached; another place: [python] mirror in the recipe"

    def _wait(self, download: Download) -> Any:
        return lambda: self.report(Note(f"Waiting for another process that provides Python {download.version}"))

    def _download(self, download: Download, key: str) -> Provided:
        target = pythons_folder(self.root) / key
        with (
            staged(pythons_folder(self.root)) as stage,
            step(self.report, f"Downloading Python {download.version}") as running,
        ):
            place = self._prepare(download, stage, target)
            running.text = f"Provided Python {download.version}"
            with storing("cannot write to"):
                _appear(stage, place, target)
        found = read_provided(target)
        if found is None:
            raise StorageError(f"{target} was made and cannot be read", "see whether the disk is full")
        return found

    def _prepare(self, download: Download, stage: Stage, target: Path) -> Path:
        """Make the interpreter ready in a stage, for its place under the root; its folder in the stage."""
        place = stage.path / target.name
        with storing("cannot write to"):
            place.mkdir()
        self._unpack(download, stage, place, target)
        with storing("cannot write to"):
            self._compile(Provided(target.name, download.version, place, download.url))
            write_whole(place / FILES, listing(place / TREE))
            write_whole(place / ABOUT, about(target.name, download.version, _without_login(download.url)))
            protect(place)
        return place

    def mend(self, one: Provided, paths: Collection[str]) -> None:
        """Replace damaged files of an interpreter by those of a second download, one rename a file.

        Args:
            one: the interpreter.
            paths: the files, as `damage` gives them.

        Raises:
            InstallError: the same build cannot be downloaded any more.
            StorageError: the local root cannot be written.
        """
        same = next((new for new in self.downloads(one.version) if one.key in _keys(new)), None)
        if same is None:
            raise InstallError(f"its build {one.key} is no longer offered", self._way_out())
        with staged(pythons_folder(self.root)) as stage, step(self.report, f"Downloading Python {one.version} again"):
            place = self._prepare(same, stage, one.path)
            with storing("cannot write to"):
                stage.flush()
                _refuse_other_files(one, place)
                for path in map(Path, paths):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(place / path.relative_to(one.path), path)

    def _unpack(self, download: Download, stage: Stage, place: Path, target: Path) -> None:
        """Let uv download the archive, compare its digest, and unpack it."""
        folder = stage.path / "uv"
        words = ["install", "--no-bin", "--no-registry", "--install-dir", str(folder), download.name]
        answer = self._uv(words, LIMIT, stage.lock.descriptor)
        if answer.status != 0:
            raise InstallError(
                f"cannot download Python {download.version}: {_reason(answer)}",
                self._way_out(),
                command=answer.command,
                status=answer.status,
            )
        with storing("cannot write to"):
            relocate(folder / download.name, str(folder / download.name), str(target / TREE))
            os.rename(folder / download.name, place / TREE)

    def _compile(self, one: Provided) -> None:
        """Compile the standard library, so that nobody has to write into it; and see that the interpreter runs."""
        library = one.path / TREE / ("Lib" if os.name == "nt" else f"lib/python{'.'.join(one.version.split('.')[:2])}")
        # Neither times nor places in the byte code: so every machine has the same files. Python puts the place in on import.
        # Without -B, the compiler's own imports would leave byte code that has both.
        options = ["-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-d", library.name]
        words = ["-I", "-B", "-m", "compileall", *options, str(library)]
        answer = runner.start([one.executable, *words], environ=clean_environ(self.environ)).wait(LIMIT)
        # Some files of the standard library are wrong on purpose, as tests of the compiler; then the status is 1.
        if answer.status not in (0, 1) or not list(library.glob("__pycache__/os.*")):
            raise InstallError(f"Python {one.version} was downloaded and does not run here: {_reason(answer)}")

    def _uv(self, words: list[str], limit: float, *holding: int) -> Completed:
        """Run `uv python` with the mirror."""
        uv = find_uv()
        if uv is None:
            raise InstallError(
                "uv is not installed beside rezup, and only it can provide interpreters", "pip install uv"
            )
        environ = {name: value for name, value in self.environ.items() if name not in _MISLEADING}
        environ.update(self._mirror_variables())
        command = [uv, "python", *words, "--no-cache", "--no-progress", "--color", "never"]
        return runner.start(command, environ=environ, report=self.report, holding=holding).wait(limit)

    def _mirror_variables(self) -> dict[str, str]:
        """What tells uv where to download from; a list of downloads has digests of its own."""
        place = self.mirror
        if place and "://" not in place:
            path = Path(place)
            listed = path / LIST_FILE if path.is_dir() else path
            place = str(listed) if listed.is_file() or listed.suffix == ".json" else path.as_uri()
        name = "UV_PYTHON_DOWNLOADS_JSON_URL" if place.endswith(".json") else "UV_PYTHON_INSTALL_MIRROR"
        return {name: place} if place else {}


# What would let uv take an interpreter from elsewhere, or put this one elsewhere.
_MISLEADING = {"UV_PYTHON", "UV_PYTHON_INSTALL_DIR", "UV_PYTHON_BIN_DIR", "UV_PYTHON_DOWNLOADS", "UV_PYTHON_PREFERENCE"}


def _is_plain(one: Any) -> bool:
    """Whether an entry of uv's list is an ordinary build of CPython."""
    keys = {"key", "version", "url", "implementation", "variant"}
    return (
        isinstance(one, dict)
        and keys <= one.keys()
        and one["implementation"] == "cpython"
        and one["variant"] == "default"
        and isinstance(one["url"], str)
        and all(part.isdigit() for part in str(one["version"]).split("."))
    )


def _keys(download: Download) -> tuple[str, ...]:
    """The names that the folder of a build may have: where another user has the first, a user's own."""
    own = f"{download.key}-{os.geteuid() if os.name != 'nt' else 'user'}"
    return download.key, own, f"{own}-2"


def _refuse_other_files(one: Provided, place: Path) -> None:
    """Raise InstallError if a second download has other files than the first; a list that is damaged says nothing."""
    try:
        before = recorded_files(one.path)
    except (OSError, ValueError):
        return
    if before != recorded_files(place):
        raise InstallError(f"what is offered as {one.key} now has other files", "make a new revision: rezup add NAME")


def _reason(answer: Completed) -> str:
    """What a program has said last."""
    if answer.timed_out:
        return "it took too long"
    lines = [re.sub(r"^(error|cause): ", "", line.strip()) for line in answer.tail.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Downloading ", "Downloaded "))]
    return "; ".join(told[-6:]).replace(":; ", ": ") or f"status {answer.status}"


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _appear(stage: Stage, place: Path, target: Path) -> None:
    """Let the finished folder appear under its key, on the disk first."""
    from rezup_api.disk.durable import flush_folder

    stage.flush()
    try:
        os.rename(place, target)
    except OSError:
        if not target.is_dir():
            raise
        return  # another host that shares the root was first, with the same archive
    flush_folder(target.parent)


def check_version(text: str) -> None:
    """Refuse what is no version.

    Raises:
        UsageError: it is none.
    """
    if not re.fullmatch(r"\d+(\.\d+){0,2}", text):
        raise UsageError(f"{text!r} is no version of Python", "name one such as 3.12 or 3.12.1")


def provider_of(root: Path, environ: Mapping[str, str], report: Reporter, mirror: str) -> Provider:
    """The provider of a local root.

    Args:
        root, environ, report: see `Provider`.
        mirror: as the recipe writes it, with `~` and variables.
    """
    return Provider(root, environ, report, mirror if "://" in mirror else expand(mirror, environ))


def host_version() -> str:
    """The minor version of the Python that runs rezup, which a recipe without `rez.python` means."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"
