"""Which engine installs an environment, and what the user hears of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from rezup_api.cache.folders import Caches
from rezup_api.events import Note
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.recipe.load import builtin_recipe
from rezup_api.resolve import engine_choice
from rezup_api.resolve.engine import Surroundings
from rezup_api.resolve.pip_configuration import Option

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.events import Event

NEW_RESOLVER = Option("use-feature", "new", "/etc/pip.conf")
BECAUSE = "pip installs this environment, because "


@dataclass(frozen=True, slots=True)
class Case:
    """What the recipe asks for, what the machine has, and the reason that is reported; no reason means that none is."""

    engine: str
    reason: str = ""
    asked: str = "uv"
    version: tuple[int, int, int] = (3, 11, 7)
    options: tuple[Option, ...] = ()
    has_uv: bool = True


@pytest.mark.parametrize(
    "case",
    [
        Case("uv"),
        Case("uv", version=(3, 6, 0)),
        Case("pip", asked="pip", options=(NEW_RESOLVER,), has_uv=False),
        Case("pip", "uv does not support Python 2.7.18", version=(2, 7, 18)),
        Case("pip", "uv has no counterpart of --use-feature (/etc/pip.conf)", options=(NEW_RESOLVER,)),
        Case("pip", "there is no uv on this machine", has_uv=False),
    ],
    ids=["uv", "the oldest for uv", "the recipe asks for pip", "too old for uv", "an option of pip's alone", "no uv"],
)
def test_uv_installs_where_it_can_and_the_reason_for_pip_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    if not case.has_uv:
        monkeypatch.setattr(engine_choice, "find_uv", lambda: None)
    events: list[Event] = []
    around = Surroundings({}, tmp_path, Caches(tmp_path), events.append, (), case.options, ())
    recipe = builtin_recipe("dev")
    recipe = replace(recipe, pip=replace(recipe.pip, engine=case.asked))
    chosen = engine_choice.choose_engine(recipe, replace(host_interpreter(), version=case.version), around)
    assert chosen.name == case.engine
    assert events == ([Note(BECAUSE + case.reason)] if case.reason else [])
