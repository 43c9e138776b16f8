"""What scripts for rezup 2.x call: the same names, and the same answers as the library's."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup import util
from rezup.util import ContainerError, ContainerRecipe, get_revision

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.command.conftest import Rezup


def test_a_revision_is_found_and_made_only_if_asked(rezup: Rezup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REZUP_ROOT_REMOTE")
    with pytest.raises(ContainerError, match="there is no container dev here"):
        get_revision("dev")
    rezup.office.recipe('[env]\nSTUDIO = "berlin"\n')
    made = get_revision("dev", create=True)
    assert made.is_ready()
    assert get_revision("dev") == made
    variables = made.recipe_env()
    assert (variables["STUDIO"], variables["REZUP_CONTAINER"]) == ("berlin", "dev")
    assert "PATH" not in variables


def test_what_stands_in_is_told(rezup: Rezup, caplog: pytest.LogCaptureFixture) -> None:
    rezup.run("add", "dev", "--skip-use", "--remote")
    good = get_revision("dev")
    rezup.run("add", "dev", "--skip-use", "--remote")
    newest = get_revision("dev")
    (newest.path / "revision.json").unlink()
    with caplog.at_level(logging.WARNING, logger="rezup"):
        assert get_revision("dev").timestamp == good.timestamp
    assert f"dev@{newest.timestamp} is not built here" in caplog.text
    with pytest.raises(ContainerError, match="is not built here"):
        get_revision("dev", fallback=False)


def test_recipes_of_another_folder_for_a_while(tmp_path: Path) -> None:
    with ContainerRecipe.provisional_recipes(tmp_path):
        assert util.environ()["REZUP_RECIPES"] == str(tmp_path)
        with ContainerRecipe.provisional_recipes("relative"):
            assert util.environ()["REZUP_RECIPES"] == os.path.abspath("relative")
        assert util.environ()["REZUP_RECIPES"] == str(tmp_path)
    assert util.environ() is os.environ


def test_one_import_enters_a_container(rezup: Rezup) -> None:
    rezup.office.recipe('[env]\nSTUDIO = "berlin"\n')
    rezup.run("add", "dev", "--skip-use")
    code = "import os; from rezup.util_env import dev; print(os.environ['STUDIO'], dev['STUDIO'], os.environ['REZUP_CONTAINER'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "berlin berlin dev\n"
    code = "from rezup import util_env; print(dir(util_env)); util_env.__nonsense__"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "['dev']\n"
    assert "AttributeError" in done.stderr
