"""Resolve and install with the pip of the environment itself (https://pip.pypa.io/)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.packages.editable import PLAIN_PATH, plain_path_projects
from rezup_api.packages.installed import installed
from rezup_api.packages.versions import Versions
from rezup_api.process import runner
from rezup_api.recipe.credentials import redact
from rezup_api.resolve.constraints import constraints_besides
from rezup_api.resolve.engine import EPOCH, Surroundings, progress_of
from rezup_api.resolve.engine_errors import require_success, retry_recorded_addresses, with_faults
from rezup_api.resolve.logins import GitLogins, hidden_from_pip, write_private
from rezup_api.resolve.pip_configuration import constraint_files, words_for
from rezup_api.resolve.pip_lock import Downloading, lock_limits
from rezup_api.resolve.purpose import Purpose, environ_for
from rezup_api.store.layout import BIN, site_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rezup_api.events import Step
    from rezup_api.packages.request import EnvironmentRequest
    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.resolve.engine import LockRequest


FIRST_WITH_SETTINGS = (3, 7)
# Python 2.7 has pip 20.3.4, which uses the old resolver unless it is told otherwise.
FIRST_WITH_NEW_RESOLVER = (3,)
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
        # Each environment has its own: what another one needs is no candidate here, and may be for another Python.
        self._downloads: Path | None = None
        self._git = GitLogins()
        self._hidden, self._variables = hidden_from_pip(around.options, around.environ, around.work)

    def learn(self, lines: Sequence[str]) -> None:
        """Keep the logins in the addresses of git of requirement lines, for a lock, which holds none."""
        self._git.without(lines)

    def lock(
        self, request: EnvironmentRequest, wanted: LockRequest, scratch: Callable[[str], Path]
    ) -> Downloading | None:
        """Begin to download all requirements, for this platform only; see `Engine.lock`."""
        # What comes from an address or a version control has no version by which another machine could ask for it again.
        if any("://" in item.line and item.local is None for item in (*request.requirements, *request.shared)):
            return None
        limits = lock_limits(wanted)
        asked = Versions(tuple(request.lines), lasting=False, limits=limits)
        self._downloads = downloads = self._around.work / f"{request.name}.downloads"
        words = [*self._wanted(asked), "--dest", str(downloads), *self._resolver(request.interpreter, asked)]
        command = [*self._pip(scratch("download"), "download"), *words, *self._options_for_files(Purpose.RESOLVE)]
        return Downloading(self._start(command, Purpose.RESOLVE, asked, None), self._ended, downloads, request)

    def resolve(self, request: EnvironmentRequest, limits: Versions | None = None) -> _Given:
        """The requirements as they are, because pip resolves while it installs; see `Engine.resolve`."""
        if limits is None:
            return _Given(Versions(tuple(request.lines), lasting=False))
        return _Given(Versions(tuple(item.line for item in request.requirements), lasting=False).within(limits))

    def build_wheel(self, source: Path, folder: Path, interpreter: Interpreter, scratch: Callable[[str], Path]) -> None:
        """Make a wheel; see `Engine.build_wheel`."""
        words = ["--no-deps", "--wheel-dir", str(folder), str(source)]
        command = [*self._pip(scratch("download"), "wheel"), *words, *self._for_files(Purpose.BUILD)]
        require_success(
            self._ended(self._start(command, Purpose.BUILD, Versions((), lasting=False), None)),
            f"cannot build {source}",
        )

    def fetch(
        self, environment: Path, command: str, lines: Sequence[str], words: Sequence[str], step: Step | None
    ) -> runner.Completed:
        """Run `pip download` or `pip wheel` for exactly what lines of a lock name, and wait for its end."""
        wanted = self._around.work / "wanted.txt"
        self._write(wanted, lines)
        asked = [*self._pip(environment, command), "--no-deps", "-r", str(wanted), *words]
        versions = Versions(tuple(lines), lasting=False)
        return self._ended(self._start([*asked, *self._for_files(Purpose.INSTALL)], Purpose.INSTALL, versions, step))

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
            self._install(environment, others, settings, step, Purpose.RESOLVE | Purpose.INSTALL)
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
        self._install(environment, versions, self._resolver(interpreter, versions), None, Purpose.RESOLVE)
        found = installed(site_packages(environment, interpreter.version))
        return Versions(tuple(item.pinned() for item in found.values()), lasting=False)

    def _own_variables(self) -> dict[str, str]:
        """The variables that every pip gets from rezup."""
        # PIP_NO_INPUT, because nobody answers a question of pip's here. With it pip no longer asks a keyring, unless a provider
        # is named.
        providers = [option.value for option in self._around.options if option.name == "keyring-provider"]
        keyring = {"PIP_KEYRING_PROVIDER": providers[-1]} if providers else {}
        return {"PIP_USER": "0", "PIP_NO_INPUT": "1", **QUIET_PYTHON, **keyring}

    def _resolver(self, interpreter: Interpreter, pins: Versions) -> tuple[str, ...]:
        """What makes pip keep to constraints also where nobody asks for what they are about.

        The resolver of old ends in an AssertionError in `download` then, and of two constraints for one name it keeps the first.
        """
        limited = pins.limits or constraint_files(self._around.options, self._around.environ)
        old = interpreter.version < FIRST_WITH_NEW_RESOLVER
        return ("--use-feature=2020-resolver",) if old and limited else ()

    @property
    def _house(self) -> tuple[str, ...]:
        return ("--find-links", str(self._around.wheelhouse)) if self._around.wheelhouse else ()

    def _options_for_files(self, act: Purpose) -> list[str]:
        """The recipe's options for the commands that install nothing."""
        return words_for(act, self._around.own_options, NOT_FOR_DOWNLOADS, self._hidden)

    def _for_files(self, act: Purpose) -> list[str]:
        """The same, and the folders where pip looks besides the indexes."""
        return [*self._house, *self._around.finding, *self._options_for_files(act)]

    def _pip(self, environment: Path, command: str) -> list[str]:
        return [str(environment / BIN / "python"), "-m", "pip", command, "--disable-pip-version-check"]

    def _write(self, path: Path, lines: Sequence[str]) -> None:
        """Write a requirements file."""
        write_private(path, "\n".join(self._git.without(lines)) + "\n")

    def _wanted(self, versions: Versions) -> list[str]:
        """The options that name the requirements, their limits, and the folders where pip looks besides the indexes."""
        wanted, limits = self._around.work / "versions.txt", self._around.work / "limits.txt"
        self._write(wanted, versions.lines)
        self._write(limits, versions.limits)
        downloaded = ("--find-links", str(self._downloads)) if self._downloads and self._downloads.is_dir() else ()
        return ["-r", str(wanted), "-c", str(limits), *self._house, *downloaded, *self._around.finding]

    def _install(
        self,
        environment: Path,
        versions: Versions,
        where: Sequence[str],
        step: Step | None,
        act: Purpose = Purpose.INSTALL,
    ) -> None:
        """Install from the wheels of this machine; if that fails, from the indexes, and then from the recorded addresses."""
        if versions.complete and self._around.finding:
            offline = self._tried(environment, versions, ("--no-index", *where), step, act)
            if not offline.status:
                return
        first = self._tried(environment, versions, where, step, act)
        completed = retry_recorded_addresses(
            first, versions, lambda others: self._tried(environment, others, where, step, act)
        )
        require_success(completed, "pip cannot install what the recipe asks for")

    def _tried(
        self, environment: Path, versions: Versions, where: Sequence[str], step: Step | None, act: Purpose
    ) -> runner.Completed:
        own = words_for(act, self._around.own_options, hidden=self._hidden)
        command = [
            *self._pip(environment, "install"),
            "--no-compile",
            "--no-warn-script-location",
            *self._wanted(versions),
        ]
        return self._ended(self._start([*command, *where, *own], act, versions, step))

    @property
    def _log(self) -> Path:
        return self._around.work / "pip.log"

    def _ended(self, running: runner.Running) -> runner.Completed:
        """Wait for pip to end."""
        return with_faults(running.wait(), self._log)

    def _start(self, command: Sequence[str], act: Purpose, pins: Versions, step: Step | None) -> runner.Running:
        given = {**environ_for(act, self._around.environ), **self._variables}
        configured = {**given, **self._overriding(act, pins), **self._git.environ(given)}
        self._log.unlink(missing_ok=True)
        return runner.start(
            command,
            environ={"SOURCE_DATE_EPOCH": EPOCH, "PIP_LOG": str(self._log), **configured, **self._own_variables()},
            report=self._around.report,
            holding=self._around.holding,
            redact=redact,
            on_line=progress_of(step),
            ends=self._around.ends,
        )

    def _overriding(self, act: Purpose, pins: Versions) -> dict[str, str]:
        """What takes the place of options in pip's files that are for other acts: pip reads them whatever it is started for."""
        if not act & Purpose.INSTALL or (act is Purpose.INSTALL and all("--hash=" in line for line in pins.lines)):
            # Where all lines have hashes pip checks them by itself. Told to, it would want them of what a build needs as well.
            return {"PIP_REQUIRE_HASHES": "0", **self._constraints(act, pins)}
        return self._constraints(act, pins)

    def _constraints(self, act: Purpose, pins: Versions) -> dict[str, str]:
        """All constraints, also those that pip would read for `install` only; for pins, those about anything else.

        For the pins themselves everything is decided, but pip applies constraints to what builds from sources need as well.
        """
        files = constraint_files(self._around.options, self._around.environ)
        if not files or (act is Purpose.BUILD and "constraint" not in self._hidden):
            return {}
        if act is Purpose.INSTALL:
            path = self._around.work / "constraints.txt"
            kept = constraints_besides(pins.distributions, files)
            write_private(path, "\n".join(kept) + "\n")
            files = [str(path)]
        # As addresses, because pip takes a blank in a path for the end of it.
        addresses = [file if "://" in file else Path(file).absolute().as_uri() for file in files]
        return {"PIP_CONSTRAINT": " ".join(addresses)}


class _Given:
    """A resolution that gives back what it was given."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    def result(self) -> Versions:
        """The requirements as they were given."""
        return self._versions

    def cancel(self) -> None:
        """Do nothing: no process runs."""
