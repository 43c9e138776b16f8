"""The entry of the command: switch to a newer release if one was taken, try the quick launch, else take the ordinary path.

Every launch passes through here, so a test compares what this module imports with a list.
"""

import os
import sys

import rezup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# How often a launcher may stand above itself.
DEEPEST = 8


def main(words: list[str] | None = None) -> int:
    """Run rezup.

    Args:
        words: the command line without the program; by default this process's.

    Returns:
        The exit status, if the process has not become the command.
    """
    words = sys.argv[1:] if words is None else words
    if words and "/" in words[0]:
        words = _launched(words)
        if not words:
            return 127  # as for any command that is not found
    if os.environ.get("PYTHONPATH"):
        # Before any import that could find a module of the application instead of ours.
        _own_libraries_first()
    newer = _newer(words)
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
        from rezup.fastpath import attempt

        try:
            script_run = attempt(words, _is_upgrade_due)
        except KeyboardInterrupt:
            return 130  # the status with which the ordinary path ends, without its message: nothing was shown yet
    import gc

    gc.disable()  # nothing that is loaded becomes garbage: looking for some takes a twentieth of what `status` takes
    from rezup import main

    return main.run_command_line(words, script_run)


def _launched(words: list[str]) -> list[str]:
    """The command line for which a launcher stands, if the first word is the path of one; else the words as they are.

    A tool that has gone from its container would find its own launcher on PATH, and that the tool again, for ever. So launchers
    keep the names of those above them in a variable, and this returns an empty list, with a message, for one that stands above
    itself too often. `rezup_api.session.launcher` writes launchers.
    """
    path = words[0]
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            lines = os.read(descriptor, 8192).split(b"\n", 2)
        finally:
            os.close(descriptor)
    except OSError:
        return words
    if len(lines) < 3 or lines[1][:18] != b"# rezup launcher:\t":
        return words
    meant = os.fsdecode(lines[1][18:]).split("\t")
    name = os.path.basename(path)
    passed = [one for one in os.environ.get("REZUP_LAUNCHERS", "").split(":") if one]
    if passed.count(name) >= DEEPEST:
        text = f"rezup: {name} runs itself over and over: there is no {meant[-1]} but this launcher\n"
        sys.stderr.write(f"{text}  -> expose what there is, or remove the launcher: rezup unexpose {name}\n")
        return []
    os.environ["REZUP_LAUNCHERS"] = ":".join([*passed, name])
    return [*meant, *words[1:]]


def _own_libraries_first() -> None:
    """Search the folders of PYTHONPATH last: they are meant for another Python, and may hold a `typing` or an old `rich`."""
    named = {os.path.abspath(folder) for folder in os.environ["PYTHONPATH"].split(os.pathsep)}
    # A folder with `rezup_api` in it is where rezup itself comes from.
    foreign = {folder for folder in named if not os.path.exists(folder + "/rezup_api/__init__.py")}
    sys.path.sort(key=lambda folder: os.path.abspath(folder) in foreign)  # stable: both groups keep their order


def _newer(words: list[str]) -> "Callable[[list[str]], int] | None":
    """The entry of the release that runs in place of the installed one; None if no release was taken.

    `rezup upgrade --rollback` is always done by the installed one: it has to work whatever is wrong with the release.

    The folder of releases is that of `fastpath.current_release`, which is not loaded if the folder does not exist.
    """
    if rezup.installed:
        return None
    if os.name == "posix":
        home = os.environ.get("HOME", "")
        if not os.path.lexists((os.environ.get("XDG_DATA_HOME") or home + "/.local/share") + "/rezup"):
            return None
    if "--rollback" in words and "upgrade" in words and words[0] != "use":
        return None
    from rezup.fastpath.current_release import switch

    return switch(_entry)


def _is_upgrade_due() -> bool:
    """Whether it is time to look for a newer release of rezup; the question costs nothing if no source is named."""
    if os.environ.get("REZUP_UPGRADE_SOURCE") or rezup.SOURCE:
        from rezup.fastpath.current_release import is_due

        return is_due(os.environ)
    return False


def _entry() -> "Callable[[list[str]], int]":
    """The entry of the rezup that Python finds now: of a newer release, once that was put in place of this one."""
    from rezup.__main__ import main

    return main


if __name__ == "__main__":
    sys.exit(main())
