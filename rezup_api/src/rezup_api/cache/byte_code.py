"""Compile every source once for each version of the interpreter, and share the byte code between revisions.

Rez sets `dont_write_bytecode`, so Python would compile at every start what was not compiled at build time. Since 3.7, byte code
can be bound to the content of its source instead of its time stamp (PEP 552). The cache keeps such byte code by the digest of its
source, and links it into every revision. For older interpreters the byte code is compiled in place, in each environment.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.disk.files import digest_of, remove_tree, token
from rezup_api.errors import InstallError
from rezup_api.process import runner
from rezup_api.pythons.interpreter import clean_environ

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rezup_api.events import Step
    from rezup_api.pythons.interpreter import Interpreter

PROBE = Path(__file__).parent.parent / "_probe" / "compile.py"
FIRST_WITH_HASHES = (3, 7)
FIRST_WITH_CACHE_FOLDERS = (3, 2)
# The flags in the head of byte code that Python does not compare with its source at all (PEP 552, "unchecked").
UNCHECKED_HASH = b"\1\0\0\0"
# With Python 2.7, virtualenv's own `site` finds the standard library, so that interpreter cannot run with -S.
FIRST_WITHOUT_SITE = (3,)
# How many files one process compiles.
BATCH = 60
# Seconds. No build takes longer.
ABANDONED = 86400


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles the sources of an environment.

    Args:
        python: the program that compiles: the interpreter of an environment, or the one from which it is made.
        interpreter: what that interpreter is.
        cache: the folder that keeps byte code by the digest of its source.
        environ: the caller's environment.
        holding: descriptors of locks that the started processes keep open.
        share: whether environments get links to the cache's files; otherwise they get copies of their own.
    """

    python: Path
    interpreter: Interpreter
    cache: Path
    environ: Mapping[str, str]
    holding: Collection[int]
    share: bool = True

    @property
    def lasting(self) -> bool:
        """Whether byte code of this interpreter can be shared, because it is bound to content and not to a time stamp."""
        return self.interpreter.version >= FIRST_WITH_HASHES

    def compile(self, top: Path, step: Step) -> None:
        """Put the byte code of every source under `top` where this interpreter looks for it.

        Sources that are no valid Python for this version get no byte code; nobody imports them.

        Raises:
            InstallError: the compiler itself does not run.
            OSError: the byte code cannot be written.
        """
        sources = [path for path in _sources(top) if not self._holds(self._target(path))]
        if not self.lasting:
            self._run([(path, self._target(path), path) for path in sources], step)
            return
        folder = self.cache / f"{self.interpreter.implementation.lower()}-{self.interpreter.version_text}"
        folder.mkdir(exist_ok=True)
        digests = {path: digest_of(path) for path in sources}
        known = _known(folder, set(digests.values()))
        wanted = {digest: path for path, digest in digests.items() if digest not in known}
        # A folder of our own, because several builders may compile the same sources at the same time. It lies inside of
        # `folder`, so that `_seal` can move the files by renaming them.
        fresh = folder / f".{token()}"
        try:
            jobs = [(path, f"{fresh}/{digest}", os.path.relpath(path, top)) for digest, path in wanted.items()]
            self._run(jobs, step)
            known.update(_seal(fresh, folder, wanted))
        finally:
            remove_tree(fresh)
        for path, digest in digests.items():
            if digest in known:
                target = self._target(path)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                _give(known[digest], target, share=self.share)

    def _target(self, source: str) -> str:
        """The path of a source's byte code (PEP 3147)."""
        folder, name = os.path.split(source)
        if self.interpreter.version < FIRST_WITH_CACHE_FOLDERS:
            return source + "c"
        tag = f"cpython-{self.interpreter.version[0]}{self.interpreter.version[1]}"
        return f"{folder}/__pycache__/{name[:-3]}.{tag}.pyc"

    def _holds(self, target: str) -> bool:
        """Whether a path has byte code that lasts."""
        try:
            # An interpreter that ran in this environment, such as a build backend's, may have written byte code that is bound
            # to a time stamp. Links change time stamps, so that byte code must be replaced.
            with open(target, "rb") as stream:
                return not self.lasting or stream.read(8)[4:] == UNCHECKED_HASH
        except FileNotFoundError:
            return False

    def _run(self, jobs: list[tuple[str, str, str]], step: Step) -> None:
        """Compile on every processor, in batches so that none of them waits for a long one."""
        for _, target, _ in jobs:
            os.makedirs(os.path.dirname(target), exist_ok=True)
        batches = [jobs[start : start + BATCH] for start in range(0, len(jobs), BATCH)]
        workers: list[runner.Running] = []
        done = 0
        try:
            while batches or workers:
                while batches and len(workers) < (os.cpu_count() or 1):
                    workers.append(self._start(batches.pop()))
                done += BATCH
                step.progress(f"{min(done, len(jobs))} of {len(jobs)} files", min(done, len(jobs)), len(jobs))
                _check(workers.pop(0).wait())
        finally:
            # After a failure or Ctrl-C nobody waits for these any more, and they would write into a folder that is removed.
            for worker in workers:
                worker.kill()

    def _start(self, batch: list[tuple[str, str, str]]) -> runner.Running:
        return runner.start(
            [self.python, "-E", *(["-S"] if self.interpreter.version >= FIRST_WITHOUT_SITE else []), PROBE],
            environ=clean_environ(self.environ),
            stdin=json.dumps(batch),
            holding=self.holding,
        )


