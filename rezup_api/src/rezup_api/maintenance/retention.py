"""Which revisions are kept, and why: a pure decision over what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rezup_api.recipe.values import duration_seconds
from rezup_api.store.names import timestamp_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup_api.recipe.model import Retention

DAY = 86400.0
# Seconds for which what was current is spared when nobody has asked for a collection: `rezup env` and the library hand out
# revisions without a lease.
SPARED = 7 * DAY


@dataclass(frozen=True, slots=True)
class Policy:
    """How much is kept; None means no rule. With both rules, only what neither keeps goes.

    Args:
        keep: the newest so many are kept.
        older_than: "30d"; only what is older goes.
        spared: seconds for which what was current is kept.
    """

    keep: int | None = None
    older_than: str | None = None
    spared: float = 0.0

    @property
    def given(self) -> bool:
        """Whether there is any rule: without one no revision goes."""
        return self.keep is not None or self.older_than is not None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of a revision.

    Args:
        timestamp: its name.
        kept: why it must stay, whatever the policy; empty if it need not.
        group: where it is ready: empty for here, else a platform; each group has a newest one that stays.
        changed: for one that is incomplete, when anything in it changed last; None for a complete one.
        current_until: when it ceased to be what `use` gives, as far as is known.
    """

    timestamp: str
    kept: tuple[str, ...] = ()
    group: str = ""
    changed: float | None = None
    current_until: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a revision stays, and why."""

    timestamp: str
    stays: bool
    reason: str


def choose_policy(asked: Policy, retention: Retention, clean_after: str | None) -> Policy:
    """The policy that holds: what the command line says, else the recipe, else `REZUP_CLEAN_AFTER`.

    Raises:
        UsageError: an age is none.
    """
    chosen = asked
    if not asked.given:
        chosen = Policy(retention.keep, retention.older_than, asked.spared)
    if not chosen.given:
        chosen = Policy(None, clean_after, asked.spared)
    if chosen.older_than is not None:
        duration_seconds(chosen.older_than)
    return chosen


def plan(candidates: Sequence[Candidate], policy: Policy, now: float) -> list[Verdict]:
    """Judge all revisions of a container.

    Args:
        candidates: newest first.
        now: seconds since the epoch.
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
    """Judge one, the `place`-th newest of its group."""

    def stays(reason: str) -> Verdict:
        return Verdict(candidate.timestamp, True, reason)

    if candidate.kept:
        return stays(", ".join(candidate.kept))
    if candidate.changed is not None:
        if now - candidate.changed <= DAY:
            return stays("incomplete, and changed within a day")
        return Verdict(candidate.timestamp, False, "incomplete")
    if place == 0:
        return stays(f"the newest for {candidate.group}" if candidate.group else "the newest")
    if not policy.given:
        return stays("no rule says to remove it")
    if policy.keep is not None and place < policy.keep:
        return stays(f"one of the newest {policy.keep}")
    age = now - timestamp_order(candidate.timestamp)[0]
    if policy.older_than is not None and age <= duration_seconds(policy.older_than):
        return stays(f"not older than {policy.older_than}")
    if candidate.current_until is not None and now - candidate.current_until < policy.spared:
        return stays("was current in the last 7 days")
    rules = [f"beyond the newest {policy.keep}"] if policy.keep is not None else []
    rules += [f"older than {policy.older_than}"] if policy.older_than is not None else []
    return Verdict(candidate.timestamp, False, ", ".join(rules))


def last_current(timestamps: Sequence[str], built: Mapping[str, float], acts: Mapping[str, float]) -> dict[str, float]:
    """When each revision was what `use` gives for the last time, as far as that can be known.

    Args:
        timestamps: of the ready ones, newest first.
        built: when each was built here, in seconds since the epoch: somebody wanted it then, and it took over from the one
            before.
        acts: when an act of the history last named it as what `use` gave or gives.
    """
    ended = {name: max(acts.get(name, 0.0), built.get(name, 0.0)) for name in {*acts, *built}}
    for newer, older in pairwise(timestamps):
        ended[older] = max(ended.get(older, 0.0), built.get(newer, 0.0))
    return ended
