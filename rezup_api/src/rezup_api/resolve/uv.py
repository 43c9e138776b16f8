"""Resolve and install with uv (https://docs.astral.sh/uv/)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup_api.packages.editable import PLAIN_PATH, plain_path_projects
from rezup_api.packages.platforms import PLATFORMS, here, limited
from rezup_api.packages.pylock import merged
from rezup_api.packages.versions import Versions
from rezup_api.process import runner
from rezup_api.recipe.credentials import redact
from rezup_api.resolve.engine import EPOCH, Surroundings, progress_of
from rezup_api.resolve.engine_errors import require_success, retry_recorded_addresses
from rezup_api.resolve.logins import GitLogins, hidden_from_uv, write_private
from rezup_api.resolve.purpose import Purpose, environ_for
from rezup_api.store.layout import BIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from rezup_api.events import Step
    from rezup_api.packages.request import EnvironmentRequest
    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.resolve.engine import LockRequest
    from rezup_api.resolve.pip_configuration import Translation


NO_SOLUTION = "No solution found"
# Options of `uv pip` that `uv build` refuses; what a build needs is limited by --build-constraints.
NOT_FOR_BUILDS = ("--constraints", "--no-binary", "--only-binary")


class UvEngine:
    """The engine uv, for interpreters from 3.6 on.

    Args:
        around: what every engine needs.
        uv: the path of the program.
        translation: pip's options as options and variables of uv.
    """

    name = "uv"
    needs_pip = False

    def __init__(self, around: Surroundings, uv: str, translation: Translation) -> None:
        self._around = around
        self._uv = uv
        self._translation = translation
        self._git = GitLogins()

    def lock(self, request: EnvironmentRequest, wanted: LockRequest, scratch: Callable[[str], Path]) -> UvLocking:
        """Begin to resolve for all wanted platforms; see `Engine.lock`."""
        earlier = self._around.work / f"pylock.{request.name}.toml"
        if wanted.earlier:
            earlier.write_text(wanted.earlier, encoding="utf-8")
        python = ".".join(map(str, request.interpreter.version[:2]))
        common = ["--format", "pylock.toml", "--python-version", python, "--no-progress"]
        common += [*self._options(Purpose.RESOLVE), *self._around.finding]
        # uv keeps the versions that it finds in its output file, where they still fit.
        if wanted.earlier:
            common += ["--output-file", str(earlier), *_each("--upgrade-package", wanted.upgrades)]

        def begin(*words: str) -> runner.Running:
            lines = [limited(line, wanted.platforms) for line in request.lines]
            return self._start(
                [*self._asked(request.name, lines, request.interpreter), *common, *words], Purpose.RESOLVE
            )

        house = self._around.wheelhouse is not None
        return UvLocking(begin, wanted.platforms, python, from_wheelhouse=house)

    def resolve(self, request: EnvironmentRequest, limits: Versions | None = None) -> _UvResolving:
        """Begin to resolve; see `Engine.resolve`."""
        lines = request.lines if limits is None else [item.line for item in request.requirements]
        constraints = self._around.work / f"{request.name}.limits"
        self._write(constraints, limits.as_limits if limits else ())
        shown = ("--no-header", "--no-annotate", "--generate-hashes", "--no-progress")
        command = [*self._asked(request.name, lines, request.interpreter), *shown, "--constraints", str(constraints)]
        return _UvResolving(
            self._start([*command, *self._options(Purpose.RESOLVE), *self._around.finding], Purpose.RESOLVE)
        )

    def _asked(self, name: str, lines: Sequence[str], interpreter: Interpreter) -> list[str]:
        """The first words of every command that resolves."""
        asked = self._around.work / f"{name}.in"
        self._write(asked, lines)
        return [self._uv, "pip", "compile", str(asked), "--python", interpreter.executable]

    def _write(self, path: Path, lines: Sequence[str]) -> None:
        """Write a requirements file."""
        write_private(path, "\n".join(self._git.without(lines)) + "\n")

    def _options(self, act: Purpose) -> tuple[str, ...]:
        """What is configured for an act."""
        # pip takes the best version of all indexes. uv by default stops at the first index that has the name, so a studio's
        # index with one old version would hide the newer ones elsewhere.
        return (*self._translation.arguments(act), "--index-strategy", "unsafe-best-match")

    def build_wheel(self, source: Path, folder: Path, interpreter: Interpreter, scratch: Callable[[str], Path]) -> None:
        """Make a wheel; see `Engine.build_wheel`."""
        command = [
            self._uv,
            "build",
            str(source),
            "--wheel",
            "--out-dir",
            str(folder),
            "--python",
            interpreter.executable,
        ]
        command += ["--no-create-gitignore", "--no-progress", *_without(self._options(Purpose.BUILD), *NOT_FOR_BUILDS)]
        require_success(self._start(command, Purpose.BUILD).wait(), f"cannot build {source}")

    def install(self, environment: Path, request: EnvironmentRequest, versions: Versions, step: Step) -> None:
        """Install exactly these versions into an environment; see `Engine.install`."""
        python = environment / BIN / "python"
        settings: list[str] = []
        for name in plain_path_projects(request):
            settings += ["--config-settings-package", f"{name}:{PLAIN_PATH}"]
        self._install(["--python", str(python), *settings], versions, step)

    def install_into(
        self, folder: Path, scratch: Callable[[str], Path], interpreter: Interpreter, versions: Versions
    ) -> None:
        """Install exactly these versions into a plain folder; see `Engine.install_into`."""
        self._install(["--python", interpreter.executable, "--target", str(folder)], versions, None)

    def _install(self, where: Sequence[str], versions: Versions, step: Step | None) -> None:
        """Install from uv's cache; if that fails, from the indexes, and then from the recorded addresses."""
        # Lasting versions need no index if uv's cache has their files. Others may have changed since, so their sources are asked.
        if versions.lasting and self._tried([*where, "--offline"], versions, step).status == 0:
            return
        completed = retry_recorded_addresses(
            self._tried(where, versions, step), versions, lambda others: self._tried(where, others, step)
        )
        require_success(completed, "uv cannot install what the recipe asks for")

    def _tried(self, where: Sequence[str], versions: Versions, step: Step | None) -> runner.Completed:
        wanted = self._around.work / "versions.txt"
        self._write(wanted, versions.lines)
        link = ("--link-mode", "copy") if self._around.link == "copy" else ()
        command = [self._uv, "pip", "install", "--no-deps", "-r", str(wanted), *where, *link]
        return self._start(
            [*command, *self._options(Purpose.INSTALL), *self._around.finding], Purpose.INSTALL, step
        ).wait()

    def install_tool(self, environment: Path, requirement: str) -> None:
        """Install a program that rezup itself runs.

        Args:
            environment: the environment, which exists.
            requirement: the line of a requirements file.

        Raises:
            InstallError: the installation has failed.
        """
        python = str(environment / BIN / "python")
        command = [self._uv, "pip", "install", requirement, "--python", python, *self._options(Purpose.TOOL)]
        if self._start([*command, "--offline"], Purpose.TOOL).wait().status:
            require_success(self._start(command, Purpose.TOOL).wait(), f"uv cannot install {requirement}")

    def separate(
        self, request: EnvironmentRequest, together: Versions, scratch: Callable[[str], Path]
    ) -> tuple[Versions, Versions]:
        """Resolve once more without the shared libraries; see `Engine.separate`."""
        base = self.resolve(request, together).result()
        return together.among(base), together.without(base)

    def forget(self, names: Sequence[str]) -> bool:
        """Remove some distributions from uv's cache; see `Engine.forget`."""
        # --force, because another uv that uses the cache at the same time would otherwise make this one wait.
        if names:
            self._start([self._uv, "cache", "clean", "--force", *names], Purpose.INSTALL).wait()
        return bool(names)

    def _environ(self, act: Purpose) -> Mapping[str, str]:
        environ = {
            **environ_for(act, self._around.environ),
            **self._translation.environ,
            "UV_CACHE_DIR": str(self._around.caches.uv),
            "UV_PYTHON_DOWNLOADS": self._around.environ.get("UV_PYTHON_DOWNLOADS", "never"),
            # A uv.toml of the working folder or of the user must not change what a revision holds; pip's configuration counts.
            "UV_NO_CONFIG": "1",
        }
        # Byte code that uv compiles is bound to time stamps; see `cache/byte_code`.
        environ.pop("UV_COMPILE_BYTECODE", None)
        return {"SOURCE_DATE_EPOCH": EPOCH, **environ} if act is Purpose.BUILD else environ

    def _start(self, command: list[str], act: Purpose, step: Step | None = None) -> runner.Running:
        words, variables = hidden_from_uv(command, self._around.work)
        environ = self._environ(act)
        return runner.start(
            words,
            environ={**environ, **variables, **self._git.environ(environ)},
            report=self._around.report,
            holding=self._around.holding,
            redact=redact,
            on_line=progress_of(step),
            ends=self._around.ends,
        )


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _without(words: Sequence[str], *options: str) -> list[str]:
    """Words of a command line without some options and their values."""
    return [word for at, word in enumerate(words) if word not in options and (not at or words[at - 1] not in options)]


