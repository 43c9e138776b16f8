"""The quick launch: become the command with the help of a record, at about the cost of starting Python.

An ordinary launch computes a session. Then `fastpath.prepare` writes its answer into a *record*, with the stamp of every file and
the value of every variable on which the answer depends. The next launch compares these, takes the lease, and becomes the command.
If anything differs, or if the command line is unusual, the ordinary path decides: a record is a cache of its answer and never
an answer of its own.

A module more costs a hundredth of the start of Python, so all of it is in this file; argparse would nearly double the time of a
launch. The quick launch exists on POSIX only.
"""

import _imp
import _signal  # type: ignore[import-not-found]  # `signal` makes enumerations of it, which costs more than all the rest
import marshal
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
    from typing import Any

    from rezup.fastpath.record import Record, Request, ScriptRun, Stamp, Stamps, Variables

FORMAT = 3
# These variables may differ from one terminal to the next, so each combination of their values has records of its own.
DISTINGUISHING = ("REZUP_ROOT_LOCAL", "REZUP_ROOT_REMOTE", "REZUP_RECIPES", "REZUP_REVISION")
# This path must stay as it is: the file that names the release to run is found by a number made from it.
VERSION_FILE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "_version.py")
# The stamp of a path that only has to exist.
EXISTS = 0
# Shell scripts open and close descriptors with low numbers themselves (`exec 3>file`).
LOWEST_DESCRIPTOR = 100
if not TYPE_CHECKING:
    # `types.SimpleNamespace`, without an import. A class of our own would cost a launch more than all else here.
    Record = type(sys.implementation)


def attempt(words: "list[str]", is_upgrade_due: "Callable[[], bool]") -> "ScriptRun | None":
    """Become the command that the command line asks for, if a record answers it; else return.

    Nothing has changed then, except that the site-customize script may have run in this process.

    Args:
        words: the command line without the program.
        is_upgrade_due: tells whether it is time to look for a newer release, which the ordinary path does.

    Returns:
        What `run_site_script` returned, so that the ordinary path does not run the script a second time; None if it did not run.
    """
    request = scan(words)
    if request is None:
        return None
    undo_coercion(os.environ)
    record = load(record_path(request, os.environ))
    if record is None or not record.settled:
        return None
    if not (agree(record.early) and unchanged(record.early_stamps) and _is_mounted_as_ever(record.mounted)):
        return None
    run = None
    shared = record.shared
    if record.script:
        # The script can come from a share. That must be known before it runs, for what it does cannot be undone.
        if not _holds(shared):
            return None
        shared = ()
        from rezup.fastpath.site_script import run_site_script  # only users with a script pay for this

        run = run_site_script(*record.script)
    if (run is None or run[2] is None) and agree(record.variables) and not is_upgrade_due():
        command = request[2] or _opening(record)
        if command:
            _become(command, record, shared)
    return run


def scan(words: "list[str]") -> "Request | None":
    """Read the usual forms of a command line: `use [NAME[@REV]] [-l] [-q] [-- COMMAND ...]`.

    Returns:
        `NAME[@REV]`, whether `--local` was given, and the words of the command (None for a shell). None for all other forms.
    """
    command = None
    if "--" in words:
        at = words.index("--")
        command = words[at + 1 :]
        words = words[:at]
    if command == [] or words[:1] not in ([], ["use"]):
        return None
    target = ""
    local = False
    for word in words[1:]:
        if word in ("-l", "--local"):
            local = True
        elif word not in ("-q", "--quiet"):
            if not word or target or word[0] == "-" or "/" in word:
                return None
            target = word
    return target or ".main", local, command


def unchanged(stamps: "Stamps") -> bool:
    """Whether all files have the stamps that were recorded."""
    for path, expected in stamps:
        if expected == EXISTS:
            if not os.path.exists(path):
                return False
        elif stamp(path) != expected:
            return False
    return True


def agree(variables: "Variables") -> bool:
    """Whether all variables have the values that were recorded."""
    return [value for name, value in variables if os.environ.get(name) != value] == []  # a generator is slower


