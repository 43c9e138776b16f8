"""What requirements were resolved to: exact versions, with hashes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from rezup_api.recipe.values import canonical


@dataclass(frozen=True, slots=True)
class Versions:
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

    def without(self, others: Versions) -> Versions:
        """The pins that are not among `others`, whatever version and hashes these have."""
        named = {_identity(line) for line in others.lines}
        kept = [index for index, line in enumerate(self.lines) if _identity(line) not in named]
        recorded = tuple(self.recorded[index] for index in kept) if self.recorded else ()
        return replace(self, lines=tuple(self.lines[index] for index in kept), recorded=recorded)

    def among(self, others: Versions) -> Versions:
        """The pins that are among `others`, whatever version and hashes these have."""
        return self.without(self.without(others))

    def within(self, limits: Versions) -> Versions:
        """The same, to be resolved within the limits of other pins."""
        return Versions(self.lines, self.lasting, limits.as_limits)

    @property
    def as_limits(self) -> tuple[str, ...]:
        """The same as constraints, which nothing editable can be."""
        return tuple(name for name in self.names if not name.startswith("-"))

    def by_address(self) -> Versions | None:
        """The same, from the addresses that the files were seen at; None where that makes no difference."""
        return replace(self, lines=self.recorded) if self.recorded not in ((), self.lines) else None


def _unhashed(line: str) -> str:
    return line.partition(" --hash=")[0]


def _identity(line: str) -> str:
    """What tells a line from those of other distributions: its normalised name, or what is installed in place."""
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
    return canonical(match[0]) if match is not None else _unhashed(line)
