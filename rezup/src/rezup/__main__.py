"""The entry of the command: switch to a newer release if one was taken, try the quick launch, else take the ordinary path.

Every launch passes through here, so a test compares what this module imports with a list.
"""

import os
import sys

import rezup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def main(words: list[str] | None = None) -> int:
    """Run rezup.

    Args:
        words: the command line without the program; by default this process's.

    Returns:
        The exit status, if the process has not become the command.
    """
    words = sys.argv[1:] if words is None else words
    if os.environ.get("PYTHONPATH"):
        # Before any import that could find a module of the application instead of ours.
        _own_libraries_first()
    newer = _newer()
    if newer is not None:
        return newer(words)
    if "_ARGCOMPLETE" in os.environ:
        from rezup.completion import answer

        return answer.answer()
    if words in (["--version"], ["-V"]):
        from rezup.fastpath import version

        if version.print_version():
            return 0
    script_run = None
    if os.name == "posix":
        from rezup.fastpath.replay import attempt

        try:
            script_run = attempt(words)
        except KeyboardInterrupt:
            return 130  # the status with which the ordinary path ends, without its message: nothing was shown yet
    import gc

    gc.disable()  # nothing that is loaded becomes garbage: looking for some takes a twentieth of what `status` takes
    from rezup import main

    return main.run_command_line(words, script_run)


def _own_libraries_first() -> None:
    """Search the folders of PYTHONPATH last: they are meant for another Python, and may hold a `typing` or an old `rich`."""
    named = {os.path.abspath(folder) for folder in os.environ["PYTHONPATH"].split(os.pathsep)}
    # A folder with `rezup_api` in it is where rezup itself comes from.
    foreign = {folder for folder in named if not os.path.exists(folder + "/rezup_api/__init__.py")}
    sys.path.sort(key=lambda folder: os.path.abspath(folder) in foreign)  # stable: both groups keep their order


def _newer() -> "Callable[[list[str]], int] | None":
    """The entry of the release that runs in place of the installed one; None if no release was taken.

    The folder of releases is that of `fastpath.current_release`, which is not loaded if the folder does not exist.
    """
    if rezup.installed:
        return None
    if os.name == "posix":
        home = os.environ.get("HOME", "")
        if not os.path.lexists((os.environ.get("XDG_DATA_HOME") or home + "/.local/share") + "/rezup"):
            return None
    return _switch()


def _switch() -> "Callable[[list[str]], int] | None":
    """Load the release that was taken in place of this one, and return its entry; None if there is no valid one."""
    from rezup.fastpath.current_release import current, installed, release_folder

    found = current(os.environ)
    if found is None:
        return None
    place = release_folder(found[0], os.environ)
    # The release has modules of the same names, so the loaded ones must be forgotten first, this very module among them. Their
    # code goes on running here: what this function still needs is in local names. Only `rezup` was loaded until now, nothing of
    # `rezup_api`; an import of it above this line would mix both releases.
    known = {name: module for name, module in sys.modules.items() if name == "rezup" or name.startswith("rezup.")}
    for name in known:
        del sys.modules[name]
    sys.path.insert(0, place)
    try:
        from rezup.__main__ import main
    except Exception:  # noqa: BLE001 - whatever is wrong with the release, the installed one works
        # Put everything back, so that this process goes on as if there were no release.
        sys.path.remove(place)
        for name in [name for name in sys.modules if name == "rezup" or name.startswith("rezup.")]:
            del sys.modules[name]
        sys.modules.update(known)
        return None
    sys.modules["rezup"].installed = installed  # type: ignore[attr-defined]
    return main


if __name__ == "__main__":
    sys.exit(main())