def _is_mounted_as_ever(folders: "Sequence[str]") -> bool:
    """Whether folders that were on local file systems still are: a share that was mounted there meanwhile may hang."""
    if not folders:
        return True
    from rezup_api.netfs.mounts import mount_may_hang  # loaded only if there is a remote root

    return not [folder for folder in folders if mount_may_hang(folder)]


def _holds(shared: "Iterable[tuple[str, Stamps]]") -> bool:
    """Whether all files on shares have the stamps that were recorded; a share that does not answer counts as a change."""
    if not shared:
        return True
    from rezup_api.netfs.limit import begin

    begun = [begin(lambda stamps=stamps: unchanged(stamps), marker) for marker, stamps in shared]  # type: ignore[misc]
    # All must be waited for, and in reverse order: each restores the handling of SIGCHLD that it found, as a stack does.
    return False not in [answered() for answered in reversed(begun)]


def undo_coercion(environ: "MutableMapping[str, str]") -> None:
    """Give LC_CTYPE the value that the caller set, which Python may have replaced at its start (PEP 538).

    No command may inherit Python's value. This must happen before the site-customize script runs, because afterwards it may be
    the studio that has asked for C.UTF-8.
    """
    if environ.get("LC_CTYPE") not in ("C.UTF-8", "C.utf8", "UTF-8") or environ.get("LC_ALL"):
        return
    try:
        with open("/proc/self/environ", "rb") as stream:
            given = stream.read().split(b"\0")
    except OSError:
        return
    before = [item for item in given if item.startswith(b"LC_CTYPE=")]
    if before:
        environ["LC_CTYPE"] = os.fsdecode(before[0][9:])
    else:
        del environ["LC_CTYPE"]


def session_path(prefix: str, removed: "Sequence[str]", outer: str) -> str:
    """PATH in the session: the container's entries, then the caller's without those of an outer session."""
    if removed:
        outer = ":".join([entry for entry in outer.split(":") if entry not in removed])
    return f"{prefix}:{outer}" if prefix and outer else prefix or outer


def _opening(record: "Record") -> "tuple[str, ...]":
    """The command that opens a shell; empty where the ordinary path has to find out which one."""
    if not os.isatty(0):
        return ()
    if record.parent:
        from rezup.fastpath.parent import parent_words

        return record.opening if parent_words() == record.parent else ()
    return record.opening


def _become(command: "list[str] | tuple[str, ...]", record: "Record", shared: "Iterable[tuple[str, Stamps]]") -> None:
    """Take the lease of the revision and become the command; if that is not possible, return with everything as it was."""
    path = record.values.get("PATH") or session_path(record.prefix, record.removed, os.environ.get("PATH", ""))
    program = find_program(command[0], path)
    if not program or is_for_csh(program):
        return
    lease = hold_revision(record.revision)
    if lease < 0:
        return
    # The files are compared after the lease was taken: before, the revision could still be removed, or a pin moved away from it.
    if unchanged(record.stamps):
        before = put({**record.values, "PATH": path})
        try:
            # Shares are asked last. That takes a fork, after which every page of memory that this process writes is copied first.
            # The asking process closes its copy of the lease, so a share that hangs does not keep the revision.
            if _holds(shared):
                undo_start()
                # `execv` passes on the environment of this process, which `put` has just set.
                os.execv(program, command)
        except OSError:
            pass  # such as a script without a `#!` line: the ordinary path tries again, and words the error
        put(before)
    os.close(lease)


def find_program(name: str, path: str) -> str:
    """The executable file that `name` means on `path`, a value of PATH; empty if there is none."""
    for folder in [""] if "/" in name else path.split(":"):
        program = os.path.join(folder, name)
        if os.path.isfile(program) and os.access(program, os.X_OK):
            return program
    return ""


def is_for_csh(program: str) -> bool:
    """Whether a program may be csh, tcsh or a script for them, which close the lease; the ordinary path examines it closely."""
    for _ in range(5):  # an interpreter may be a script, too
        if "csh" in os.path.realpath(program):
            return True
        try:
            with open(program, "rb", 0) as stream:
                line = stream.read(256).partition(b"\n")[0]
        except OSError:
            return False
        words = line[2:].split() if line[:2] == b"#!" else []
        if not words or b"csh" in line:
            return bool(words)
        program = os.fsdecode(words[0])
    return True


