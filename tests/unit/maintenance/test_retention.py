"""What is kept and why, as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rezup_api.errors import UsageError
from rezup_api.maintenance.retention import DAY, Candidate, Policy, choose_policy, last_current, plan
from rezup_api.recipe.model import Retention

NOW = 1_700_000_000.0
# Five revisions, made 1, 10, 20, 30 and 40 days ago.
GIVEN = "`use` gave it in the last 7 days"
AGES = (1, 10, 20, 30, 40)
ALL = [Candidate(f"{int(NOW - days * DAY)}.000000") for days in AGES]


def kept(candidates: list[Candidate], policy: Policy) -> list[int]:
    """The ages, in days, of what stays."""
    return [age for age, verdict in zip(AGES, plan(candidates, policy, NOW), strict=True) if verdict.stays]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(), [1, 10, 20, 30, 40]),
        (Policy(keep=1), [1]),
        (Policy(keep=0), [1]),
        (Policy(keep=3), [1, 10, 20]),
        (Policy(keep=9), [1, 10, 20, 30, 40]),
        (Policy(older_than="15d"), [1, 10]),
        (Policy(older_than="0s"), [1]),
        (Policy(keep=1, older_than="25d"), [1, 10, 20]),
        (Policy(keep=4, older_than="15d"), [1, 10, 20, 30]),
    ],
)
def test_rules(policy: Policy, expected: list[int]) -> None:
    assert kept(ALL, policy) == expected


def test_what_must_stay_stays_and_says_why() -> None:
    candidates = [*ALL[:2], replace(ALL[2], kept=("pinned", "labelled staging")), *ALL[3:]]
    verdicts = plan(candidates, Policy(keep=1), NOW)
    assert [verdict.stays for verdict in verdicts] == [True, False, True, False, False]
    assert verdicts[0].reason == "the newest"
    assert verdicts[1].reason == "beyond the newest 1"
    assert verdicts[2].reason == "pinned, labelled staging"


def test_each_platform_has_a_newest_one() -> None:
    candidates = [replace(one, group=group) for one, group in zip(ALL, ("", "win", "", "win", "mac"), strict=True)]
    assert kept(candidates, Policy(keep=1)) == [1, 10, 40]
    assert plan(candidates, Policy(keep=1), NOW)[4].reason == "the newest for mac"


def test_what_is_incomplete_goes_after_a_day_without_any_policy() -> None:
    candidates = [
        replace(ALL[0], changed=NOW - 60),
        replace(ALL[1], changed=NOW - 2 * DAY),
        *ALL[2:],
    ]
    assert kept(candidates, Policy()) == [1, 20, 30, 40]
    assert plan(candidates, Policy(keep=1), NOW)[2].reason == "the newest", "an incomplete one is not"


def test_what_was_current_lately_is_spared_by_a_cleanup_that_starts_by_itself() -> None:
    candidates = [*ALL[:3], replace(ALL[3], current_until=NOW - 6 * DAY), replace(ALL[4], current_until=NOW - 8 * DAY)]
    assert kept(candidates, Policy(keep=1)) == [1]
    assert kept(candidates, Policy(keep=1, automatic=True)) == [1, 30]
    assert kept(candidates, Policy(keep=1, spare="10d", automatic=True)) == [1, 30, 40]
    assert kept(candidates, Policy(keep=1, spare="5d", automatic=True)) == [1]
    assert kept(candidates, Policy(keep=1, spare="0s", automatic=True)) == [1]


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (Policy(1, automatic=True), "spared: `use` gave it in the last 7 days (retention.spare)"),
        (Policy(1, spare="1w", automatic=True), "spared: `use` gave it in the last week (retention.spare)"),
        (
            Policy(1, "2d"),
            f"beyond the newest 1, older than 2d, though {GIVEN}: only a cleanup that starts by itself spares it for that",
        ),
        (Policy(1, spare="0s"), "beyond the newest 1"),
    ],
)
def test_the_reason_says_what_is_spared_and_what_is_not(policy: Policy, reason: str) -> None:
    lately = replace(ALL[1], current_until=NOW - DAY)
    assert plan([ALL[0], lately], policy, NOW)[1].reason == reason


def test_when_something_was_current() -> None:
    assert last_current(["3.0", "2.0", "1.0"], {"3.0": 300.0, "2.0": 200.0}, {"1.0": 500.0, "2.0": 100.0}) == {
        "3.0": 300.0,
        "2.0": 300.0,
        "1.0": 500.0,
    }


@pytest.mark.parametrize(
    ("asked", "recipe", "after", "expected"),
    [
        (Policy(), Retention(), None, Policy()),
        (Policy(), Retention(), "30d", Policy(older_than="30d")),
        (Policy(), Retention(5, None), "30d", Policy(5)),
        (Policy(), Retention(None, "2w"), "30d", Policy(older_than="2w")),
        (Policy(keep=1), Retention(5, "2w"), "30d", Policy(1)),
        (Policy(older_than="1h"), Retention(5, "2w"), "30d", Policy(older_than="1h")),
        (Policy(automatic=True), Retention(5, "2w"), None, Policy(5, "2w", "7d", True)),
        (Policy(keep=1), Retention(5, "2w", "1d"), None, Policy(1, spare="1d")),
        (Policy(), Retention(spare="0s"), "30d", Policy(older_than="30d", spare="0s")),
    ],
)
def test_which_policy_holds(asked: Policy, recipe: Retention, after: str | None, expected: Policy) -> None:
    assert choose_policy(asked, recipe, after) == expected


def test_an_age_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="is not a duration"):
        choose_policy(Policy(older_than="soon"), Retention(), None)
