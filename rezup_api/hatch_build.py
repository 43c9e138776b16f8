"""Pack the example recipes, which lie beside this distribution in the checkout, into what is built from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EXAMPLES = "rezup_api/recipe/examples"


class CustomBuildHook(BuildHookInterface):
    """A wheel has them in the package; so has the source distribution, from which a wheel takes them like any source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files that are to be packed."""
        recipes = Path(self.root).parent / "recipes"
        if not (Path(self.root) / "src" / EXAMPLES).is_dir():
            target = EXAMPLES if self.target_name == "wheel" else f"src/{EXAMPLES}"
            for path in sorted(recipes.glob("*.toml")):
                build_data["force_include"][str(path)] = f"{target}/{path.name}"
