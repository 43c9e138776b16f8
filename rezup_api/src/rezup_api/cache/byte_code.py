"""Compile each content once for each interpreter version, and share the result.

Rez sets `dont_write_bytecode`, so what is not compiled at build time is compiled again at every start. Since 3.7 byte code can
be bound to its source's content instead of its time stamp (PEP 552), so it is kept by the source's digest and linked into every
revision. For older interpreters each environment is compiled in place.
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
# The flags in the head of byte code that holds for a content, whatever the time stamp of its source (PEP 552).
UNCHECKED_HASH = b"\1\0\0\0"
# In an environment for Python 2.7 it is virtualenv's own `site` that finds the standard library.
FIRST_WITHOUT_SITE = (3,)
BATCH = 60
ABANDONED = 86400  # seconds


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles the sources of an environment.

    Args:
        python: the interpreter that compiles, of an environment or the one it is made from.
        cache: where byte code is kept by the digest of its source.
        environ: the caller's environment.
        holding: descriptors that the started processes keep open.
        share: link the cache's files; else every environment gets copies of its own.
    """

    python: Path
    interpreter: Interpreter
    cache: Path
    environ: Mapping[str, str]
    holding: Collection[int]
    share: bool = True

    @property
    def lasting(self) -> bool:
        """Whether byte code can be shared: it is bound to content, not to a time stamp."""
        return self.interpreter.version >= FIRST_WITH_HASHES

    def compile(self, top: Path, step: Step) -> None:
        """Put the byte code of every source under `top` beside it.

        Raises:
            InstallError: the compiler itself does not run; sources that are no Python for this version are passed over.
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
        fresh = folder / f".{token()}"  # nobody else's: several builders may be compiling the same sources
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
        folder, name = os.path.split(source)
        if self.interpreter.version < FIRST_WITH_CACHE_FOLDERS:
            return source + "c"
        tag = f"cpython-{self.interpreter.version[0]}{self.interpreter.version[1]}"
        return f"{folder}/__pycache__/{name[:-3]}.{tag}.pyc"

    def _holds(self, target: str) -> bool:
        """Whether there is byte code that lasts; what an interpreter has written by the way is bound to a time stamp."""
        try:
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
            for worker in workers:  # those that another's failure, or Ctrl-C, leaves without anybody to wait for them
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
            "set REZUP_ROOT_LOCAL to a larger disk where this one is full; else check that the recipe's interpreter is complete",
            command=completed.command,
            status=completed.status,
            tail=completed.tail,
        )


def _sources(top: Path) -> Iterable[str]:
    """Python files under `top`; links are not followed, because what is behind them is not ours."""
    for folder, _, names in os.walk(top):
        yield from (
            f"{folder}/{name}" for name in names if name.endswith(".py") and not os.path.islink(f"{folder}/{name}")
        )


def _known(folder: Path, asked: Collection[str]) -> dict[str, str]:
    """What the cache has of the sources `asked` for: digest of the source → file.

    Its name ends with its own digest: what somebody wrote to is compiled anew.
    """
    found = {}
    for name in os.listdir(folder):
        source, _, digest = name.partition(".")
        path = folder / name
        if source in asked and len(digest) == len(source):
            with suppress(FileNotFoundError):  # another builder has just removed a damaged one
                if digest_of(str(path)) == digest:
                    found[source] = str(path)
                else:
                    path.unlink()
        elif name.startswith("."):
            _remove_abandoned(path)
    return found


def _remove_abandoned(fresh: Path) -> None:
    """Remove what a killed builder was compiling; the folder of a living one is younger."""
    with suppress(OSError):
        if time.time() - fresh.stat().st_mtime > ABANDONED:
            remove_tree(fresh)


def _seal(fresh: Path, folder: Path, wanted: Iterable[str]) -> dict[str, str]:
    """Give freshly compiled byte code its final name, so that a damaged file is recognised by it."""
    sealed = {}
    for digest in wanted:
        path = f"{fresh}/{digest}"
        if os.path.exists(path):  # else it is no Python for this version
            os.chmod(path, 0o444)
            sealed[digest] = f"{folder}/{digest}.{digest_of(path)}"
            os.replace(path, sealed[digest])
    return sealed


def _give(known: str, target: str, *, share: bool) -> None:
    with suppress(FileNotFoundError):
        os.unlink(target)  # it may have other names: what it is elsewhere stays
    try:
        if share:
            os.link(known, target)
            return
    except OSError:
        pass  # another file system, or too many links
    with open(known, "rb") as origin, open(target, "wb") as copy:
        copy.write(origin.read())
