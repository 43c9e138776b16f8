"""The recipes that come with the sources, the reference page, and what loading a recipe imports."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rezup_api.recipe.credentials import literal_credentials
from rezup_api.recipe.load import load_recipe
from rezup_api.recipe.schema import KEYS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "recipe.md"


@pytest.mark.parametrize("name", ["vanilla", "development", "production"])
def test_an_example_loads_and_may_be_published(name: str) -> None:
    recipe = load_recipe(name, ROOT / "recipes" / f"{name}.toml")
    assert recipe.description
    assert recipe.warnings == ()
    assert literal_credentials(recipe) == ()


def test_the_examples_show_what_they_are_for() -> None:
    vanilla = load_recipe("vanilla", ROOT / "recipes" / "vanilla.toml")
    assert (vanilla.extensions, vanilla.rez.url) == ((), "rez>=2.83")
    development = load_recipe("development", ROOT / "recipes" / "development.toml")
    assert development.rez.edit
    assert all(extension.edit for extension in development.extensions)
    production = load_recipe("production", ROOT / "recipes" / "production.toml")
    assert production.root_remote
    assert production.dotenv.common
    assert production.dotenv.by_platform
    assert production.retention.keep


def test_the_reference_has_a_row_for_every_key() -> None:
    rows = re.findall(
        r"^\| `([^`]+)` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert {row[0] for row in rows} == {key.name.replace("[]", "") for key in KEYS}
    assert len(rows) == len(KEYS)
    kinds = {row[0]: row[1] for row in rows}
    assert {key.name: kinds[key.name.replace("[]", "")] for key in KEYS} == {key.name: key.kind.value for key in KEYS}
    defaults = {row[0]: row[2] for row in rows}
    for key in KEYS:
        assert defaults[key.name.replace("[]", "")] == ("required" if key.required else key.default)
    meanings = {row[0]: row[3] for row in rows}
    assert {key.name: meanings[key.name.replace("[]", "")] for key in KEYS} == {key.name: key.meaning for key in KEYS}


def examples() -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def test_every_recipe_on_the_reference_page_loads(tmp_path: Path) -> None:
    found = examples()
    assert len(found) >= 4
    path = tmp_path / "rezup.toml"
    for text in found:
        path.write_text(text, encoding="utf-8")
        load_recipe("dev", path)


def test_the_longest_example_on_the_page_uses_every_key(tmp_path: Path) -> None:
    path = tmp_path / "rezup.toml"
    path.write_text(max(examples(), key=len), encoding="utf-8")
    used = {re.sub(r"\[\d+\]", "[]", key) for key in load_recipe("dev", path).origins}
    missing = {key.name for key in KEYS if not any(one == key.name or one.startswith(f"{key.name}.") for one in used)}
    assert missing == {"schema"}


def test_loading_the_modules_is_cheap() -> None:
    """What only some commands need is imported by them: the names are those that cost more than the rest together."""
    code = (
        "import sys, rezup_api.recipe.load, rezup_api.recipe.location, rezup_api.recipe.dump, "
        "rezup_api.recipe.starter, rezup_api.recipe.credentials\n"
        "heavy = {'tomli', 'tomli_w', 'tomllib', 'difflib', 'tempfile', 'shutil', 'subprocess', 'packaging', 'dotenv', 'json'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    # -S: what the interpreter's own site files import is not ours.
    path = [entry for entry in sys.path if entry]
    command = [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {path!r}\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
