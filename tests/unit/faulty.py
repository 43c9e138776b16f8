"""Run commands while one call to the system fails, and tell what was wrong: the process in which the tests of faults do this.

It must be started with the library of `faults.c` loaded before libc. Arguments: a folder to work in, how many cases, a seed, the
commands, keys of `VERBS` (by default all), and `real` where uv is to build with a real Rez. It prints one JSON document: the
number of cases in which the call was met, and a line for each thing that was wrong.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.unit.fake_engine import FakeEngine, index_of

from rezup.__main__ import main
from rezup.output import exits
from rezup_api.disk.staging import STAGING
from rezup_api.errors import RezupError
from rezup_api.events import silent
from rezup_api.published.published_root import PublishedRoot
from rezup_api.resolve import engine_choice
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.layout import ContainerFolder
from rezup_api.store.root import ContainerRoot, local_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KINDS = (
    *("read-open", "write-open", "read", "write", "close", "flush", "rename", "link", "unlink", "mkdir", "rmdir"),
    *("stat", "list", "chmod", "symlink", "lock"),
)
# Not a call that fails, but a limit for all files that are written (`ulimit -f`).
SIZE = "size"
SIZES = (0, 100, 1000, 10_000, 100_000)
ERRORS = (errno.EIO, errno.ENOSPC, errno.ESTALE, errno.EACCES, errno.EDQUOT, errno.EMFILE)
# Seconds; a command that takes longer hangs.
PATIENCE = 60.0
VERBS: dict[str, tuple[str, ...]] = {
    "add": ("add", "dev", "--skip-use"),
    "publish": ("add", "dev", "--skip-use", "--remote"),
    "use": ("use", "dev", "--", "true"),
    "pull": ("pull", "other"),
    "pin": ("pin", "dev@~1", "--local"),
    "pin remote": ("pin", "dev@~1", "--remote"),
    "unpin": ("unpin", "pinned", "--local"),
    "unpin remote": ("unpin", "pinned", "--remote"),
    "tag": ("tag", "dev@~1", "new", "--local"),
    "tag remote": ("tag", "dev@~1", "new", "--remote"),
    "untag": ("untag", "pinned", "old", "--local"),
    "untag remote": ("untag", "pinned", "old", "--remote"),
    "rollback": ("rollback", "dev", "--local"),
    "rollback remote": ("rollback", "dev", "--remote"),
    "gc": ("gc", "dev", "--keep", "1", "--local"),
    "gc remote": ("gc", "dev", "--keep", "1", "--remote"),
    "drop": ("drop", "dev", "--yes", "--local"),
    "drop remote": ("drop", "dev", "--yes", "--remote"),
    "verify": ("verify", "dev"),
    "repair": ("verify", "dev", "--repair"),
    "status": ("status", "dev"),
    "history": ("history", "dev"),
    "diff": ("diff", "dev@~1", "dev"),
    "env": ("env", "dev"),
}
CONTAINERS = ("dev", "pinned", "other")


@dataclass(frozen=True)
class Case:
    """One call that fails.

    Args:
        verb: one of `VERBS`.
        kind: one of `KINDS`, or `SIZE`.
        number: which call of that kind; for `SIZE`, how large files may become.
        error: what the call gives.
    """

    verb: str
    kind: str
    number: int
    error: int

    def __str__(self) -> str:
        return f"{self.verb}: {self.kind} {self.number} {errno.errorcode[self.error]}"


class Tree:
    """The home folder and the remote root that the commands work on; `restore` makes them as they were."""

    def __init__(self, folder: Path, *, real: bool = False) -> None:
        self.recipe = '[rez]\nurl = "rez==3.4.0"\n' if real else ""
        self.live = folder / "live"
        self.kept = folder / "kept"
        self.faults: Any = ctypes.CDLL(None)
        if not real:
            engine = FakeEngine(index_of(folder / "index"))
            engine_choice.choose_engine = lambda *_: engine
        (self.live / "remote").mkdir(parents=True)
        (self.live / "home").mkdir()
        for name in [name for name in os.environ if name.startswith(("REZUP_", "REZ_", "XDG_"))]:
            del os.environ[name]
        os.environ |= {"HOME": str(self.live / "home"), "REZUP_ROOT_REMOTE": str(self.live / "remote")}
        os.environ |= {"SHELL": "/bin/sh"} if real else {"PIP_CONFIG_FILE": os.devnull, "SHELL": "/bin/sh"}
        os.chdir(folder)

    def prepare(self) -> None:
        """Make three containers, one of which has a pin and a label, and one that this machine has not built."""
        for name in CONTAINERS:
            (self.live / "home" / f"rezup.{name}.toml").write_text(self.recipe, encoding="utf-8")
            for _ in range(2):
                self._must("add", name, "--skip-use", "--remote")
        for where in ("--local", "--remote"):
            self._must("tag", "pinned@~1", "old", where)
            self._must("pin", "pinned@~1", where)
        self._must("drop", "other", "--yes", "--local")
        self._must("use", "dev", "--", "true")
        _copy(self.live, self.kept)

    def restore(self) -> None:
        """Make everything as it was prepared."""
        shutil.rmtree(self.live)
        _copy(self.kept, self.live)

    def run(self, words: Sequence[str], case: Case | None = None) -> tuple[int, str, dict[str, int], bool]:
        """Run a command in a child; its status, what it printed, how many calls there were, and whether the call was met."""
        counted = self.live.parent / "counted"
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            status = 255
            os.setpgid(0, 0)
            try:
                status = self._child(words, case, writing, counted)
            finally:
                os._exit(status)
        os.close(writing)
        timer = threading.Timer(PATIENCE, _end, [child])
        timer.start()
        with open(reading, encoding="utf-8", errors="replace") as stream:
            told = stream.read()
        _, ended = os.waitpid(child, 0)
        timer.cancel()
        counts, met = json.loads(counted.read_text() or "[{}, true]") if counted.exists() else ({}, True)
        counted.unlink(missing_ok=True)
        return os.waitstatus_to_exitcode(ended), told, counts, met

    def _child(self, words: Sequence[str], case: Case | None, output: int, counted: Path) -> int:
        for stream in (1, 2):
            os.dup2(output, stream)
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        wanted = (case.kind, case.number, case.error) if case is not None else ("", 0, 0)
        become = os.execve

        def note() -> None:
            counts = {kind: self.faults.fault_count(kind.encode()) for kind in KINDS}
            met = bool(self.faults.fault_met()) or wanted[0] == SIZE
            self.faults.fault_arm(b"", 0, 0, b"")
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            counted.write_text(json.dumps([counts, met]))

        def execve(*arguments: Any) -> None:
            note()
            become(*arguments)

        os.execve = execve  # type: ignore[assignment]
        self.faults.fault_arm(wanted[0].encode(), wanted[1], wanted[2], os.fsencode(self.live))
        if wanted[0] == SIZE:
            resource.setrlimit(resource.RLIMIT_FSIZE, (wanted[1], hard))
        status = main(list(words))
        sys.stdout.flush()
        sys.stderr.flush()
        note()
        return status

    def _must(self, *words: str) -> None:
        status, told, _, _ = self.run(words)
        if status:
            raise SystemExit(f"{words} gave {status}: {told}")

    def state(self) -> dict[str, Any]:
        """What others see: revisions, pins and labels under both roots; new revisions by their number only."""
        found: dict[str, Any] = {}
        for name in CONTAINERS:
            local = local_root(ContainerFolder(self.live / "home" / ".rezup", name))
            remote = PublishedRoot(SharedFolder(self.live / "remote"), name, {}, silent)
            for place, root in (("local", local), ("remote", remote)):
                found[f"{name} {place}"] = _seen(root)
        return found


def _copy(source: Path, target: Path) -> None:
    """Copy a tree with its hard links: a cache and the environments that share its files are many times as large without."""
    subprocess.run(["cp", "-a", source, target], check=True)


def _end(child: int) -> None:
    """End a command that hangs, and all that it has started."""
    with suppress(OSError):
        os.killpg(child, signal.SIGKILL)


def _seen(root: ContainerRoot) -> Any:
    pin = root.pin()
    return (
        sum(root.metadata(timestamp) is not None for timestamp in root.timestamps()),
        len(root.timestamps()),
        pin.timestamp if pin is not None else "",
        sorted(root.labels()),
    )


def cases(tree: Tree, chosen: random.Random, verbs: Sequence[str]) -> tuple[list[Case], dict[str, dict[str, Any]]]:
    """Every call of these commands, each with one error, in random order; and what each command leaves when nothing fails."""
    found, states = [], {}
    for verb in verbs:
        words = VERBS[verb]
        tree.restore()
        before = tree.state()
        status, told, counts, _ = tree.run(words)
        if status:
            raise SystemExit(f"{words} gave {status}: {told}")
        states[verb] = {"before": before, "after": tree.state()}
        found += [
            Case(verb, kind, number + 1, chosen.choice(ERRORS)) for kind in KINDS for number in range(counts[kind])
        ]
        found += [Case(verb, SIZE, size, errno.EFBIG) for size in SIZES]
    chosen.shuffle(found)
    return found, states


def wrong(tree: Tree, case: Case, states: dict[str, Any]) -> Iterator[str]:
    """Run a command with a fault, then the same without; what is wrong."""
    status, told, _, met = tree.run(VERBS[case.verb], case)
    if not met:
        return
    last = " / ".join(told.strip().splitlines()[-3:])
    if status < 0 or status in {exits.INTERNAL, 255} or "internal error" in told or "Traceback" in told:
        yield f"status {status}: {last}"
    try:
        state = tree.state()
    except (RezupError, OSError) as error:
        yield f"nothing can be read any more: {error!r}"
        state = None
    whole = (states["before"], states["after"])
    if state is not None and state not in whole and not _only_published(case, states, state, status, told):
        yield f"a half state ({status}): {_difference(states['before'], state)}: {last}"
    elif state is not None and states["before"] != states["after"]:
        if status == 0 and state == states["before"] and not _says_why_it_stays(tree, case, told):
            yield f"status 0, and not done: {last}"
        if status != 0 and state == states["after"]:
            yield f"status {status}, but done: {last}"
    again, told, _, _ = tree.run(VERBS[case.verb])
    if again and not (status == 0 or state == states["after"]):
        yield f"the next command gives {again}: {' / '.join(told.strip().splitlines()[-3:])}"
    container = next(name for name in CONTAINERS if any(word.startswith(name) for word in VERBS[case.verb]))
    tree.run(("add", container, "--skip-use", "--remote"))
    for root in (tree.live / "home" / ".rezup", tree.live / "remote"):
        left = [str(path.relative_to(root)) for path in root.glob(f"*/{STAGING}/*")]
        if left:
            yield f"left: {left}"


def _only_published(case: Case, states: dict[str, Any], state: dict[str, Any], status: int, told: str) -> bool:
    """Whether a revision is published, and only this machine's own build of it is missing, which the command must say.

    A publication cannot be taken back: from the moment at which it is one, other machines may have it. The build that was made
    for it appears here afterwards, and if that fails, the command fails, and names what builds it: see the hint.
    """
    expected = {**states["after"], "dev local": states["before"]["dev local"]}
    hint = "this machine builds it like every other one: rezup pull dev@"
    return case.verb == "publish" and state == expected and status != 0 and "is published on" in told and hint in told


def _says_why_it_stays(tree: Tree, case: Case, told: str) -> bool:
    """Whether `gc` says of the very revision that should have gone that it stays, in a row with a reason.

    It removes what it is sure of: a revision that it could not lock, read or remove stays, which is no failure of the others.
    """
    if not case.verb.startswith("gc"):
        return False
    oldest = min(path.name for path in (tree.kept / "home" / ".rezup" / "dev" / "revisions").iterdir())
    rows = [line.split(maxsplit=2) for line in told.splitlines() if line.startswith(f"dev@{oldest}")]
    return any(len(row) == 3 and row[1] == "stays" and not row[2].startswith("one of the newest") for row in rows)


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    return "; ".join(f"{key}: {before[key]} -> {now[key]}" for key in before if before[key] != now[key])


def run() -> None:
    """Run as many cases as the arguments say."""
    folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    tree = Tree(folder, real="real" in sys.argv[4:])
    verbs = [word for word in sys.argv[4:] if word != "real"] or list(VERBS)
    tree.prepare()
    chosen = random.Random(seed)
    every, states = cases(tree, chosen, verbs)
    done, found = 0, []
    while done < count:
        for case in every[: count - done]:
            tree.restore()
            one_case = [f"{case}: {one}" for one in wrong(tree, case, states[case.verb])]
            # Also as it goes: a whole run takes an hour, and may be ended before.
            sys.stderr.write("".join(f"{one}\n" for one in one_case) or f"{case}\n")
            found += one_case
            done += 1
        every = [replace(one, error=chosen.choice(ERRORS)) for one in every if one.kind != SIZE]
    sys.stdout.write(json.dumps({"cases": done, "calls": len(every), "wrong": found}))


if __name__ == "__main__":
    run()
