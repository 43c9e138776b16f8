"""Install with uv (https://docs.astral.sh/uv/)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup_api import process
from rezup_api.build.editable import PLAIN_PATH, plain_path_projects
from rezup_api.build.engine import Pins, Surroundings, check, progress_of
from rezup_api.build.pipconfig import REQUIRE_HASHES
from rezup_api.recipe.credentials import redact
from rezup_api.store.layout import BIN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rezup_api.build.interpreters import Interpreter
    from rezup_api.build.pipconfig import Translation
    from rezup_api.build.requirements import EnvironmentRequest
    from rezup_api.events import Step


class UvEngine:
    """Installs with uv (https://docs.astral.sh/uv/), for interpreters from 3.6 on."""

    name = "uv"

    def __init__(self, around: Surroundings, uv: str, translation: Translation) -> None:
        self._around = around
        self._uv = uv
        # What is asked for has no hashes yet; what it was resolved to has.
        self._strict = tuple(word for word in translation.arguments if word == REQUIRE_HASHES)
        given = (word for word in translation.arguments if word != REQUIRE_HASHES)
        # pip looks in all indexes for the best version; uv, unless told so, stops at the first that has the name.
        self._sources = (*given, "--index-strategy", "unsafe-best-match")
        self._environ = {
            **around.environ,
            **translation.environ,
            "UV_CACHE_DIR": str(around.caches.uv),
            "UV_PYTHON_DOWNLOADS": around.environ.get("UV_PYTHON_DOWNLOADS", "never"),
            "UV_NO_CONFIG": "1",
        }
        self._environ.pop("UV_COMPILE_BYTECODE", None)

    def lock(self, request: EnvironmentRequest, lines: Sequence[str]) -> _UvLocking:
        """Begin to find the versions for all platforms, from the interpreter's Python on; see `Engine.lock`."""
        asked = self._asked(request, lines)
        python = ".".join(map(str, request.interpreter.version[:2]))
        command = [*asked, "--format", "pylock.toml", "--no-progress", *self._sources]
        everywhere = [*command, "--universal", "--python-version", python]
        return _UvLocking(lambda words: self._start(words, None), everywhere, command)

    def resolve(self, request: EnvironmentRequest, lines: Sequence[str], limits: Pins | None = None) -> _UvResolving:
        """Begin to find the versions; see `Engine.resolve`."""
        command = [
            *self._asked(request, lines),
            *("--no-header", "--no-annotate", "--generate-hashes", "--no-progress", *self._sources),
        ]
        if limits is not None:
            constraints = self._around.work / f"{request.name}.limits"
            constraints.write_text("\n".join(limits.names) + "\n", encoding="utf-8")
            command += ["--constraints", str(constraints)]
        return _UvResolving(self._start(command, None))

    def _asked(self, request: EnvironmentRequest, lines: Sequence[str]) -> list[str]:
        """The beginning of every command that resolves."""
        asked = self._around.work / f"{request.name}.in"
        asked.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return [self._uv, "pip", "compile", str(asked), "--python", request.interpreter.executable]

    def install(self, environment: Path, request: EnvironmentRequest, pins: Pins, step: Step) -> None:
        """Install exactly the pins into an environment; see `Engine.install`."""
        python = environment / BIN / "python"
        settings: list[str] = []
        for name in plain_path_projects(request):
            settings += ["--config-settings-package", f"{name}:{PLAIN_PATH}"]
        self._install(["--python", str(python), *settings], pins, step)

    def install_into(self, folder: Path, scratch: Callable[[str], Path], interpreter: Interpreter, pins: Pins) -> None:
        """Install exactly the pins into a plain folder; see `Engine.install_into`."""
        self._install(["--python", interpreter.executable, "--target", str(folder)], pins, None)

    def _install(self, where: Sequence[str], pins: Pins, step: Step | None) -> None:
        wanted = self._around.work / "pins.txt"
        wanted.write_text("\n".join(pins.lines) + "\n", encoding="utf-8")
        link = ("--link-mode", "copy") if self._around.link == "copy" else ()
        command = [self._uv, "pip", "install", "--no-deps", "-r", str(wanted), *where, *link, *self._strict]
        command += self._sources
        check(self._start(command, step).wait(), "uv cannot install what the recipe asks for")

    def install_tool(self, environment: Path, requirement: str) -> None:
        """Install something that rezup itself runs."""
        command = [
            self._uv,
            "pip",
            "install",
            requirement,
            "--python",
            str(environment / BIN / "python"),
            *self._sources,
        ]
        check(self._start(command, None).wait(), f"uv cannot install {requirement}")

    def forget(self, name: str) -> None:
        """Drop what the cache holds of a distribution, because a file of it was found damaged."""
        self._start([self._uv, "cache", "clean", "--force", name], None).wait()

    def _start(self, command: list[str], step: Step | None) -> process.Running:
        return process.start(
            command,
            environ=self._environ,
            report=self._around.report,
            holding=self._around.holding,
            redact=redact,
            on_line=progress_of(step),
        )


class _UvResolving:
    def __init__(self, running: process.Running) -> None:
        self._running = running

    def result(self) -> Pins:
        """Wait for it; see `Resolving.result`."""
        completed = check(self._running.wait(), "the recipe's requirements cannot be resolved")
        return parse_pins(completed.stdout)

    def cancel(self) -> None:
        """End it without a result."""
        self._running.kill()


class _UvLocking:
    """Resolves for all platforms, and where that has no answer for this one alone.

    Args:
        start: starts a command.
        everywhere: resolves for all platforms.
        here: resolves for this one.
    """

    def __init__(self, start: Callable[[list[str]], process.Running], everywhere: list[str], here: list[str]) -> None:
        self._start = start
        self._here = here
        self._running = start(everywhere)

    def result(self) -> str:
        """Wait for it; see `Locking.result`."""
        completed = self._running.wait()
        if completed.status:
            self._running = self._start(self._here)
            completed = self._running.wait()
        return check(completed, "the recipe's requirements cannot be resolved").stdout

    def cancel(self) -> None:
        """End it without a result."""
        self._running.kill()


def parse_pins(text: str) -> Pins:
    """Read what `uv pip compile --generate-hashes` prints."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    lines = tuple(line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return Pins(lines, all("--hash=" in line or re.search(r"git\+\S+@[0-9a-f]{40}\b", line) for line in lines))
