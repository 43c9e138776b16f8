"""What the tests of the engines share: their surroundings, without anybody's own pip configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup_api.cache.folders import Caches
from rezup_api.resolve.engine import Surroundings
from rezup_api.resolve.pip_configuration import Option

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.events import Event


@pytest.fixture
def events() -> list[Event]:
    """What was told."""
    return []


@pytest.fixture
def around(tmp_path: Path, events: list[Event]) -> Callable[..., Surroundings]:
    """`around(options=[("pre", "")], link="copy")` are surroundings with these options and values."""

    def make(
        options: tuple[tuple[str, str], ...] = (), environ: dict[str, str] | None = None, **changes: object
    ) -> Surroundings:
        (tmp_path / "work").mkdir(exist_ok=True)
        values: dict[str, object] = {
            "environ": {"PATH": "/usr/bin:/bin", **(environ or {})},
            "work": tmp_path / "work",
            "caches": Caches(tmp_path / "caches"),
            "report": events.append,
            "holding": (),
            "options": tuple(Option(name, value, "the recipe") for name, value in options),
            "own_options": (),
            **changes,
        }
        return Surroundings(**values)  # type: ignore[arg-type]

    return make
