"""What cannot be built or published is refused before the work begins, with the way out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rezup_api.builder.conditions import encoded, refuse_credentials, refuse_occupied, refuse_platform
from rezup_api.errors import InstallError, RecipeError, StorageError
from rezup_api.packages.platforms import here
from rezup_api.recipe.load import load_recipe
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.revision import load_revision

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.recipe.model import Recipe


def recipe(folder: Path, text: str = "") -> Recipe:
    """A recipe of the container `dev`."""
    path = folder / "rezup.toml"
    path.write_text(text, encoding="utf-8")
    return load_recipe("dev", path)


def test_a_literal_credential_is_not_published(tmp_path: Path) -> None:
    refuse_credentials(recipe(tmp_path))
    with pytest.raises(RecipeError, match=r"pip\.options"):
        refuse_credentials(recipe(tmp_path, '[pip]\noptions = ["--index-url=https://ana:secret@x.invalid/simple"]\n'))


def test_locks_for_other_platforms_are_of_no_use_here(tmp_path: Path) -> None:
    made = recipe(tmp_path)
    refuse_platform(made, "dev", "")
    refuse_platform(replace(made, platforms=(here(), "other")), "dev", "")
    with pytest.raises(InstallError, match=rf"dev is for other, another, and this is {here()}") as caught:
        refuse_platform(replace(made, platforms=("other", "another")), "dev", "name it")
    assert caught.value.hint == "name it"


def test_what_lies_in_the_way_is_named(tmp_path: Path) -> None:
    folder = ContainerFolder(tmp_path, "dev")
    refuse_occupied(load_revision(folder, "1700000001.000000"))
    path = folder.revisions / "1700000001.000000"
    path.mkdir(parents=True)
    with pytest.raises(StorageError, match=f"{path} is in the way: ") as caught:
        refuse_occupied(load_revision(folder, "1700000001.000000"))
    assert "REZUP_ROOT_LOCAL" in caught.value.hint


def test_a_path_that_is_not_utf_8_is_named() -> None:
    assert encoded('url = "/ü"\n') == 'url = "/ü"\n'.encode()
    with pytest.raises(InstallError, match="a path that is not UTF-8: /caf"):
        encoded('url = "/caf\udce9/x"\n')
