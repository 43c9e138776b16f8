"""Declare what an engine can do, and gather what every engine needs."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rezup_api.pythons.interpreter import clean_environ
from rezup_api.resolve import pip_configuration
from rezup_api.settings import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from rezup_api.cache.folders import Caches
    from rezup_api.events import Reporter, Step
    from rezup_api.packages.request import EnvironmentRequest
    from rezup_api.packages.versions import Versions
    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.recipe.model import Recipe
    from rezup_api.settings import Settings

# The value of SOURCE_DATE_EPOCH, 1980-01-01, the first day that ZIP knows. With it, a wheel that is made twice of the same
# sources is the same file (https://reproducible-builds.org/specs/source-date-epoch/).
EPOCH = "315532800"
_PROGRESS = re.compile(r"^ ?(Resolved|Downloading|Downloaded|Building|Built|Prepared|Installed|Updating|Updated)\b.*")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every call of an engine needs.

    Args:
        environ: the environment of the caller, with the recipe's `[pip.env]` in it.
        work: a folder for files that are needed until the build ends.
        caches: the caches of this user.
        report: gets the commands that are started, and notes.
        holding: descriptors of locks that the started processes keep open.
        options: all options for pip, from files, variables and the recipe; the weakest first.
        own_options: the options of the recipe alone, as words of a command line.
        link: "auto" or "copy"; see `Pip`.
        wheelhouse: a folder of wheels that is searched before an index.
        wheels: folders of the wheels that belong to the new revision, or to the one from which it is made; they need not exist.
        ends: when the time of all engines of this build is over, by `time.monotonic`; None for no limit.
    """

    environ: Mapping[str, str]
    work: Path
    caches: Caches
    report: Reporter
    holding: Collection[int]
    options: tuple[pip_configuration.Option, ...]
    own_options: tuple[str, ...]
    link: str = "auto"
    wheelhouse: Path | None = None
    wheels: tuple[Path, ...] = ()
    ends: float | None = None

    @property
    def finding(self) -> tuple[str, ...]:
        """The options that let an engine find the wheels beside a lock."""
        return tuple(word for folder in self.wheels if folder.is_dir() for word in ("--find-links", str(folder)))


class Resolving(Protocol):
    """A resolution that runs in a process of its own."""

    def result(self) -> Versions:
        """Wait for the resolution to end; the versions that it has found.

        Raises:
            InstallError: no set of versions fits.
        """

    def cancel(self) -> None:
        """End the resolution without a result."""


class Locking(Protocol):
    """A resolution that runs in a process of its own, and whose result is a lock."""

    def result(self) -> str:
        """Wait for the resolution to end; the text of a pylock.toml file (PEP 751).

        Raises:
            InstallError: no set of versions fits.
        """

    def cancel(self) -> None:
        """End the resolution without a result."""


@dataclass(frozen=True, slots=True)
class LockRequest:
    """The properties that a new lock shall have.

    Args:
        platforms: its platforms, as recipes name them; empty for all platforms for which a set of versions fits.
        earlier: the text of a lock whose versions are kept where they still fit; may be empty.
        upgrades: the names of the distributions whose versions are not kept.
    """

    platforms: tuple[str, ...] = ()
    earlier: str = ""
    upgrades: tuple[str, ...] = ()


