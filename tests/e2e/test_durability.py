"""What others read is on the disk before it has its name: the calls to the system tell, in their order."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.disks import unflushed
from tests.e2e.studio import published

from rezup_api.disk.staging import STAGING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace is a program of Linux")

CALLS = "trace=openat,fsync,fdatasync,syncfs,rename,renameat,renameat2,link,linkat"
# One line of strace with -f and -y: the call, what stands in its brackets, and what it gave.
LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (\S+)")
DESCRIPTOR = re.compile(r"^\d+<(.*?)>")
# A path, and the folder that it is relative to, if strace tells it: `5</studio/dev>, "pointer"`.
TEXT = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
CACHE = ".cache"


@dataclass
class Trace:
    """What a command did to the disk, in order.

    Args:
        roots: the local and the remote root.
        flushed: the files and folders that were flushed, each with the number of its last line.
        everything: the number of the last line by which a whole file system was flushed.
        named: what got a name that others see, with the path that it had before and the number of the line.
        made: what was opened for others to see while it was still empty, with the number of the line.
    """

    roots: tuple[Path, ...]
    flushed: dict[str, list[int]] = field(default_factory=dict)
    everything: list[int] = field(default_factory=list)
    named: list[tuple[Path, Path, int]] = field(default_factory=list)
    made: list[Path] = field(default_factory=list)

    def is_seen(self, path: Path) -> bool:
        """Whether others read what lies at this path."""
        parts = next((path.relative_to(root).parts for root in self.roots if root in path.parents), (STAGING,))
        return STAGING not in parts and CACHE not in parts

    def note(self, number: int, call: str, words: str) -> None:
        """Take one line."""
        if call in {"fsync", "fdatasync", "syncfs"}:
            path = DESCRIPTOR.findall(words)[0]
            self.everything += [number] if call == "syncfs" else []
            self.flushed.setdefault(path, []).append(number)
            return
        paths = [Path(folder, text) for folder, text in TEXT.findall(words)]
        if call == "openat":
            self.made += [path for path in paths if "O_CREAT" in words and self.is_seen(path)]
        elif self.is_seen(paths[1]):
            self.named.append((paths[0], paths[1], number))

    def faults(self) -> Iterator[str]:
        """What a power loss could leave empty, or could take back after the command has told that it is done."""
        yield from (f"{path} was written where others read it" for path in self.made)
        for before, after, number in self.named:
            files = [path for path in after.rglob("*") if path.is_file() and not path.is_symlink()]
            for path in files if after.is_dir() else [after]:
                prepared = before / path.relative_to(after)
                if not self._any(prepared, before=number):
                    yield f"{path} was not flushed before it appeared"
            if not any(line > number for line in self.flushed.get(str(after.parent), [])):
                yield f"{after.parent} was not flushed after {after.name} appeared there"

    def _any(self, path: Path, *, before: int) -> bool:
        return any(line < before for line in [*self.everything, *self.flushed.get(str(path), [])])


@pytest.fixture
def traced(publisher: Machine, need_program: Callable[[str], Path], tmp_path: Path) -> Callable[..., Trace]:
    """`traced("pin", "dev")` runs a command; what it did to the disk."""
    strace = str(need_program("strace"))

    def run(*words: str) -> Trace:
        file = tmp_path / "trace"
        prefix = (strace, "-f", "-y", "-s", "4096", "-e", CALLS, "-e", "status=successful", "-o", str(file))
        before, publisher.prefix = publisher.prefix, prefix
        try:
            publisher.run(*words)
        finally:
            publisher.prefix = before
        trace = Trace((publisher.root, Path(publisher.variables["REZUP_ROOT_REMOTE"])))
        for number, line in enumerate(_whole(file.read_text(encoding="utf-8", errors="replace").splitlines())):
            found = LINE.match(line)
            if found is not None:
                trace.note(number, found[1], found[2])
        return trace

    return run


def _whole(lines: list[str]) -> Iterator[str]:
    """The lines of a trace; those that another process has cut in two stand where the call has ended."""
    begun: dict[str, str] = {}
    for line in lines:
        process = line.split(" ", 1)[0]
        if line.endswith(" <unfinished ...>"):
            begun[process] = line.removesuffix(" <unfinished ...>")
        elif " resumed>" in line:
            yield begun.pop(process, "") + line.partition(" resumed>")[2]
        else:
            yield line


# What may appear by an act: patterns of names under a root.
SERIES = r"dev/revisions/\d+\.\d+"
RECORD = r"dev/history/[^/]+\.json"
ENTRY, POINTER, NOTED = r"dev/log/\d+\.json", "dev/pointer", r"dev/labels/\.published"


def appeared(trace: Trace) -> list[str]:
    """The names under either root that an act has given."""
    return [
        str(after.relative_to(root)) for _, after, _ in trace.named for root in trace.roots if root in after.parents
    ]


def test_what_an_act_shows_to_others_is_on_the_disk_first(publisher: Machine, traced: Callable[..., Trace]) -> None:
    publisher.recipe("", "dev")
    publisher.run("add", "dev", "--remote", "--skip-use")
    first = published(publisher)[-1]
    expected = {
        ("add", "dev", "--skip-use"): [SERIES, RECORD],
        ("add", "dev", "--remote", "--skip-use"): [SERIES, ENTRY, POINTER, SERIES, RECORD, NOTED],
        ("pin", f"dev@{first}", "--local"): [r"dev/labels/\.pin", RECORD],
        ("tag", f"dev@{first}", "tested", "--local"): ["dev/labels/tested", RECORD],
        ("tag", f"dev@{first}", "tested", "--remote"): [ENTRY, POINTER],
        ("rollback", "dev", "--remote"): [ENTRY, POINTER],
    }
    for words, patterns in expected.items():
        trace = traced(*words)
        assert list(trace.faults()) == [], words
        names = appeared(trace)
        assert len(names) == len(patterns), (words, names)
        assert all(map(re.fullmatch, patterns, names)), (words, names)


def test_the_trace_shows_what_is_not_flushed(publisher: Machine, traced: Callable[..., Trace], tmp_path: Path) -> None:
    """A trace that shows nothing would pass the test above, too."""
    publisher.recipe("", "dev")
    publisher.run("add", "dev", "--skip-use")
    publisher.variables |= unflushed(tmp_path)
    faults = list(traced("pin", "dev@latest").faults())
    assert any("labels/.pin was not flushed" in fault for fault in faults), faults
    assert any("labels was not flushed" in fault for fault in faults), faults
    assert os.path.exists(publisher.root / "dev" / "labels" / ".pin")
