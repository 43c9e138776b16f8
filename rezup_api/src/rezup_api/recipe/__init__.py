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
- `starter`: writes the commented starter
"""
