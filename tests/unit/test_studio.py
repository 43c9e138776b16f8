"""All containers as a user sees them: by folders and by recipes, and a wrong recipe does not spoil the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import NotFoundError, RecipeError, UsageError

if TYPE_CHECKING:
    from tests.unit.office import Office


def names(office: Office) -> list[str]:
    """The containers that are listed."""
    return [container.name for container in office.studio.containers()]


def made(office: Office, root: str, name: str) -> None:
    """A container's folder."""
    (office.home / root / name / "revisions").mkdir(parents=True)


def test_nothing_is_there_at_first(here: Office) -> None:
    assert names(here) == []
    here.recipe("")
    assert names(here) == [], "a recipe alone makes no container"


def test_those_of_every_root_are_listed_by_name(here: Office) -> None:
    made(here, ".rezup", "dev")
    made(here, ".rezup", ".main")
    made(here, "elsewhere", "other")
    here.recipe('[root]\nlocal = "~/elsewhere"\n', "other")
    made(here.share(), "remote-of-nobody", "x")
    (here.remote / "prod" / "revisions").mkdir(parents=True)
    assert names(here) == [".main", "dev", "other", "prod"]
    roots = {container.name: container.folder.root.name for container in here.studio.containers()}
    assert roots == {".main": ".rezup", "dev": ".rezup", "other": "elsewhere", "prod": ".rezup"}


def test_a_wrong_recipe_is_told_and_the_others_are_listed(here: Office) -> None:
    made(here, ".rezup", "dev")
    made(here, ".rezup", "broken")
    here.recipe("nonsense = 1", "broken")
    assert names(here) == ["broken", "dev"]
    assert "nonsense" in here.told()
    with pytest.raises(RecipeError):
        here.container("broken")


def test_a_remote_root_that_is_away_is_told(here: Office) -> None:
    made(here, ".rezup", "dev")
    here.share().remote.rmdir()
    assert names(here) == ["dev"]
    assert str(here.remote) in here.told()


@pytest.mark.parametrize("name", ["../dev", "a/b", "", "a b"])
def test_what_no_container_can_be_called(here: Office, name: str) -> None:
    with pytest.raises(UsageError):
        here.container(name)


def test_a_recipe_of_another_name(here: Office) -> None:
    file = here.home / "other.toml"
    with pytest.raises(NotFoundError):
        here.studio.container("dev", file)
    file.write_text('description = "mine"\n', encoding="utf-8")
    assert here.studio.container("dev", file).recipe.description == "mine"


def test_values_of_an_outer_session_are_taken_back(here: Office) -> None:
    here.variables["REZUP_ROOT_LOCAL"] = "/of/the/session"
    here.variables["REZUP_SESSION"] = '{"changed":{"REZUP_ROOT_LOCAL":[null,"/of/the/session"]},"path":[]}'
    assert here.container().folder.root == here.home / ".rezup"
