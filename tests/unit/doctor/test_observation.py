"""What checks see, and what it amounts to."""

from __future__ import annotations

import pytest

from rezup_api.doctor.observation import Diagnosis, Observation, fine


@pytest.mark.parametrize(
    ("levels", "worst"),
    [([], "ok"), (["ok", "ok"], "ok"), (["warning", "ok"], "warning"), (["wrong", "warning", "ok"], "wrong")],
)
def test_the_worst_level_counts(levels: list[str], worst: str) -> None:
    diagnosis = Diagnosis("", tuple(Observation("x", level, "text") for level in levels))
    assert diagnosis.level == worst
    assert [diagnosis.count(level) for level in ("ok", "warning", "wrong")] == [
        levels.count(level) for level in ("ok", "warning", "wrong")
    ]


def test_what_is_fine_needs_no_way_out() -> None:
    assert fine("x", "text", "/root") == Observation("x", "ok", "text", "", "/root")
