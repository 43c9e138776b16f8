"""Read recipes, the TOML files that say what the containers hold, and check them.

- `location`: finds the recipe of a container
- `load`: takes a file through all the steps below; has `load_recipe`, `builtin_recipe`, `init_script` and `adopt`
- `parse`: turns the text of a file into a raw document
- `schema`: lists every key that a recipe may have, with its kind, default and meaning
- `validate`: turns a raw document into a converted one, and collects all its problems, also those of several keys together
- `values`: converts one value of each kind; reads ages such as "30d"
- `paths`: makes relative paths absolute, and replaces URLs that no server answers any more
- `merge`: puts a recipe over the built-in one, and records where each value came from
- `model`: has the `Recipe` itself, and makes it from a checked document
- `credentials`: finds literal credentials and strikes them out
- `dump`: writes the effective recipe as a file of its own, or row by row with origins
- `starter`: writes the commented starter, and keeps the JSON Schema for the user's editor
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
    from rezup_api.recipe.starter import examples as examples, renew_schema as renew_schema

offer(
    globals(),
    {
        "dump": "Row effective_rows",
        "load": "init_script load_recipe",
        "location": "MAIN_FILE find_recipe is_container list_recipes recipe_path roots_of",
        "model": "Recipe",
        "starter": "examples renew_schema",
    },
)
