"""Hold the exact versions to which requirements were resolved, with their hashes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from rezup_api.recipe.values import canonical


@dataclass(frozen=True, slots=True)
class Versions:
    """The exact versions to which requirements were resolved, as lines of a requirements file.

    Args:
        lines: exact versions with hashes, addresses with commits, and local paths.
        lasting: whether the same lines always give the same files, so that an environment may be taken from the cache.
        limits: constraints for an engine that resolves while it installs.
        recorded: the same lines, with the address where a file was found in place of its version; empty if they come from no
            lock.
    """

    lines: tuple[str, ...]
    lasting: bool
    limits: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """A digest of the lines, in hexadecimal; different versions have different ones."""
        return hashlib.sha256("\n".join(self.lines).encode("utf-8")).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """The lines without their hashes: `rez==3.4.0`."""
        return tuple(line.split(" ")[0] for line in self.lines)

    @property
    def complete(self) -> bool:
        """Whether they come from a lock, so that nothing else has to be installed with them."""
        return bool(self.recorded)

    @property
    def distributions(self) -> frozenset[str]:
        """The normalised names of all distributions (PEP 503), without the editable ones."""
        return frozenset(_identity(line) for line in self.lines if not line.startswith("-"))

    @property
    def versioned(self) -> frozenset[str]:
        """The normalised names of the distributions that have an exact version, and not an address."""
        return frozenset(_identity(line) for line in self.lines if "==" in line.partition(" ")[0])

    def without(self, others: Versions) -> Versions:
        """The lines whose distributions are not among `others`, whatever versions and hashes these have."""
        named = {_identity(line) for line in others.lines}
        kept = [index for index, line in enumerate(self.lines) if _identity(line) not in named]
        recorded = tuple(self.recorded[index] for index in kept) if self.recorded else ()
        return replace(self, lines=tuple(self.lines[index] for index in kept), recorded=recorded)

    def among(self, others: Versions) -> Versions:
        """The lines whose distributions are among `others`, whatever versions and hashes these have."""
        return self.without(self.without(others))

    def within(self, limits: Versions) -> Versions:
        """A copy that an engine resolves within the limits of other versions."""
        return Versions(self.lines, self.lasting, limits.as_limits)

    @property
    def as_limits(self) -> tuple[str, ...]:
        """The lines as constraints; pip allows no editable ones there."""
        return tuple(name for name in self.names if not name.startswith("-"))

    def by_address(self) -> Versions | None:
        """A copy that takes the files from their recorded addresses; None where that makes no difference."""
        return replace(self, lines=self.recorded) if self.recorded not in ((), self.lines) else None


def _unhashed(line: str) -> str:
    return line.partition(" --hash=")[0]


def _identity(line: str) -> str:
    """What distinguishes a line from those of other distributions: its normalised name, or the whole editable line."""
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
    return canonical(match[0]) if match is not None else _unhashed(line)
