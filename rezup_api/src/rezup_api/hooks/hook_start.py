"""Start the hooks for what has happened, without waiting for them: a hook neither delays a command nor lets it fail."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from rezup_api.configuration.machine_file import INSIDE, Machine, read_machine
from rezup_api.events import Warned
from rezup_api.hooks.envelope import envelope
from rezup_api.hooks.hook_log import hook_log
from rezup_api.process.detached import start_detached
from rezup_api.settings import LIBRARY, home_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup_api.events import Happened, Reporter

# The library lies behind Python's own modules on the path, so that nothing beside it can take their place.
_CODE = "import sys; sys.path.append(sys.argv[1]); from rezup_api.hooks.supervisor import main; sys.exit(main())"


def start_hooks(happened: Sequence[Happened], environ: Mapping[str, str], report: Reporter) -> int:
    """Start every hook that is to hear of one of the events, and return at once.

    Args:
        happened: the events, as the library has reported them.
        environ: the caller's environment, without what a session has set; the hooks get it.
        report: gets a warning if the machine's configuration is wrong, or the hooks cannot be started.

    Returns:
        How many hooks were started.
    """
    if not happened or environ.get(INSIDE):
        return 0
    machine = read_machine(environ)
    if machine.problems:
        report(
            Warned(
                "\n  ".join(
                    ["the configuration of this machine has no effect where it is wrong:", *map(str, machine.problems)]
                )
            )
        )
    jobs = _jobs(machine, happened, environ)
    if not jobs:
        return 0
    order = {"log": str(hook_log(environ)), "home": str(home_folder(environ)), "environ": dict(environ), "jobs": jobs}
    library = str(LIBRARY.parent)
    words = [sys.executable, "-I", "-S", "-c", _CODE, library]
    if not start_detached(words, environ, json.dumps(order).encode("ascii")):
        report(Warned("the hooks of this machine cannot be started"))
        return 0
    return len(jobs)


def _jobs(machine: Machine, happened: Sequence[Happened], environ: Mapping[str, str]) -> list[dict[str, object]]:
    """What the supervisor is to run: a hook once for each of the events that it is to hear of."""
    return [
        {"where": hook.where, "command": hook.command, "timeout": hook.timeout, "envelope": envelope(one, environ)}
        for one in happened
        for hook in machine.hooks
        if one.what in hook.on
    ]
