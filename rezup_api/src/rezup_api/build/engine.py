"""What the engines share: the pins they deal in, and what they need around them."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from rezup_api.build import pipconfig
from rezup_api.build.interpreters import clean_environ
from rezup_api.recipe.values import canonical
from rezup_api.settings import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from rezup_api.build.caches import Caches
    from rezup_api.build.interpreters import Interpreter
    from rezup_api.build.requirements import EnvironmentRequest
    from rezup_api.events import Reporter, Step
    from rezup_api.recipe.model import Recipe
    from rezup_api.settings import Settings

# 1980, where ZIP begins: a wheel made twice of the same sources is the same file (https://reproducible-builds.org/specs/).
EPOCH = "315532800"
_PROGRESS = re.compile(r"^ ?(Resolved|Downloading|Downloaded|Building|Built|Prepared|Installed|Updating|Updated)\b.*")


@dataclass(frozen=True, slots=True)
class Pins:
    """What requirements were resolved to, as lines of a requirements file.

    Args:
        lines: exact versions with hashes, addresses with commits, local paths.
        lasting: whether the same lines will always give the same files, so that they can be taken from an earlier revision.
        limits: constraints that the engine which resolves while it installs has to keep.
        recorded: the same lines, with the address that a file was seen at in place of the version; empty where none was seen.
    """

    lines: tuple[str, ...]
    lasting: bool
    limits: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """What tells these pins from others."""
        return hashlib.sha256("\n".join(self.lines).encode("utf-8")).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """The pinned lines without their hashes: `rez==3.4.0`."""
        return tuple(line.split(" ")[0] for line in self.lines)

    @property
    def complete(self) -> bool:
        """Whether they come from a lock, and are all that is needed."""
        return bool(self.recorded)

    @property
    def distributions(self) -> frozenset[str]:
        """The normalised names of what is pinned (PEP 503); editable ones are not among them."""
        return frozenset(_identity(line) for line in self.lines if not line.startswith("-"))

    @property
    def versioned(self) -> frozenset[str]:
        """The normalised names of what is asked for by an exact version."""
        return frozenset(_identity(line) for line in self.lines if "==" in line.partition(" ")[0])

    def without(self, others: Pins) -> Pins:
        """The pins that are not among `others`, whatever version and hashes these have."""
        named = {_identity(line) for line in others.lines}
        kept = [index for index, line in enumerate(self.lines) if _identity(line) not in named]
        recorded = tuple(self.recorded[index] for index in kept) if self.recorded else ()
        return replace(self, lines=tuple(self.lines[index] for index in kept), recorded=recorded)

    def among(self, others: Pins) -> Pins:
        """The pins that are among `others`, whatever version and hashes these have."""
        return self.without(self.without(others))

    def within(self, limits: Pins) -> Pins:
        """The same, to be resolved within the limits of other pins."""
        return Pins(self.lines, self.lasting, limits.as_limits)

    @property
    def as_limits(self) -> tuple[str, ...]:
        """The same as constraints, which nothing editable can be."""
        return tuple(name for name in self.names if not name.startswith("-"))

    def by_address(self) -> Pins | None:
        """The same, from the addresses that the files were seen at; None where that makes no difference."""
        return replace(self, lines=self.recorded) if self.recorded not in ((), self.lines) else None


def _unhashed(line: str) -> str:
    return line.partition(" --hash=")[0]


def _identity(line: str) -> str:
    """What tells a line from those of other distributions: its normalised name, or what is installed in place."""
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
    return canonical(match[0]) if match is not None else _unhashed(line)


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
    options: tuple[pipconfig.Option, ...]
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

    def result(self) -> Pins:
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

    def lock(self, request: EnvironmentRequest, wanted: LockRequest, scratch: Callable[[str], Path]) -> Locking | None:
        """Begin to find the versions of all that is requested, and where their files are; None if this engine cannot."""

    def resolve(self, request: EnvironmentRequest, limits: Pins | None = None) -> Resolving:
        """Begin to find the versions of all that is requested; within the limits of other pins, without the shared libraries."""

    def build_wheel(self, source: Path, folder: Path, interpreter: Interpreter, scratch: Callable[[str], Path]) -> None:
        """Make a wheel of a project or a source archive.

        Raises:
            InstallError: its build fails.
        """

    def install(self, environment: Path, request: EnvironmentRequest, pins: Pins, step: Step) -> None:
        """Install exactly the pins into an environment.

        Raises:
            InstallError: it did not work; the environment is of no use then.
        """

    def install_into(self, folder: Path, scratch: Callable[[str], Path], interpreter: Interpreter, pins: Pins) -> None:
        """Install exactly the pins into a plain folder."""


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
    words = tuple(pipconfig.split_options(expand(word, own) for word in recipe.pip.options))
    given = pipconfig.parse_options(words, f"recipe of {recipe.container}")
    house = settings.wheelhouse
    links = [pipconfig.Option("find-links", str(house), "REZUP_WHEELHOUSE")] if house is not None else []
    options = [*pipconfig.configured(own, settings.home, prefix), *given, *links]
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


def _keyring(options: Sequence[pipconfig.Option], environ: Mapping[str, str]) -> list[pipconfig.Option]:
    """pip asks a `keyring` command that is on PATH by itself; uv, and a pip that must not ask anybody, when told to."""
    named = [option.value for option in options if option.name == "keyring-provider"]
    if environ.get("UV_KEYRING_PROVIDER") or named[-1:] not in ([], ["auto"]):
        return []
    found = shutil.which("keyring", path=environ.get("PATH"))
    return [pipconfig.Option("keyring-provider", "subprocess", found)] if found else []


def progress_of(step: Step | None) -> Callable[[str], None] | None:
    """What to do with every line an engine prints: pass on those that tell how far it is."""
    if step is None:
        return None

    def on_line(line: str) -> None:
        if _PROGRESS.match(line):
            step.progress(line.strip())

    return on_line
