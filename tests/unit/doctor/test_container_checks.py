"""One container: its recipe, the revision that `use` gives, builds that fail, pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import A, B

from rezup_api.builder.failures import note_failure
from rezup_api.doctor.container_checks import check_failing_builds, check_pins, check_recipe, check_revision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.studio import Studio

    from rezup_api.doctor.scene import Scene


@pytest.fixture
def dev(scene: Callable[..., Scene], studio: Studio, home: Path) -> Callable[[], Scene]:
    """The container `dev` of a studio with a remote root, which has a recipe."""
    (home / "rezup.dev.toml").touch()
    return lambda: scene("dev", REZUP_ROOT_LOCAL=str(studio.here.root), REZUP_ROOT_REMOTE=str(studio.there.root))


def test_without_a_container_there_is_nothing_to_see(scene: Callable[..., Scene]) -> None:
    checks = (check_recipe, check_revision, check_failing_builds, check_pins)
    assert [check(scene()) for check in checks] == [[]] * 4


def test_the_recipe_is_looked_at(scene: Callable[..., Scene], home: Path) -> None:
    (seen,) = check_recipe(scene(".main"))
    assert (seen.level, seen.text) == ("ok", "the recipe of .main has no problems (the built-in one)")
    path = home / "rezup.dev.toml"
    path.write_text('[[extension]]\nname = "x"\npython = "3.9"\n', encoding="utf-8")
    (seen,) = check_recipe(scene("dev"))
    assert (seen.level, "has no effect without isolation" in seen.text) == ("warning", True)
    path.write_text("x = 1\n", encoding="utf-8")
    (seen,) = check_recipe(scene("dev"))
    assert (seen.level, seen.way_out) == ("wrong", "see: rezup recipe check dev")


def test_a_revision_is_ready_not_built_or_not_there(dev: Callable[[], Scene], studio: Studio) -> None:
    (seen,) = check_revision(dev())
    assert (seen.level, seen.way_out) == ("warning", "make one: rezup add dev")
    studio.publish(A, B)
    studio.pull(A)
    (seen,) = check_revision(dev())
    assert (seen.level, seen.way_out) == ("warning", "build it: rezup pull dev")
    assert seen.text == f"dev@{B}, which `use dev` gives, is not built here yet"
    studio.pull(B)
    (seen,) = check_revision(dev())
    assert (seen.level, seen.text) == ("ok", f"dev@{B}, which `use dev` gives, is ready here")


def test_a_remote_root_that_is_away_is_wrong_if_nothing_is_here(dev: Callable[[], Scene], studio: Studio) -> None:
    studio.there.root.rmdir()
    (seen,) = check_revision(dev())
    assert (seen.level, "is not there" in seen.text) == ("wrong", True)
    assert seen.way_out


def test_builds_that_fail_are_wrong(dev: Callable[[], Scene], studio: Studio) -> None:
    studio.publish(A)
    (seen,) = check_failing_builds(dev())
    assert (seen.level, seen.text) == ("ok", "none of dev")
    note_failure(studio.here, A, "no network", "plug it in", "install")
    (seen,) = check_failing_builds(dev())
    assert (seen.level, seen.text) == ("wrong", f"dev@{A} could not be built here, 1 times: no network")
    assert seen.way_out == "plug it in; then try again: rezup pull dev"


def test_pins_are_told_with_the_way_back(dev: Callable[[], Scene], studio: Studio) -> None:
    studio.publish(A, B)
    studio.pull(A, B)
    (seen,) = check_pins(dev())
    assert (seen.level, seen.text) == ("ok", "dev is not pinned")
    container = dev().container
    assert container is not None
    container.pin(A, local=True)
    (seen,) = check_pins(dev())
    assert (seen.level, seen.text) == ("warning", f"dev is pinned to {A} on this machine")
    assert seen.way_out.endswith("rezup unpin dev --local")
    container.rollback(A, remote=True)
    assert [one.text for one in check_pins(dev())][1] == f"dev is rolled back to {A} for the whole studio"
