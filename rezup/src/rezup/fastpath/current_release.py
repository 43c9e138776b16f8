"""Which release of rezup runs: the installed one, or a newer one that was taken beside it.

    <data>/rezup/<platform>-<python>/       of one user: no other user can write there
        current/<key>                       which release runs in place of an installation, and which did before that
        releases/<version>-<digest>/        a release with all that it needs
    <cache>/rezup/<host>/checked-<key>      touched when an installation was checked for a newer release on this host

What is installed wins as soon as it changes: a file in `current/` holds the stamp of the installed version's file. The installed
packages themselves are never written to, so they may be in use, read-only, and anybody's.

Launches pass through here where a release was taken or a source is named, so nothing is imported that they have not loaded.
"""

import os
import sys
import time

import rezup
from rezup.fastpath import VERSION_FILE, seal, stamp, unseal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
# Seconds between two checks.
PAUSE = 86400.0
# The version's file of what this process was started with: a release is told by the one that it replaces.
installed = rezup.installed or VERSION_FILE
_held = -1


def user_folder(environ: "Mapping[str, str]") -> str:
    """Where this user's releases lie, for this platform and Python; empty where there is no place for them."""
    data = _base(environ, "XDG_DATA_HOME", "/.local/share")
    machine = environ.get("PROCESSOR_ARCHITECTURE", "") if os.name == "nt" else os.uname().machine
    tag = f"{sys.platform}-{machine}-{sys.implementation.cache_tag}".lower()
    return os.path.join(data, "rezup", tag) if data else ""


def _base(environ: "Mapping[str, str]", variable: str, below_home: str) -> str:
    """A folder of the user's by the XDG Base Directory Specification, one of its own on Windows; empty where there is none."""
    home = environ.get("HOME")
    found = environ.get(variable) or (home + below_home if home else "")
    found = environ.get("LOCALAPPDATA", "") if os.name == "nt" else found
    return found if os.path.isabs(found) else ""


def key() -> str:
    """What tells the installed rezup from others of this user."""
    return (
        f"{int.from_bytes(os.fsencode(installed), 'big') % 2305843009213693951:x}"  # a prime: enough to tell them apart
    )


def current_file(environ: "Mapping[str, str]") -> str:
    """The file that says which release runs in place of the installed one; empty where there is no place for it."""
    folder = user_folder(environ)
    return os.path.join(folder, "current", key()) if folder else ""


def release_folder(name: str, environ: "Mapping[str, str]") -> str:
    """Where a release lies."""
    return os.path.join(user_folder(environ), "releases", name)


def checked_file(environ: "Mapping[str, str]") -> str:
    """The file whose time says when the source was last asked on this host; empty where there is no place for it."""
    cache = _base(environ, "XDG_CACHE_HOME", "/.cache")
    host = environ.get("COMPUTERNAME", "") if os.name == "nt" else os.uname().nodename
    return os.path.join(cache, "rezup", host, f"checked-{key()}") if cache else ""


def current(environ: "Mapping[str, str]") -> "tuple[str, str] | None":
    """The release that runs in place of the installed one, and the one before it (empty: the installed one).

    None where there is none that holds: it must have been taken for what is installed now, and be nobody else's.
    """
    path = current_file(environ)
    if not path:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
        try:
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
    """What `current_file` holds."""
    return seal(((FORMAT, sys.version, installed, stamp(installed)), name, previous))


def _is_ours(found: os.stat_result) -> bool:
    """Whether something belongs to this user, and nobody else can write to it."""
    return os.name == "nt" or (found.st_uid == os.geteuid() and not found.st_mode & 0o022)


def source(environ: "Mapping[str, str]") -> str:
    """Where newer releases come from; empty for nowhere."""
    return environ.get("REZUP_UPGRADE_SOURCE") or rezup.SOURCE


def is_due(environ: "Mapping[str, str]") -> bool:
    """Whether it is time to look for a newer release: a look at one time stamp."""
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
    """Keep the release that runs from being removed while this process is rezup; a command that it becomes needs it no more."""
    global _held  # noqa: PLW0603 - as long as the process, like what it stands for
    if os.name == "posix" and is_release() and _held < 0:
        import fcntl

        try:
            _held = os.open(VERSION_FILE, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(_held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            pass  # it is being removed, and was loaded already


def is_release() -> bool:
    """Whether this is a release that was taken, not what is installed."""
    return installed != VERSION_FILE
