"""Run the hooks of a machine: commands that hear what has happened to a container, and that nobody waits for.

- `envelope`: what a hook reads, and its JSON Schema
- `hook_start`: chooses the hooks for what has happened, and starts the supervisor
- `supervisor`: a process of its own, which runs the commands and ends them when their time is over
- `hook_log`: the failures of the last hooks, for `rezup doctor`
"""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.hooks.hook_start import start_hooks as start_hooks

offer(globals(), {"hook_start": "start_hooks"})