def hold_revision(revision: str) -> int:
    """Take the lease on a revision's file, as `rezup_api.disk.flock.lease` does; its descriptor, -1 if that is not possible."""
    import fcntl  # not loaded before there is something to hold

    try:
        descriptor = os.open(revision, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            # Between `open` and `flock` the revision may have been removed, or the file replaced: the lock would hold nothing.
            if os.path.samestat(os.fstat(descriptor), os.stat(revision)):
                # The copy has no close-on-exec flag, so that the command inherits it. The copies share the lock.
                return fcntl.fcntl(descriptor, fcntl.F_DUPFD, LOWEST_DESCRIPTOR)
        finally:
            os.close(descriptor)
    except OSError:
        pass
    return -1


def put(values: "Mapping[str, str | None]") -> "dict[str, str | None]":
    """Set variables, and unset those whose value is None; return the values that they had before, in the same form."""
    environ = os.environ
    before = {}
    for name, value in values.items():
        before[name] = environ.get(name)
        if value is not None:
            environ[name] = value
        elif name in environ:
            del environ[name]
    return before


def undo_start() -> None:
    """Write out what the site-customize script has printed, and give SIGPIPE and SIGXFSZ, which Python ignores, their default."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    _signal.signal(_signal.SIGXFSZ, _signal.SIG_DFL)


def stamp(path: str) -> "Stamp":
    """The stamp of a file, which differs after any change: its times in nanoseconds, its size and its inode.

    Without a file it is the negative number of the error; for a link that leads nowhere, the inode of the link.
    """
    try:
        found = os.lstat(path)
        if found.st_mode & 0o170000 == 0o120000:  # a link: nearly always one to a file
            try:
                found = os.stat(path)
            except OSError:
                return found.st_ino
    except OSError as error:
        return -(error.errno or 1)
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def unseal(data: bytes, salt: str = "") -> "Any":
    """Read the bytes that `seal` has written.

    Raises:
        ValueError: the bytes are damaged or incomplete, or the salt is wrong.
    """
    # `marshal` crashes, or never ends, on bytes that it has not written.
    if digest(data[8:], salt) != data[:8]:
        raise ValueError("the bytes are damaged")
    return marshal.loads(data[8:])


def digest(payload: bytes, salt: str) -> bytes:
    """A digest of eight bytes. Python has SipHash for its byte code (PEP 552); any other digest would need an import."""
    return _imp.source_hash(int.from_bytes(salt.encode(), "big") % 2305843009213693951, payload)


def record_path(request: "Request", environ: "Mapping[str, str]") -> str:
    """The path of the record that answers a request; empty if there is no folder for records.

    It depends on the request and on variables alone, because no recipe is read yet; and on the host, as hosts may share the home.
    """
    home = environ.get("HOME")
    cache = environ.get("XDG_CACHE_HOME") or (home + "/.cache" if home else "")
    if cache[:1] != "/":
        return ""
    values = "\0".join([environ.get(name, "") for name in DISTINGUISHING])
    key = int.from_bytes(os.fsencode(values), "big") % 2305843009213693951  # a remainder by a prime tells them apart
    name = request[0] + ("+local" if request[1] else "") + ("" if request[2] else "+shell")
    return f"{cache}/rezup/{os.uname().nodename}/launches/{name}+{key:x}"


def load(path: str) -> "Record | None":
    """Read a record, settled or not; None if there is none, or if it cannot be trusted.

    The file must belong to this user and be closed to all others, because what it names is run. The record must have been
    written by this very rezup and Python, and not in the future: after the clock was set back, a changed file can get the same
    stamp a second time.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            # The open descriptor is asked, not the path, which could name another file by then.
            found = os.fstat(descriptor)
            if found.st_uid != os.geteuid() or found.st_mode & 0o77:
                return None
            record = Record(**unseal(os.read(descriptor, found.st_size), sys.version))
        finally:
            os.close(descriptor)
        return record if record.identity == identity() and record.written <= time.time() else None
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def identity() -> "tuple[object, ...]":
    """What a record is bound to: its format, the version of Python (for the script's byte code), and the files of this rezup."""
    return FORMAT, sys.version, VERSION_FILE, stamp(VERSION_FILE)
