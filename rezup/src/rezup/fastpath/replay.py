"""The quick launch: become the command with the help of a record, at about the cost of starting Python.

An ordinary launch computes a session. Then `fastpath.prepare` writes its answer into a *record*, with the stamp of every file and
the value of every variable on which the answer depends. The next launch compares these, takes the lease, and becomes the command.
If anything differs, or if the command line is unusual, the ordinary path decides: a record is a cache of its answer and never
an answer of its own.

Every tenth of a millisecond counts here, so this module imports only what Python has loaded at its start, and `fcntl`: argparse
alone would nearly double the time of a launch, dataclasses or json more than double it. The quick launch exists on POSIX only.
"""

import _signal  # type: ignore[import-not-found]  # `signal` makes enumerations of it, which costs more than all the rest
import os
import sys

import rezup
from rezup.fastpath import EXISTS, load, record_path, stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping, Sequence
    from types import CodeType

    from rezup.fastpath import Record, Request, Stamps, Variables

    ScriptRun = tuple[str, Mapping[str, str], BaseException | None]

# Shell scripts open and close descriptors with low numbers themselves (`exec 3>file`).
LOWEST_DESCRIPTOR = 100


def attempt(words: "list[str]") -> "ScriptRun | None":
    """Become the command that the command line asks for, if a record answers it; else return, with nothing changed.

    The one exception is the site-customize script: if the record holds one, it may have run in this process.

    Args:
        words: the command line without the program.

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
        run = run_site_script(*record.script)
    if (run is None or run[2] is None) and agree(record.variables) and not _is_upgrade_due():
        command = request[2] or _opening(record)
        if command:
            _become(command, record, shared)
    return run


def _is_upgrade_due() -> bool:
    """Whether it is time to look for a newer release of rezup; the question costs nothing if no source is named."""
    if os.environ.get("REZUP_UPGRADE_SOURCE") or rezup.SOURCE:
        from rezup.fastpath.current_release import is_due

        return is_due(os.environ)
    return False


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


def parent_words() -> "tuple[str, ...]":
    """The command line of the parent process; empty if it cannot be read."""
    try:
        with open(f"/proc/{os.getppid()}/cmdline", "rb") as stream:
            return tuple([os.fsdecode(word) for word in stream.read().split(b"\0")[:-1]])
    except OSError:
        return ()


def session_path(prefix: str, removed: "Sequence[str]", outer: str) -> str:
    """PATH in the session: the container's entries, then the caller's without those of an outer session."""
    if removed:
        outer = ":".join([entry for entry in outer.split(":") if entry not in removed])
    return f"{prefix}:{outer}" if prefix and outer else prefix or outer


def _opening(record: "Record") -> "tuple[str, ...]":
    """The command that opens a shell; empty if the ordinary path has to find out which shell that is."""
    return record.opening if os.isatty(0) and (not record.parent or parent_words() == record.parent) else ()


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