class Engine(Protocol):
    """A program that resolves requirements and installs packages.

    The argument `scratch` of the methods makes an environment of a given name that lasts until the build ends, for an engine that
    needs one. Two calls with the same name give the same environment.
    """

    name: str
    # Whether the engine runs the pip of the environment into which it installs, which must then have one.
    needs_pip: bool

    def lock(self, request: EnvironmentRequest, wanted: LockRequest, scratch: Callable[[str], Path]) -> Locking | None:
        """Begin to resolve a request, with the addresses of all files; None if this engine cannot make a lock of it."""

    def resolve(self, request: EnvironmentRequest, limits: Versions | None = None) -> Resolving:
        """Begin to resolve a request.

        Args:
            request: the environment.
            limits: versions that the result must keep. With them, the shared libraries are left out of the resolution.
        """

    def separate(
        self, request: EnvironmentRequest, together: Versions, scratch: Callable[[str], Path]
    ) -> tuple[Versions, Versions]:
        """Separate versions that were resolved together: those of the environment itself, and those of the shared libraries.

        Raises:
            InstallError: no set of versions fits.
        """

    def build_wheel(self, source: Path, folder: Path, interpreter: Interpreter, scratch: Callable[[str], Path]) -> None:
        """Make a wheel of a project or a source archive.

        Args:
            source: the folder of the project, or the archive.
            folder: where the wheel goes.
            interpreter: the interpreter that runs the build.
            scratch: see the class.

        Raises:
            InstallError: the build fails.
        """

    def install(self, environment: Path, request: EnvironmentRequest, versions: Versions, step: Step) -> None:
        """Install exactly these versions into an environment.

        Raises:
            InstallError: the installation has failed; the environment is unusable then.
        """

    def install_into(
        self, folder: Path, scratch: Callable[[str], Path], interpreter: Interpreter, versions: Versions
    ) -> None:
        """Install exactly these versions into a plain folder.

        Raises:
            InstallError: the installation has failed.
        """

    def forget(self, names: Sequence[str]) -> bool:
        """Remove some distributions from the engine's own cache, because their installed files are damaged.

        Returns:
            Whether anything was removed, so that a second installation may give intact files.
        """


def surroundings(
    recipe: Recipe,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    work: Path,
    caches: Caches,
    report: Reporter,
    holding: Collection[int],
    prefix: Path,
    wheels: tuple[Path, ...] = (),
    ends: float | None = None,
) -> Surroundings:
    """Gather what the engines need; `${VAR}` in the recipe's pip options and variables is expanded.

    Args:
        recipe: gives the options, the variables and `link`.
        settings: gives the wheelhouse and the home folder.
        environ: the environment of the caller.
        work: see `Surroundings`, as for `caches`, `report`, `holding`, `wheels` and `ends`.
        prefix: the installation of the interpreter, which may have a pip.conf of its own.

    Raises:
        RecipeError: a word among the recipe's options is not an option.
    """
    own = {**clean_environ(environ), **{name: expand(value, environ) for name, value in recipe.pip.env.items()}}
    words = tuple(pip_configuration.split_options(expand(word, own) for word in recipe.pip.options))
    given = pip_configuration.parse_options(words, f"recipe of {recipe.container}")
    house = settings.wheelhouse
    links = [pip_configuration.Option("find-links", str(house), "REZUP_WHEELHOUSE")] if house is not None else []
    options = [*pip_configuration.configured(own, settings.home, prefix), *given, *links]
    return Surroundings(
        environ=own,
        work=work,
        caches=caches,
        report=report,
        holding=holding,
        options=(*options, *_keyring(options, own)),
        own_options=words,
        link=recipe.pip.link,
        wheelhouse=house,
        wheels=wheels,
        ends=ends,
    )


def _keyring(options: Sequence[pip_configuration.Option], environ: Mapping[str, str]) -> list[pip_configuration.Option]:
    """The option that makes the engines ask a `keyring` command, if PATH has one and nothing else is configured."""
    # pip asks such a command by itself, but not with PIP_NO_INPUT, which rezup sets; uv asks it only with this option.
    named = [option.value for option in options if option.name == "keyring-provider"]
    if environ.get("UV_KEYRING_PROVIDER") or named[-1:] not in ([], ["auto"]):
        return []
    found = shutil.which("keyring", path=environ.get("PATH"))
    return [pip_configuration.Option("keyring-provider", "subprocess", found)] if found else []


def progress_of(step: Step | None) -> Callable[[str], None] | None:
    """A function that takes every line that an engine prints, and passes on those that show its progress."""
    if step is None:
        return None

    def on_line(line: str) -> None:
        if _PROGRESS.match(line):
            step.progress(line.strip())

    return on_line
