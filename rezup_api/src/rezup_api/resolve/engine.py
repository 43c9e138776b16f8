"""What the engines share: the versions they deal in, and what they need around them."""

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

# 1980, where ZIP begins: a wheel made twice of the same sources is the same file (https://reproducible-builds.org/specs/).
EPOCH = "315532800"
_PROGRESS = re.compile(r"^ ?(Resolved|Downloading|Downloaded|Building|Built|Prepared|Installed|Updating|Updated)\b.*")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every call of an engine needs.

    Args:
        environ: the environment of the caller, with the recipe's `[pip.env]` in it.
        work: a folder for files that live as long as the build.
        holding: descriptors that the started processes keep open.
        options: all options for pip, the weakest first.
        own_options: those of the recipe alone, as words.
        wheelhouse: a folder of wheels to take what it has from.
        wheels: folders of wheels that belong to the revision, or to what it is made from; they need not exist.
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

    @property
    def finding(self) -> tuple[str, ...]:
        """The options by which wheels beside a lock are found."""
        return tuple(word for folder in self.wheels if folder.is_dir() for word in ("--find-links", str(folder)))


class Resolving(Protocol):
    """A resolution that is under way."""

    def result(self) -> Versions:
        """Wait for it.

        Raises:
            InstallError: there is no set of versions that fits.
        """

    def cancel(self) -> None:
        """End it without a result."""


class Locking(Protocol):
    """A resolution whose result is a lock that is under way."""

    def result(self) -> str:
        """Wait for it: the text of a pylock.toml file.

        Raises:
            InstallError: there is no set of versions that fits.
        """

    def cancel(self) -> None:
        """End it without a result."""


@dataclass(frozen=True, slots=True)
class LockRequest:
    """What a lock is to be.

    Args:
        platforms: those it is for, in the words of recipes; none means all for which there is a resolution.
        earlier: the text of a lock whose versions are kept where they still fit, empty for none.
        upgrades: the distributions whose versions are not kept.
    """

    platforms: tuple[str, ...] = ()
    earlier: str = ""
    upgrades: tuple[str, ...] = ()


class Engine(Protocol):
    """What installs into environments.

    `scratch` gives an environment by name, for the engine that needs one.
    """

    name: str
    # Whether it installs with the pip of the environment itself, which must then be there.
    needs_pip: bool

    def lock(self, request: EnvironmentRequest, wanted: LockRequest, scratch: Callable[[str], Path]) -> Locking | None:
        """Begin to find the versions of all that is requested, and where their files are; None if this engine cannot."""

    def resolve(self, request: EnvironmentRequest, limits: Versions | None = None) -> Resolving:
        """Begin to find the versions of all that is requested; within the limits of other versions, without the shared libraries."""

    def separate(
        self, request: EnvironmentRequest, together: Versions, scratch: Callable[[str], Path]
    ) -> tuple[Versions, Versions]:
        """What the environment itself holds and what the shared libraries hold, of versions that were resolved together.

        Raises:
            InstallError: there is no set of versions that fits.
        """

    def build_wheel(self, source: Path, folder: Path, interpreter: Interpreter, scratch: Callable[[str], Path]) -> None:
        """Make a wheel of a project or a source archive.

        Raises:
            InstallError: its build fails.
        """

    def install(self, environment: Path, request: EnvironmentRequest, versions: Versions, step: Step) -> None:
        """Install exactly the versions into an environment.

        Raises:
            InstallError: it did not work; the environment is of no use then.
        """

    def install_into(
        self, folder: Path, scratch: Callable[[str], Path], interpreter: Interpreter, versions: Versions
    ) -> None:
        """Install exactly the versions into a plain folder."""

    def forget(self, names: Sequence[str]) -> bool:
        """Drop what the engine's own cache holds of some distributions, because files of theirs were found damaged.

        Returns:
            Whether anything was dropped, so that another installation may give sound files.
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
) -> Surroundings:
    """Gather what the engines need; `${VAR}` in the recipe's pip options and variables is expanded.

    Args:
        prefix: the installation of the interpreter, whose own pip.conf holds.
        wheels: see `Surroundings`.

    Raises:
        RecipeError: an option is none.
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
    )


def _keyring(options: Sequence[pip_configuration.Option], environ: Mapping[str, str]) -> list[pip_configuration.Option]:
    """pip asks a `keyring` command that is on PATH by itself; uv, and a pip that must not ask anybody, when told to."""
    named = [option.value for option in options if option.name == "keyring-provider"]
    if environ.get("UV_KEYRING_PROVIDER") or named[-1:] not in ([], ["auto"]):
        return []
    found = shutil.which("keyring", path=environ.get("PATH"))
    return [pip_configuration.Option("keyring-provider", "subprocess", found)] if found else []


def progress_of(step: Step | None) -> Callable[[str], None] | None:
    """What to do with every line an engine prints: pass on those that tell how far it is."""
    if step is None:
        return None

    def on_line(line: str) -> None:
        if _PROGRESS.match(line):
            step.progress(line.strip())

    return on_line
