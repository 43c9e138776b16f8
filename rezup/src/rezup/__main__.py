"""The entry of the command: a newer release if one was taken, then the quick launch where it can answer, else the ordinary path.

Every launch passes through here: what it imports is held to a list by a test.
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
        The exit status, where the process has not become another one.
    """
    words = sys.argv[1:] if words is None else words
    if os.environ.get("PYTHONPATH"):
        _own_libraries_first()
    newer = _newer()
    if newer is not None:
        return newer(words)
    if "_ARGCOMPLETE" in os.environ:
        from rezup.completion import answer

        return answer.answer()
    if words in (["--version"], ["-V"]):
        from rezup.fastpath import version

        if version.show():
            return 0
    script_run = None
    if os.name == "posix":
        from rezup.fastpath.replay import attempt

        try:
            script_run = attempt(words)
        except KeyboardInterrupt:
            return 130  # as the ordinary path ends; there is nothing to say yet
    import gc

    gc.disable()  # nothing that is loaded becomes garbage: looking for some takes a twentieth of what `status` takes
    from rezup import main

    return main.run_command_line(words, script_run)


def _own_libraries_first() -> None:
    """Look in the folders of PYTHONPATH last: they are for another Python, and may hold its `typing`, or an old `rich`."""
    named = {os.path.abspath(folder) for folder in os.environ["PYTHONPATH"].split(os.pathsep)}
    foreign = {folder for folder in named if not os.path.exists(folder + "/rezup_api/__init__.py")}
    sys.path.sort(key=lambda folder: os.path.abspath(folder) in foreign)  # those of a kind stay in their order


def _newer() -> "Callable[[list[str]], int] | None":
    """The entry of a release that was taken, and runs in place of the installed one; None where this one runs.

    `fastpath.current_release` tells where they lie; it is not loaded where there cannot be any.
    """
    if rezup.installed:
        return None
    if os.name == "posix":
        home = os.environ.get("HOME", "")
        if not os.path.lexists((os.environ.get("XDG_DATA_HOME") or home + "/.local/share") + "/rezup"):
            return None
    return _switch()


def _switch() -> "Callable[[list[str]], int] | None":
    """Put the release that was taken in place of this one, and return its entry; None where there is none that holds."""
    from rezup.fastpath.current_release import current, installed, release_folder

    found = current(os.environ)
    if found is None:
        return None
    place = release_folder(found[0], os.environ)
    # This very module among them, where it was imported: the release brings its own, of the same names.
    known = {name: module for name, module in sys.modules.items() if name == "rezup" or name.startswith("rezup.")}
    for name in known:
        del sys.modules[name]
    sys.path.insert(0, place)
    try:
        from rezup.__main__ import main
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the installed one works
        sys.path.remove(place)
        for name in [name for name in sys.modules if name == "rezup" or name.startswith("rezup.")]:
            del sys.modules[name]
        sys.modules.update(known)
        return None
    sys.modules["rezup"].installed = installed  # type: ignore[attr-defined]
    return main


if __name__ == "__main__":
    sys.exit(main())
