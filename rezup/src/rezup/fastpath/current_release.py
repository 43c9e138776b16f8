"""Tell which release of rezup runs: the installed one, or a newer one that was installed beside it.

    <data>/rezup/<platform>-<python>/       the folder of one user, to which no other user can write
        current/<key>                       which release runs in place of an installation, and which one ran before
        releases/<version>-<digest>/        a release with its dependencies
    <cache>/rezup/<host>/checked-<key>      its time says when this host last looked for a newer release

A file in `current/` holds the stamp of `_version.py` of the installation, so that a change of the installation makes it invalid:
what the user has just installed runs. rezup never writes to the installed packages themselves. So it does not matter whether
they are in use, read-only, or another user's.

A launch passes through here if a release was taken or a source is named, so this module imports only what Python and the quick
launch have loaded.
"""

import os
import sys
import time

import rezup
from rezup.fastpath import VERSION_FILE, stamp, unseal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    Entry = Callable[[list[str]], int]

# The format of the files in `current/`; a file of another format is ignored.
FORMAT = 1
# Seconds between two looks for a newer release.
PAUSE = 86400.0
# `_version.py` of the installation with which this process was started, also if a release runs in its place now.
installed = rezup.installed or VERSION_FILE
# The descriptor that holds the running release; -1 if it holds none. See `hold_release`.
_held = -1


def switch(entry: "Callable[[], Entry]") -> "Entry | None":
    """Load the release that was taken in place of this one, and return its entry; None if there is no valid one.

    The entry goes back to this rezup if the release turns out to be damaged: a disk has lost the content of a module, say.
    """
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
        main = entry()
    except Exception:  # noqa: BLE001 - whatever is wrong with the release, the installed one works
        _put_back(known, place)
        return None
    sys.modules["rezup"].installed = installed  # type: ignore[attr-defined]

    def run(words: list[str]) -> int:
        try:
            return main(words)
        except Exception as error:  # a sound release reports its errors itself, and lets none through
            if "--debug" in words:
                raise
            reason = f"{type(error).__name__}: {error}"
        _put_back(known, place)
        known["rezup"].installed = installed  # type: ignore[attr-defined]  # so that it does not switch again
        _restore_environment()
        if "_ARGCOMPLETE" not in os.environ:
            _warn(place, reason)
        return entry()(words)

    return run


def _put_back(known: "dict[str, ModuleType]", place: str) -> None:
    """Forget all modules of a release, and put back those of this rezup, as if there were no release."""
    sys.path.remove(place)
    for name, module in [*sys.modules.items()]:
        file = getattr(module, "__file__", None) or ""
        if name.partition(".")[0] in ("rezup", "rezup_api") or file.startswith(place + os.sep):
            del sys.modules[name]
    sys.modules.update(known)


def _restore_environment() -> None:
    """Undo what the site-customize script may have set while the release ran: it will run a second time."""
    try:
        with open("/proc/self/environ", "rb") as stream:
            given = [item.split(b"=", 1) for item in stream.read().split(b"\0") if b"=" in item]
    except OSError:
        return
    os.environ.clear()
    os.environb.update(given)  # type: ignore[arg-type]


def _warn(place: str, reason: str) -> None:
    text = f"rezup: warning: the release in {place} is damaged ({reason}); going on with the installed rezup\n"
    hint = "  -> take it anew: rezup upgrade; or go back for good: rezup upgrade --rollback\n"
    try:
        os.write(2, (text + hint).encode("utf-8", "backslashreplace"))
    except OSError:
        pass  # nobody can read it


def user_folder(environ: "Mapping[str, str]") -> str:
    """The folder of this user's releases for this platform and Python; empty if there is no place for it."""
    data = _base(environ, "XDG_DATA_HOME", "/.local/share")
    machine = environ.get("PROCESSOR_ARCHITECTURE", "") if os.name == "nt" else os.uname().machine
    tag = f"{sys.platform}-{machine}-{sys.implementation.cache_tag}".lower()
    return os.path.join(data, "rezup", tag) if data else ""


