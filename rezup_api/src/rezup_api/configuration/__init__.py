"""Read the configuration of a machine: what its admin and its user want, and what no recipe may decide.

- `machine_keys`: lists every key, as `recipe.schema` does for recipes
- `machine_file`: finds the files, decides whether they can be trusted, checks them, and puts the user's over the admin's
"""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.configuration.machine_file import Hook as Hook, read_machine as read_machine, wants as wants

offer(globals(), {"machine_file": "Hook read_machine wants"})
