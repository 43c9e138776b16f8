"""Why the system does not run a program, as the system itself says it."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup_api.process.refusals import NOEXEC, is_bare_script, program_hint, refusal, runs_nothing

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX has these refusals")


def refused(program: Path, *words: str) -> OSError:
    """What the system says when a program is started."""
    try:
        subprocess.run([program, *words], check=False)
    except OSError as error:
        return error
    pytest.fail(f"{program} was run")


def program(folder: Path, content: bytes, mode: int = 0o755) -> Path:
    """A file that may be run."""
    path = folder / "program"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("content", "bare", "status", "hint"),
    [
        (b"echo hello\n", True, 126, "it is neither a script nor a program for this machine"),
        (b"", True, 126, "it is neither a script nor a program for this machine"),
        (b"\x7fNOTELF\0\0\0", False, 126, "it is neither a script nor a program for this machine"),
        (b"#!/nowhere/interpreter\n", False, 127, "the interpreter that its first line names does not"),
    ],
)
def test_each_kind_of_file(tmp_path: Path, content: bytes, bare: bool, status: int, hint: str) -> None:
    path = program(tmp_path, content)
    error = refused(path)
    assert is_bare_script(str(path), error) is bare
    told = refusal(str(path), error)
    assert (told.status, str(path) in told.message) == (status, True)
    assert hint in told.hint


def test_too_many_words_are_said(tmp_path: Path) -> None:
    path = program(tmp_path, b"#!/bin/sh\n")
    told = refusal(str(path), refused(path, *["x" * 100_000] * 40))
    assert told.hint == "its arguments and its environment together are too long"


def test_another_refusal_is_told_in_the_systems_words() -> None:
    told = refusal("/bin/x", OSError(errno.EIO, "Input/output error"))
    assert (told.message, told.hint, told.status) == ("cannot run /bin/x: Input/output error", "", 126)


def test_a_program_that_is_gone_is_no_script() -> None:
    assert not is_bare_script("/nowhere", OSError(errno.ENOEXEC, "x"))
    assert not runs_nothing("/nowhere")


@pytest.mark.parametrize(
    ("number", "noexec", "hint"),
    [(errno.EACCES, True, NOEXEC), (errno.EPERM, True, NOEXEC), (errno.EACCES, False, ""), (errno.ENOENT, True, "")],
)
def test_a_file_system_that_runs_nothing_is_named(
    *, number: int, noexec: bool, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = os.ST_NOEXEC if noexec else 0
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result((*[0] * 8, flags, 0)))
    assert program_hint(str(tmp_path), OSError(number, "x")) == hint


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
def test_a_real_one(tmp_path: Path) -> None:
    code = f"""
import subprocess
from rezup_api.process.refusals import program_hint
try:
    subprocess.run([{str(tmp_path / "program")!r}])
except OSError as error:
    print(program_hint({str(tmp_path / "program")!r}, error))
"""
    write = 'printf "#!/bin/sh\\n" > "$1/program" && chmod +x "$1/program"'
    script = f'mount -t tmpfs -o noexec none "$1" && {write} && exec "$2" -c "$3"'
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", tmp_path, sys.executable, code],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "Operation not permitted" in done.stderr:
        pytest.skip("this user may not mount")
    assert done.stdout.strip() == NOEXEC, done.stderr
