"""Find the interpreter that a recipe asks for, by version or by path.

A version is searched for in these places, in this order: REZUP_PYTHON_PATH, the interpreter that runs rezup, PATH, pyenv, and the
`py` launcher. The first place that has a fitting interpreter wins, with its newest one. rezup asks a shim which interpreter is
behind it, because virtualenv and uv both fail with pyenv's shims.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup_api.disk.documents import parse_json
from rezup_api.disk.files import write_whole
from rezup_api.disk.reading import read_file
from rezup_api.errors import InstallError, NotFoundError, StorageError
from rezup_api.process import runner
from rezup_api.pythons.interpreter import Interpreter, clean_environ, host_interpreter
from rezup_api.settings import expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rezup_api.settings import Settings

PROBE = Path(__file__).parent.parent / "_probe" / "interpreter.py"
PROBE_TIMEOUT = 20.0
_VERSION = re.compile(r"\d+(\.\d+){0,2}")
_NAME = re.compile(r"python(\d(\.\d+)?)?(\.exe)?")


class Finder:
    """Finds interpreters, and remembers what they said of themselves.

    Args:
        settings: gives REZUP_PYTHON_PATH and the home folder.
        environ: gives PATH and PYENV_ROOT.
        memory: the file in which it remembers; an interpreter whose file has changed is asked again.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str], memory: Path | None = None) -> None:
        self._settings = settings
        self._environ = environ
        self._memory_file = memory
        self._memory = _read_memory(memory)

    def find(self, request: str | None) -> Interpreter:
        """The interpreter that a recipe asks for.

        Args:
            request: a version ("3.10", "3", "3.10.4"), a path (`~` and `$VAR` are expanded), or None for the interpreter that
                runs rezup.

        Raises:
            NotFoundError: there is no such interpreter; the hint lists those that were found.
        """
        if request is None:
            return host_interpreter()
        if not _VERSION.fullmatch(request):
            return self._at(expand(request, self._environ))
        wanted = tuple(int(number) for number in request.split("."))
        for place in self._places(wanted):
            fitting = [found for found in place if found.version[: len(wanted)] == wanted]
            if fitting:
                return max(fitting, key=lambda found: found.version)
        raise NotFoundError(f"no Python {request} on this machine", self._hint())

    def all(self) -> list[Interpreter]:
        """Every interpreter on this machine, in the order of the search. One that has several names is listed once."""
        found: dict[str, Interpreter] = {}
        for place in self._places(()):
            for interpreter in place:
                found.setdefault(os.path.realpath(interpreter.executable), interpreter)
        return list(found.values())

    def _at(self, request: str) -> Interpreter:
        if not os.path.exists(request):
            raise NotFoundError(f"there is no interpreter at {request}", self._hint())
        interpreter = self._ask(request)
        if interpreter is None:
            raise NotFoundError(f"{request} is not a Python interpreter that runs here", self._hint())
        return interpreter

    def _hint(self) -> str:
        found = sorted(self.all(), key=lambda interpreter: interpreter.version, reverse=True)
        listed = "".join(f"\n     {item.version_text:8} {item.executable}" for item in found)
        return f"name one of these in the recipe, or add a folder of interpreters to REZUP_PYTHON_PATH:{listed}"

    def _places(self, wanted: tuple[int, ...]) -> Iterator[list[Interpreter]]:
        yield self._asked(self._in_folders(self._settings.python_path, wanted))
        yield [host_interpreter()]
        path = (Path(item) for item in self._environ.get("PATH", "").split(os.pathsep) if os.path.isabs(item))
        yield self._asked(self._in_folders(path, wanted))
        yield self._asked(self._in_folders(self._pyenv_folders(wanted), wanted))
        yield self._asked(self._launcher())

    def _asked(self, candidates: Iterable[str]) -> list[Interpreter]:
        answers = (self._ask(candidate) for candidate in dict.fromkeys(candidates))
        return [answer for answer in answers if answer is not None]

    def _in_folders(self, folders: Iterable[Path], wanted: tuple[int, ...]) -> Iterator[str]:
        """The files in `folders` whose names allow them to be interpreters of the wanted version."""
        for folder in folders:
            if folder.is_file():
                yield str(folder)
                continue
            try:
                names = sorted(os.listdir(folder))
            except OSError:
                continue
            yield from (str(folder / name) for name in names if _may_be(name, wanted))

    def _pyenv_folders(self, wanted: tuple[int, ...]) -> Iterator[Path]:
        root = Path(self._environ.get("PYENV_ROOT") or self._settings.home / ".pyenv") / "versions"
        start = ".".join(str(number) for number in wanted)
        try:
            names = sorted(os.listdir(root))
        except OSError:
            return
        for name in names:
            if name == start or name.startswith(start + ".") or not wanted:
                yield root / name / ("" if os.name == "nt" else "bin")

    def _launcher(self) -> Iterator[str]:
        """The interpreters that the Windows launcher knows (PEP 397, PEP 514); `py -0p` lists them with their paths."""
        if os.name != "nt":
            return
        try:
            answer = runner.start(["py", "-0p"], environ=self._environ).wait(PROBE_TIMEOUT)
        except InstallError:
            return
        for line in answer.stdout.splitlines():
            match = re.search(r"([A-Za-z]:\\.*\.exe)\s*$", line)
            if match:
                yield match.group(1)

    def _ask(self, candidate: str) -> Interpreter | None:
        """The interpreter that a file is or leads to; None when it is no interpreter, or a shim without one behind it."""
        try:
            status = os.stat(candidate)
        except OSError:
            return None
        stamp = [status.st_mtime_ns, status.st_size]
        try:
            known = self._memory[candidate]
            if known["stamp"] == stamp and os.path.exists(known["executable"]):
                return _interpreter(known)
        except (KeyError, TypeError, ValueError):
            pass  # the memory has nothing about this file, or was written by another rezup
        interpreter = self._run_probe(candidate)
        # The answer of a shim depends on more than its file (a variable, a file in the working folder), so remember only
        # the answers of real interpreters.
        if interpreter is not None and os.path.realpath(interpreter.executable) == os.path.realpath(candidate):
            self._remember(candidate, {**asdict(interpreter), "stamp": stamp})
        return interpreter

    def _run_probe(self, candidate: str) -> Interpreter | None:
        environ = clean_environ(self._environ)
        try:
            # Without `site` (-S): a broken `sitecustomize` of the machine must not hide the interpreter.
            answer = runner.start([candidate, "-E", "-S", PROBE], environ=environ).wait(PROBE_TIMEOUT)
            return _interpreter(parse_json(answer.stdout, paths=True)) if answer.status == 0 else None
        except (InstallError, ValueError, KeyError, TypeError):
            return None

    def _remember(self, candidate: str, answer: dict[str, Any]) -> None:
        self._memory[candidate] = answer
        if self._memory_file is not None:
            try:
                write_whole(self._memory_file, json.dumps(self._memory).encode("utf-8"), 0o600)
            except (OSError, StorageError):
                self._memory_file = None  # a memory that cannot be written is no failure: the next build asks again


def _may_be(name: str, wanted: tuple[int, ...]) -> bool:
    """Whether a file's name (`python`, `python3`, `python3.11`) allows it to be an interpreter of the wanted version."""
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    named = tuple(int(number) for number in match.group(1).split(".")) if match.group(1) else ()
    common = min(len(named), len(wanted))
    return named[:common] == wanted[:common]


def _interpreter(answer: Mapping[str, Any]) -> Interpreter:
    major, minor, micro = (int(number) for number in answer["version"])
    return Interpreter(
        str(answer["executable"]), (major, minor, micro), str(answer["implementation"]), str(answer["machine"])
    )


def _read_memory(memory: Path | None) -> dict[str, Any]:
    if memory is None:
        return {}
    try:
        document = parse_json(read_file(memory), paths=True)
        return document if isinstance(document, dict) else {}
    except (OSError, ValueError):
        return {}
