"""The text to paste: no secrets in it; and the files of reports, which are few."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from rezup_api.doctor.observation import Diagnosis, Observation
from rezup_api.doctor.report_text import KEPT, keep_report, report_of, without_secrets

if TYPE_CHECKING:
    from pathlib import Path


def test_it_has_the_checks_the_trace_and_only_variables_of_rezup() -> None:
    seen = Observation("index", "wrong", "https://ann:secret@index/ does not answer: /home/ann/x", "plug it in")
    environ = {
        "HOME": "/home/ann",
        "REZUP_UPGRADE_SOURCE": "https://ann:secret@host/simple",
        "REZUP_ROOT_LOCAL": "/home/ann/rezup",
        "REZUP_SESSION": '{"AWS_SECRET": "secret"}',
        "AWS_SECRET": "secret",
    }
    text = report_of(Diagnosis("dev", (seen,)), environ, "Traceback:\n  /home/ann/y, password=secret\n")
    lines = text.splitlines()
    assert lines[0].startswith("rezup 3.")
    assert lines[2:5] == ["Variables:", "  REZUP_ROOT_LOCAL=~/rezup", "  REZUP_UPGRADE_SOURCE=https://****@host/simple"]
    assert lines[6:8] == ["Checks of dev:", "  wrong   index: https://****@index/ does not answer: ~/x"]
    assert lines[9:] == ["Internal error:", "  Traceback:", "    ~/y, password=****"]
    assert "secret" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/ann", "~"),
        ("/home/ann/x:/home/ann", "~/x:~"),
        ("/home/anna/x", "/home/anna/x"),
        ("/home/ann-2", "/home/ann-2"),
        ("/home/ann.d", "/home/ann.d"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("one\ntwo token=abc", "one\ntwo token=****"),
    ],
)
def test_the_home_folder_credentials_and_control_characters_are_not_in_it(text: str, shown: str) -> None:
    assert without_secrets(text, {"HOME": "/home/ann"}) == shown


def test_a_home_at_the_root_is_left_as_it_is() -> None:
    assert without_secrets("/usr/bin", {"HOME": "/"}) == "/usr/bin"


def test_ten_files_are_kept_and_nobody_else_reads_them(home: Path) -> None:
    environ = {"HOME": str(home)}
    folder = home / ".local/state/rezup/reports"
    folder.mkdir(parents=True)
    (folder / "notes.txt").touch()
    for number in range(KEPT + 2):
        old = folder / f"20200101-0000{number:02}-{'0' * 8}.txt"
        old.touch()
    path = keep_report("the newest \udcff", environ)
    assert path is not None
    names = sorted(os.listdir(folder))
    assert len(names) == KEPT + 1
    assert {"notes.txt", path.name, f"20200101-0000{KEPT + 1:02}-{'0' * 8}.txt"} <= set(names)
    assert f"20200101-000000-{'0' * 8}.txt" not in names
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_report_that_cannot_be_written_is_none(home: Path) -> None:
    (home / ".local").touch()
    assert keep_report("text", {"HOME": str(home)}) is None
