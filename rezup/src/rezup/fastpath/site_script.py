"""Run a site-customize script in this process, for the quick launch and the ordinary path alike."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

    from rezup.fastpath.record import ScriptRun


def run_site_script(path: str, code: "CodeType") -> "ScriptRun":
    """Run a site-customize script in this process.

    Args:
        path: the file of the script.
        code: the compiled script.

    Returns:
        The path, the environment before the script ran, and what it raised, None if nothing. The ordinary path passes these on
        to `rezup_api.session.customize.check_run`.
    """
    before = dict(os.environ)
    try:
        exec(code, {"__file__": path, "__name__": "__main__", "__builtins__": __builtins__})
    except BaseException as error:  # noqa: BLE001 - the ordinary path raises it again
        return path, before, None if isinstance(error, SystemExit) and not error.code else error
    return path, before, None
