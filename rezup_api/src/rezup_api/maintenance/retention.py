"""Decide which revisions of a container stay, and say why. The decision is pure: it reads no file and no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from rezup_api.recipe.values import duration_seconds
from rezup_api.store.names import timestamp_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup_api.recipe.model import Retention

DAY = 86400.0
# Without `retention.spare` in the recipe. `rezup env` and the library hand out revisions without a lease, and nobody can see how
# long a program uses one.
SPARE = "7d"
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of a collection. If both rules are given, only a revision that neither of them keeps is removed.

    Args:
        keep: how many of the newest revisions stay; None without this rule.
        older_than: an age such as "30d": only older revisions are removed; None without this rule.
        spare: how long a revision stays after it was handed out without a lease, such as "7d"; "0s" for no time. In a collection
            that nobody asked for, also how long it stays after it was the one that `use` gave.
        automatic: whether rezup started the collection by itself.
    """

    keep: int | None = None
    older_than: str | None = None
    spare: str = SPARE
    automatic: bool = False

    @property
    def given(self) -> bool:
        """Whether there is a rule; without one, no complete revision is removed."""
        return self.keep is not None or self.older_than is not None

    @property
    def spared(self) -> float:
        """The seconds for which a revision is spared."""
        return float(duration_seconds(self.spare))

    @property
    def spared_text(self) -> str:
        """The time for which a revision is spared, in words: "7 days"."""
        return _in_words(self.spare)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the decision has to know of a revision. Moments are seconds since the epoch.

    Args:
        timestamp: its name.
        kept: the reasons for which it stays whatever the policy says; empty if there are none.
        group: the machines on which it is ready, as a name; empty for this machine. The newest of each group stays.
        changed: for a damaged or incomplete revision, when anything in it changed last; None for any other.
        fault: what such a revision is, "damaged" or "incomplete".
        current_until: when it was the revision that `use` gave for the last time; None if that is not known.
    """

    timestamp: str
    kept: tuple[str, ...] = ()
    group: str = ""
    changed: float | None = None
    current_until: float | None = None
    fault: str = "incomplete"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a revision stays, and why."""

    timestamp: str
    stays: bool
    reason: str


def choose_policy(asked: Policy, retention: Retention, clean_after: str | None) -> Policy:
    """The policy that applies: that of the command line, else that of the recipe, else `REZUP_CLEAN_AFTER`.

    Args:
        asked: the rules of the command line.
        retention: the rules of the recipe.
        clean_after: the value of `REZUP_CLEAN_AFTER`; None if it is not set.

    Raises:
        UsageError: an age is not a number with a unit, as in "30d".
    """
    asked = replace(asked, spare=retention.spare or asked.spare)
    chosen = asked
    if not asked.given:
        chosen = replace(asked, keep=retention.keep, older_than=retention.older_than)
    if not chosen.given:
        chosen = replace(asked, older_than=clean_after)
    if chosen.older_than is not None:
        duration_seconds(chosen.older_than)
    return chosen


def plan(candidates: Sequence[Candidate], policy: Policy, now: float) -> list[Verdict]:
    """Judge all revisions of a container.

    Args:
        candidates: all revisions, newest first.
        policy: the rules that decide.
        now: the present moment, in seconds since the epoch.

    Returns:
        One verdict for each candidate, in the same order.
    """
    counts: dict[str, int] = {}
    verdicts = []
    for candidate in candidates:
        place = counts.get(candidate.group, 0)
        if candidate.changed is None:
            counts[candidate.group] = place + 1
        verdicts.append(_judge(candidate, place, policy, now))
    return verdicts


def _judge(candidate: Candidate, place: int, policy: Policy, now: float) -> Verdict:
    """Judge one revision; `place` is the number of newer complete revisions in its group."""

    def stays(reason: str) -> Verdict:
        return Verdict(candidate.timestamp, True, reason)

    if candidate.kept:
        return stays(", ".join(candidate.kept))
    if candidate.changed is not None:
        if now - candidate.changed <= DAY:
            return stays(f"{candidate.fault}, and changed within a day")
        return Verdict(candidate.timestamp, False, candidate.fault)
    if place == 0:
        return stays(f"the newest for {candidate.group}" if candidate.group else "the newest")
    if not policy.given:
        return stays("no rule says to remove it")
    if policy.keep is not None and place < policy.keep:
        return stays(f"one of the newest {policy.keep}")
    age = now - timestamp_order(candidate.timestamp)[0]
    if policy.older_than is not None and age <= duration_seconds(policy.older_than):
        return stays(f"not older than {policy.older_than}")
    lately = candidate.current_until is not None and now - candidate.current_until < policy.spared
    given = f"`use` gave it in the last {policy.spared_text}"
    if lately and policy.automatic:
        return stays(f"spared: {given} (retention.spare)")
    rules = [f"beyond the newest {policy.keep}"] if policy.keep is not None else []
    rules += [f"older than {policy.older_than}"] if policy.older_than is not None else []
    # A user who has seen rezup spare a revision by itself reads here why it does not stay this time.
    rules += [f"though {given}: only a cleanup that starts by itself spares it for that"] if lately else []
    return Verdict(candidate.timestamp, False, ", ".join(rules))


def _in_words(duration: str) -> str:
    """A duration such as "7d" as people say it: "7 days"."""
    count, unit = int(duration[:-1]), _UNITS[duration[-1]]
    return f"{count} {unit}s" if count != 1 else unit


def last_current(timestamps: Sequence[str], built: Mapping[str, float], acts: Mapping[str, float]) -> dict[str, float]:
    """When each revision was what `use` gives for the last time, as far as that can be known.

    Args:
        timestamps: the revisions that are ready, newest first.
        built: when each was built on this machine, in seconds since the epoch. From then on `use` gave it instead of the
            revision before.
        acts: when the history last names each as the revision that `use` gave, in seconds since the epoch.
    """
    ended = {name: max(acts.get(name, 0.0), built.get(name, 0.0)) for name in {*acts, *built}}
    for newer, older in pairwise(timestamps):
        ended[older] = max(ended.get(older, 0.0), built.get(newer, 0.0))
    return ended
