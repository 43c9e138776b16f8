"""The quick launch: become the command by a prepared record, at the cost of starting Python.

An ordinary launch computes a session; `preparing` keeps its answer in a *record*, with a stamp of every file and the value of
every variable that the answer depends on. The next launch compares, takes the lease, and becomes the command. Whatever differs,
and whatever is unusual on the command line, is left to the ordinary path, which alone decides: a record is a cache of its
answer, never a second opinion.

This is held to what counts in tenths of a millisecond. Nothing is imported that Python has not loaded at its start, but `fcntl`:
argparse alone would nearly double the time of a launch, dataclasses or json more than double it. POSIX only.
"""

import _signal  # type: ignore[import-not-found]  # `signal` makes enumerations of it, which costs more than all the rest
import os
import sys

import rezup
from rezup.fastpath import EXISTS, stamp
from rezup.fastpath.record import load, record_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping, Sequence
    from types import CodeType

    from rezup.fastpath.record import Record, Request, Stamps, Variables

    ScriptRun = tuple[str, Mapping[str, str], BaseException | None]

# Shell scripts open and close the low numbers themselves (`exec 3>file`).
LOWEST_DESCRIPTOR = 100


def attempt(words: "list[str]") -> "ScriptRun | None":
    """Become what the command line asks for, if a record answers that; else nothing has happened.

    The site-customize script may have run, though.

    Args:
        words: the command line without the program.

    Returns:
        That the script has run, if it has: it must not run twice. See `run_site_script`.
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
        if not _holds(shared):
            return None
        shared = ()
        run = run_site_script(*record.script)
    if (run is None or run[2] is None) and agree(record.variables) and not _is_upgrade_due():
        command = request[2] or _opening(record)
        if command:
            _become(command, record, shared)
    return run


def _is_upgrade_due() -> bool:
    """Whether it is time to look for a newer release of rezup; only who names a source pays for the question."""
    if os.environ.get("REZUP_UPGRADE_SOURCE") or rezup.SOURCE:
        from rezup.fastpath.current_release import is_due

        return is_due(os.environ)
    return False


def scan(words: "list[str]") -> "Request | None":
    """Read the usual forms of a command line: `use [NAME[@REV]] [-l] [-q] [-- COMMAND ...]`; None for all others.

    Returns:
        `NAME[@REV]`, whether to pass over the remote root, and the command, None for a shell.
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
    """Whether all files are as they were."""
    for path, expected in stamps:
        if expected == EXISTS:
            if not os.path.exists(path):
                return False
        elif stamp(path) != expected:
            return False
    return True


def agree(variables: "Variables") -> bool:
    """Whether all variables are as they were."""
    return [value for name, value in variables if os.environ.get(name) != value] == []  # a generator would be slower


def _is_mounted_as_ever(folders: "Sequence[str]") -> bool:
    """Whether nothing is mounted at folders of this machine that may hang."""
    if not folders:
        return True
    from rezup_api.netfs.mounts import mount_may_hang  # only who has a remote root pays for this

    return not [folder for folder in folders if mount_may_hang(folder)]


def _holds(shared: "Iterable[tuple[str, Stamps]]") -> bool:
    """Whether all files on shares are as they were; a share that does not answer is a change."""
    if not shared:
        return True
    from rezup_api.netfs.limit import begin

    begun = [begin(lambda stamps=stamps: unchanged(stamps), marker) for marker, stamps in shared]  # type: ignore[misc]
    # All of them, and the last one first: each puts back how it has found children to be handled.
    return False not in [answered() for answered in reversed(begun)]


def undo_coercion(environ: "MutableMapping[str, str]") -> None:
    """Give LC_CTYPE back the value that it had before Python replaced it at its start (PEP 538): no command is to inherit that.

    Before the site-customize script runs: afterwards it may be the studio that has asked for C.UTF-8.
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


def run_site_script(path: str, code: "CodeType") -> "ScriptRun":
    """Run a site-customize script in this process.

    Returns:
        Its path, the environment before it, and what it raised, for `session.customize.check_run` to put into words.
    """
    before = dict(os.environ)
    try:
        exec(code, {"__file__": path, "__name__": "__main__", "__builtins__": __builtins__})
    except BaseException as error:  # noqa: BLE001 - raised again by the ordinary path
        return path, before, None if isinstance(error, SystemExit) and not error.code else error
    return path, before, None


def parent_words() -> "tuple[str, ...]":
    """The command line of the parent process, empty where it cannot be read."""
    try:
        with open(f"/proc/{os.getppid()}/cmdline", "rb") as stream:
            return tuple([os.fsdecode(word) for word in stream.read().split(b"\0")[:-1]])
    except OSError:
        return ()


def session_path(prefix: str, removed: "Sequence[str]", outer: str) -> str:
    """PATH in the session: what the container puts before the caller's, from which an outer session's entries are taken."""
    if removed:
        outer = ":".join([entry for entry in outer.split(":") if entry not in removed])
    return f"{prefix}:{outer}" if prefix and outer else prefix or outer


def _opening(record: "Record") -> "tuple[str, ...]":
    """The command that opens a shell; empty where the ordinary path has to find out which one."""
    return record.opening if os.isatty(0) and (not record.parent or parent_words() == record.parent) else ()


def _become(command: "list[str] | tuple[str, ...]", record: "Record", shared: "Iterable[tuple[str, Stamps]]") -> None:
    """Hold the revision and become the command; returns, with everything as it was, if that cannot be.

    Shares are asked last: after a fork, every page of memory that is touched is copied first. Who asks closes the lease.
    """
    path = record.values.get("PATH") or session_path(record.prefix, record.removed, os.environ.get("PATH", ""))
    program = find_program(command[0], path)
    if not program or is_for_csh(program):
        return
    lease = hold_revision(record.revision)
    if lease < 0:
        return
    if unchanged(record.stamps):
        before = put({**record.values, "PATH": path})
        try:
            if _holds(shared):
                undo_start()
                os.execv(program, command)
        except OSError:
            pass
        put(before)
    os.close(lease)


def find_program(name: str, path: str) -> str:
    """The executable file that `name` means on `path`, the value of PATH; empty when there is none."""
    for folder in [""] if "/" in name else path.split(":"):
        program = os.path.join(folder, name)
        if os.path.isfile(program) and os.access(program, os.X_OK):
            return program
    return ""


def is_for_csh(program: str) -> bool:
    """Whether a program may be csh or tcsh, or a script for them, which close the lease; the ordinary path looks closer."""
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
    """Take the lease on a revision's file, as `store.locks.lease` does; its descriptor, -1 where that is not granted at once."""
    import fcntl  # not loaded before there is something to hold

    try:
        descriptor = os.open(revision, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), os.stat(revision)):
                return fcntl.fcntl(descriptor, fcntl.F_DUPFD, LOWEST_DESCRIPTOR)
        finally:
            os.close(descriptor)
    except OSError:
        pass
    return -1


def put(values: "Mapping[str, str | None]") -> "dict[str, str | None]":
    """Set variables, or unset those whose value is None; what they were before."""
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
    """Let out what the site-customize script has printed, and put back what Python changed: it ignores SIGPIPE and SIGXFSZ."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    _signal.signal(_signal.SIGXFSZ, _signal.SIG_DFL)
