"""Resolve and install with the pip of the environment itself (https://pip.pypa.io/)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rezup_api.packages.editable import PLAIN_PATH, plain_path_projects
from rezup_api.packages.installed import installed
from rezup_api.packages.versions import Versions
from rezup_api.process import runner
from rezup_api.recipe.credentials import redact
from rezup_api.resolve.engine import EPOCH, Surroundings, progress_of
from rezup_api.resolve.engine_errors import require_success, retry_recorded_addresses
from rezup_api.resolve.pip_lock import Downloading, lock_limits
from rezup_api.store.layout import BIN, site_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rezup_api.events import Step
    from rezup_api.packages.request import EnvironmentRequest
    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.resolve.engine import LockRequest


FIRST_WITH_SETTINGS = (3, 7)
# pip runs in the environment that is being made, and must not leave byte code there that the cache has not got.
QUIET_PYTHON = {"PYTHONWARNINGS": "ignore", "PYTHONDONTWRITEBYTECODE": "1"}
# Options of `pip install` that `pip download` and `pip wheel` refuse, and that would have no meaning there.
NOT_FOR_DOWNLOADS = {
    "-U", "-I", "--upgrade", "--force-reinstall", "--ignore-installed", "--compile", "--no-compile", "--user", "--no-user",
    "--no-warn-script-location", "--no-warn-conflicts", "--upgrade-strategy", "--root-user-action", "--break-system-packages",
}  # fmt: skip


class PipEngine:
    """The engine pip, for Python 2.7 and for options that uv lacks. It runs the pip of the environment itself."""

    name = "pip"
    needs_pip = True

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def lock(
        self, request: EnvironmentRequest, wanted: LockRequest, scratch: Callable[[str], Path]
    ) -> Downloading | None:
        """Begin to download all requirements, for this platform only; see `Engine.lock`."""
        # What comes from an address or a version control has no version by which another machine could ask for it again.
        if any("://" in item.line and item.local is None for item in (*request.requirements, *request.shared)):
            return None
        limits = lock_limits(wanted)
        asked = Versions(tuple(request.lines), lasting=False, limits=limits)
        words = [*self._wanted(asked), "--dest", str(self._downloads)]
        running = self._start([*self._pip(scratch("download"), "download"), *words, *self._options_for_files], None)
        return Downloading(running, self._downloads, request)

    def resolve(self, request: EnvironmentRequest, limits: Versions | None = None) -> _Given:
        """The requirements as they are, because pip resolves while it installs; see `Engine.resolve`."""
        if limits is None:
            return _Given(Versions(tuple(request.lines), lasting=False))
        return _Given(Versions(tuple(item.line for item in request.requirements), lasting=False).within(limits))

    def build_wheel(self, source: Path, folder: Path, interpreter: Interpreter, scratch: Callable[[str], Path]) -> None:
        """Make a wheel; see `Engine.build_wheel`."""
        words = ["--no-deps", "--wheel-dir", str(folder), str(source)]
        require_success(self.run(scratch("download"), "wheel", words, None), f"cannot build {source}")

    def run(self, environment: Path, act: str, words: Sequence[str], step: Step | None) -> runner.Completed:
        """Run `pip download` or `pip wheel` with the pip of an environment, and wait for its end."""
        finding = (*self._house, *self._around.finding)
        command = [*self._pip(environment, act), *words, *finding, *self._options_for_files]
        return self._start(command, step).wait()

    def install(self, environment: Path, request: EnvironmentRequest, versions: Versions, step: Step) -> None:
        """Install these versions into an environment; see `Engine.install`."""
        # Before Python 3.7 pip installs editable projects with `setup.py develop`, which writes a plain path by itself.
        named = plain_path_projects(request) if request.interpreter.version >= FIRST_WITH_SETTINGS else []
        lines = [item.line for item in request.requirements if item.editable and item.name in named]
        # pip applies --config-settings only to projects that the command line names, not to those in a requirements file.
        words = [word for line in lines for word in line.split(" ", 1)]
        settings = ["--config-settings", PLAIN_PATH, *words] if words else []
        others = replace(versions, lines=tuple(line for line in versions.lines if line not in lines))
        if not versions.complete:
            self._install(environment, others, settings, step)
            return
        # As soon as one line has a hash, pip requires hashes of all lines. Editable lines have none, so they go separately.
        hashed = tuple(line for line in others.lines if "--hash=" in line)
        rest = tuple(line for line in others.lines if line not in hashed)
        self._install(environment, replace(versions, lines=hashed), ("--no-deps",), step)
        if rest or settings:
            self._install(environment, replace(versions, lines=rest), ("--no-deps", *settings), step)

    def install_into(
        self, folder: Path, scratch: Callable[[str], Path], interpreter: Interpreter, versions: Versions
    ) -> None:
        """Install exactly these versions into a plain folder; see `Engine.install_into`."""
        self._install(scratch("together"), versions, ("--no-deps", "--target", str(folder)), None)

    def separate(
        self, request: EnvironmentRequest, together: Versions, scratch: Callable[[str], Path]
    ) -> tuple[Versions, Versions]:
        """Install into environments made for this purpose, because pip resolves while it installs; see `Engine.separate`."""
        interpreter = request.interpreter
        every = together if together.complete else self._installed_versions(scratch("together"), interpreter, together)
        base = self.resolve(request, every).result()
        own = self._installed_versions(scratch("own"), interpreter, base)
        return (together.among(own) if together.complete else base), every.without(own)

    def forget(self, names: Sequence[str]) -> bool:
        """False: pip copies the files that it installs, so nobody can damage its cache through them; see `Engine.forget`."""
        return False

    def _installed_versions(self, environment: Path, interpreter: Interpreter, versions: Versions) -> Versions:
        """The exact versions that pip chooses, which shows only after installing them into an environment made for this."""
        self._install(environment, versions, (), None)
        found = installed(site_packages(environment, interpreter.version))
        return Versions(tuple(item.pinned() for item in found.values()), lasting=False)

    def _own_variables(self) -> dict[str, str]:
        """The variables that every pip gets from rezup."""
        # PIP_NO_INPUT, because nobody answers a question of pip's here. With it pip no longer asks a keyring, unless a provider
        # is named.
        providers = [option.value for option in self._around.options if option.name == "keyring-provider"]
        keyring = {"PIP_KEYRING_PROVIDER": providers[-1]} if providers else {}
        return {"PIP_USER": "0", "PIP_NO_INPUT": "1", **QUIET_PYTHON, **keyring}

    @property
    def _downloads(self) -> Path:
        return self._around.work / "downloads"

    @property
    def _house(self) -> tuple[str, ...]:
        return ("--find-links", str(self._around.wheelhouse)) if self._around.wheelhouse else ()

    @property
    def _options_for_files(self) -> list[str]:
        """The recipe's options for the commands that install nothing."""
        return [word for word in self._around.own_options if word.partition("=")[0] not in NOT_FOR_DOWNLOADS]

    def _pip(self, environment: Path, act: str) -> list[str]:
        return [str(environment / BIN / "python"), "-m", "pip", act, "--disable-pip-version-check"]

    def _wanted(self, versions: Versions) -> list[str]:
        """The options that name the requirements, their limits, and the folders where pip looks besides the indexes."""
        wanted, limits = self._around.work / "versions.txt", self._around.work / "limits.txt"
        wanted.write_text("\n".join(versions.lines) + "\n", encoding="utf-8")
        limits.write_text("\n".join(versions.limits) + "\n", encoding="utf-8")
        downloaded = ("--find-links", str(self._downloads)) if self._downloads.is_dir() else ()
        return ["-r", str(wanted), "-c", str(limits), *self._house, *downloaded, *self._around.finding]

    def _install(self, environment: Path, versions: Versions, where: Sequence[str], step: Step | None) -> None:
        """Install from the wheels of this machine; if that fails, from the indexes, and then from the recorded addresses."""
        if versions.complete and self._around.finding:
            offline = self._tried(environment, versions, ("--no-index", *where), step)
            if not offline.status:
                return
        first = self._tried(environment, versions, where, step)
        completed = retry_recorded_addresses(
            first, versions, lambda others: self._tried(environment, others, where, step)
        )
        require_success(completed, "pip cannot install what the recipe asks for")

    def _tried(
        self, environment: Path, versions: Versions, where: Sequence[str], step: Step | None
    ) -> runner.Completed:
        own = self._around.own_options
        command = [
            *self._pip(environment, "install"),
            "--no-compile",
            "--no-warn-script-location",
            *self._wanted(versions),
        ]
        return self._start([*command, *where, *own], step).wait()

    def _start(self, command: Sequence[str], step: Step | None) -> runner.Running:
        return runner.start(
            command,
            environ={"SOURCE_DATE_EPOCH": EPOCH, **self._around.environ, **self._own_variables()},
            report=self._around.report,
            holding=self._around.holding,
            redact=redact,
            on_line=progress_of(step),
        )


class _Given:
    """A resolution that gives back what it was given."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    def result(self) -> Versions:
        """The requirements as they were given."""
        return self._versions

    def cancel(self) -> None:
        """Do nothing: no process runs."""
