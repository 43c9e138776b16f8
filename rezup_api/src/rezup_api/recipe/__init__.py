"""Recipes: what a container is made of, read from TOML and checked.

- `model`: what a recipe says, as plain values
- `schema`: every key that a recipe may have, with its kind, default and meaning
- `reading`: a file's text to a raw document
- `validation` and `values`: a raw document to a converted one, with every problem in it
- `durations`: ages such as "30d"
- `places`: relative paths made absolute, retired URLs replaced
- `merging`: a recipe over the built-in one, and where each value came from
- `consistency`: problems that only several keys together have
- `assembly`: a checked document to a `Recipe`
- `loading`: all of these in turn, and what callers want: `load_recipe`, `builtin_recipe`, `init_script`
- `locating`: where recipes are found
- `credentials`: literal credentials, found and struck out
- `snapshot`: the effective recipe as a file of its own
- `showing`: the effective recipe, row by row, with origins
- `starting`: the commented starter
"""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.recipe.dump import Row as Row, effective_rows as effective_rows
    from rezup_api.recipe.load import init_script as init_script, load_recipe as load_recipe
    from rezup_api.recipe.location import (
        MAIN_FILE as MAIN_FILE,
        find_recipe as find_recipe,
        is_container as is_container,
        list_recipes as list_recipes,
        recipe_path as recipe_path,
        roots_of as roots_of,
    )
    from rezup_api.recipe.model import Recipe as Recipe
    from rezup_api.recipe.starter import examples as examples

offer(
    globals(),
    {
        "dump": "Row effective_rows",
        "load": "init_script load_recipe",
        "location": "MAIN_FILE find_recipe is_container list_recipes recipe_path roots_of",
        "model": "Recipe",
        "starter": "examples",
    },
)
