"""What completion offers is what there is."""

from __future__ import annotations

from rezup.completion.answer import NAMED_PLATFORMS
from rezup_api.packages.platforms import known_platforms


def test_every_platform_is_offered() -> None:
    assert set(NAMED_PLATFORMS) == set(known_platforms())