def _check(completed: runner.Completed) -> None:
    if completed.status:
        reason = (completed.tail.strip() or f"exit status {completed.status}").splitlines()[-1]
        raise InstallError(
            f"the byte code could not be compiled: {reason}",
            "if the disk is full, set REZUP_ROOT_LOCAL to a larger one; else check that the recipe's interpreter is complete",
            command=completed.command,
            status=completed.status,
            tail=completed.tail,
        )


def _sources(top: Path) -> Iterable[str]:
    """The Python files under `top`. Links are not followed: their targets belong to the user, or to another revision."""
    for folder, _, names in os.walk(top):
        yield from (
            f"{folder}/{name}" for name in names if name.endswith(".py") and not os.path.islink(f"{folder}/{name}")
        )


def _known(folder: Path, asked: Collection[str]) -> dict[str, str]:
    """The files of the cache for the sources `asked`, by the digests of the sources.

    The name of each file ends with the digest of its own content. A file into which somebody has written no longer fits its name:
    it is removed, and its source is compiled anew.
    """
    found = {}
    for name in os.listdir(folder):
        source, _, digest = name.partition(".")
        path = folder / name
        if source in asked and len(digest) == len(source):
            # Another builder may remove the same damaged file at this moment.
            with suppress(FileNotFoundError):
                if digest_of(str(path)) == digest:
                    found[source] = str(path)
                else:
                    path.unlink()
        elif name.startswith("."):
            _remove_abandoned(path)
    return found


def _remove_abandoned(fresh: Path) -> None:
    """Remove the folder into which a killed builder was compiling; the folder of a living builder is younger."""
    with suppress(OSError):
        if time.time() - fresh.stat().st_mtime > ABANDONED:
            remove_tree(fresh)


def _seal(fresh: Path, folder: Path, wanted: Iterable[str]) -> dict[str, str]:
    """Move freshly compiled byte code into the cache, under a name by which `_known` recognises damage.

    Returns:
        The paths in the cache, by the digests of the sources.
    """
    sealed = {}
    for digest in wanted:
        path = f"{fresh}/{digest}"
        if os.path.exists(path):  # there is none for a source that is no valid Python for this version
            os.chmod(path, 0o444)  # before the file has a name in the cache: all revisions will share its mode
            sealed[digest] = f"{folder}/{digest}.{digest_of(path)}"
            os.replace(path, sealed[digest])
    return sealed


def _give(known: str, target: str, *, share: bool) -> None:
    """Give byte code of the cache its path in an environment, as a link or as a copy."""
    # Remove the old file instead of writing into it: it may be a hard link, whose other names must keep their content.
    with suppress(FileNotFoundError):
        os.unlink(target)
    try:
        if share:
            os.link(known, target)
            return
    except OSError:
        pass  # the target lies on another file system, or the file has as many links as it can have
    with open(known, "rb") as kept, open(target, "wb") as copy:
        copy.write(kept.read())