class _UvResolving:
    """A running `uv pip compile`."""

    def __init__(self, running: runner.Running) -> None:
        self._running = running

    def result(self) -> Versions:
        """Wait for uv to end; see `Resolving.result`."""
        completed = require_success(self._running.wait(), "the recipe's requirements cannot be resolved")
        return parse_versions(completed.stdout)

    def cancel(self) -> None:
        """End uv without a result."""
        self._running.kill()


class UvLocking:
    """A resolution for all platforms at once; if uv finds none, one for each platform.

    If there is a wheelhouse, it is tried first, and an index is asked only if the wheelhouse is not enough.

    Args:
        begin: starts uv with further options.
        platforms: the wanted platforms; empty means all that can be resolved, and this one in any case.
        python: the version of Python, `3.11`.
        from_wheelhouse: whether there is a wheelhouse.
    """

    def __init__(
        self, begin: Callable[..., runner.Running], platforms: Sequence[str], python: str, *, from_wheelhouse: bool
    ) -> None:
        self._begin = begin
        self._platforms = platforms
        self._python = python
        self._from_wheelhouse = from_wheelhouse
        self._running = begin("--universal", *(("--no-index",) if from_wheelhouse else ()))

    def result(self) -> str:
        """Wait for uv to end, and resolve again where that is necessary; see `Locking.result`."""
        completed = self._running.wait()
        if completed.status and self._from_wheelhouse:
            completed = self._ask("--universal")
        if completed.status and NO_SOLUTION in completed.tail:
            return self._each(completed)
        return require_success(completed, "the recipe's requirements cannot be resolved").stdout

    def _each(self, failed: runner.Completed) -> str:
        """Resolve for each platform on its own. A wanted platform, or this one, must succeed; others may be left out."""
        texts = {}
        for platform in self._platforms or PLATFORMS:
            completed = self._ask() if platform == here() else self._ask("--python-platform", platform)
            if completed.status and (self._platforms or platform == here()):
                named = f" for {platform}" if platform != here() else ""
                require_success(completed if named else failed, f"the recipe's requirements cannot be resolved{named}")
            if not completed.status:
                texts[platform] = completed.stdout
        return merged(texts, self._python)

    def _ask(self, *words: str) -> runner.Completed:
        self._running = self._begin(*words)
        return self._running.wait()

    def cancel(self) -> None:
        """End the resolution without a result."""
        self._running.kill()


def parse_versions(text: str) -> Versions:
    """Read the output of `uv pip compile --generate-hashes`: lines of a requirements file, broken with backslashes."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    lines = tuple(line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return Versions(lines, all("--hash=" in line or re.search(r"git\+\S+@[0-9a-f]{40}\b", line) for line in lines))