def _base(environ: "Mapping[str, str]", variable: str, below_home: str) -> str:
    """A base folder of the user by the XDG Base Directory Specification, on Windows LOCALAPPDATA; empty if there is none."""
    home = environ.get("HOME")
    found = environ.get(variable) or (home + below_home if home else "")
    found = environ.get("LOCALAPPDATA", "") if os.name == "nt" else found
    return found if os.path.isabs(found) else ""


def key() -> str:
    """A number, as text, that tells this installation of rezup from this user's others."""
    return f"{int.from_bytes(os.fsencode(installed), 'big') % 2305843009213693951:x}"  # a remainder by a prime tells them apart


def current_file(environ: "Mapping[str, str]") -> str:
    """The path of the file that names the release to run in place of this installation; empty if there is no place for it."""
    folder = user_folder(environ)
    return os.path.join(folder, "current", key()) if folder else ""


def release_folder(name: str, environ: "Mapping[str, str]") -> str:
    """The folder of a release."""
    return os.path.join(user_folder(environ), "releases", name)


def checked_file(environ: "Mapping[str, str]") -> str:
    """The path of the file whose time says when this host last asked the source; empty if there is no place for it."""
    cache = _base(environ, "XDG_CACHE_HOME", "/.cache")
    host = environ.get("COMPUTERNAME", "") if os.name == "nt" else os.uname().nodename
    return os.path.join(cache, "rezup", host, f"checked-{key()}") if cache else ""


def current(environ: "Mapping[str, str]") -> "tuple[str, str] | None":
    """Find the release that runs in place of the installed one.

    Returns:
        The name of its folder, and the name of the release that ran before it, empty for the installed one. None if no release
        was taken, if the installation has changed since, or if another user could have written to the files.
    """
    path = current_file(environ)
    if not path:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
        try:
            # What this file names is run, so a file or a folder to which another user can write counts as missing.
            found = os.fstat(descriptor)
            if not _is_ours(found):
                return None
            release_record = unseal(os.read(descriptor, found.st_size))
        finally:
            os.close(descriptor)
        if release_record[0] != (FORMAT, sys.version, installed, stamp(installed)):
            return None
        place = release_folder(release_record[1], environ)
        if not release_record[1] or not (_is_ours(os.stat(place)) and _is_ours(os.stat(os.path.dirname(place)))):
            return None
        return release_record[1], release_record[2]
    except (OSError, ValueError, TypeError, IndexError):
        return None


def release_record(name: str, previous: str) -> bytes:
    """The content of `current_file`.

    Args:
        name: the folder of the release to run; empty for the installed one.
        previous: the folder of the release that ran before it; empty for the installed one.
    """
    from rezup.fastpath.seal import seal  # a start only reads

    return seal(((FORMAT, sys.version, installed, stamp(installed)), name, previous))


def _is_ours(found: os.stat_result) -> bool:
    """Whether a file or folder belongs to this user, and no other user can write to it."""
    return os.name == "nt" or (found.st_uid == os.geteuid() and not found.st_mode & 0o022)


def source(environ: "Mapping[str, str]") -> str:
    """The source of newer releases; empty if there is none."""
    return environ.get("REZUP_UPGRADE_SOURCE") or rezup.SOURCE


def is_due(environ: "Mapping[str, str]") -> bool:
    """Whether it is time to look for a newer release; this reads the time of one file."""
    if environ.get("REZUP_NO_UPGRADE") or not source(environ):
        return False
    path = checked_file(environ)
    try:
        pause = float(environ.get("REZUP_UPGRADE_PAUSE") or PAUSE)
    except ValueError:
        pause = PAUSE
    try:
        return bool(path) and not 0 <= time.time() - os.stat(path).st_mtime < pause
    except OSError:
        return True


def hold_release() -> None:
    """Hold the release that runs, so that no other process removes it while this one is rezup.

    The descriptor closes when this process becomes a command, which no longer needs the release.
    """
    global _held  # noqa: PLW0603 - one for the process, as long as it lives
    if os.name == "posix" and is_release() and _held < 0:
        import fcntl

        try:
            _held = os.open(VERSION_FILE, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(_held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            pass  # another process is removing it; what this one needs at once is already loaded


def is_release() -> bool:
    """Whether a release runs that was taken, and not the installed one."""
    return installed != VERSION_FILE
