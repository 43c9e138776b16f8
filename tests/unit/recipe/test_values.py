"""Values as people write them: durations, names of distributions."""

from __future__ import annotations

import pytest

from rezup_api.errors import UsageError
from rezup_api.recipe.values import canonical, duration_seconds, is_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("12h", 43200), ("30d", 2592000), ("2w", 1209600), ("1 d", 86400), ("0d", 0)],
)
def test_a_duration_in_seconds(text: str, seconds: int) -> None:
    assert is_duration(text)
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5d", "30 days", "1d12h", "1D", "\u0661d", "30d\n"])
def test_what_is_no_duration(text: str) -> None:
    assert not is_duration(text)
    with pytest.raises(UsageError, match="is not a duration"):
        duration_seconds(text)


@pytest.mark.parametrize(
    ("name", "canonical_name"),
    [("rez", "rez"), ("Studio_Tool", "studio-tool"), ("a.-_b", "a-b"), ("A.B", "a-b"), ("x1", "x1")],
)
def test_names_as_indexes_compare_them(name: str, canonical_name: str) -> None:
    assert canonical(name) == canonical_name
