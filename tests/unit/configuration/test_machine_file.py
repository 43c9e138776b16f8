"""The configuration of a machine: whose file counts, what is wrong with it, and what of two files holds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.configuration.machine_file import LARGEST, Hook, Machine, machine_files, overlaid, read_machine

if TYPE_CHECKING:
    from pathlib import Path

HOOK = '[[hook]]\non = "published"\ncommand = "true"\n'


@pytest.fixture
def own(home: Path) -> Path:
    """The user's file, which does not exist yet."""
    path = home / ".config" / "rezup" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


def read(*files: Path) -> Machine:
    return read_machine({}, files)


def problems(machine: Machine) -> list[str]:
    return [str(one) for one in machine.problems]


def test_the_files_are_the_admins_and_then_the_users(home: Path) -> None:
    names = [str(path) for path in machine_files({"HOME": str(home)})]
    assert names[-1] == str(home / ".config/rezup/config.toml")
    assert os.name == "nt" or names[0] == "/etc/rezup/config.toml"
    assert machine_files({"HOME": str(home), "XDG_CONFIG_HOME": "/elsewhere"})[-1].parts[1] == "elsewhere"
    assert machine_files({"HOME": str(home), "XDG_CONFIG_HOME": "relative"})[-1].is_relative_to(home)


def test_without_a_file_nothing_is_configured(own: Path) -> None:
    assert read(own, own.parent / "nothing" / "config.toml") == Machine()


def test_hooks_of_both_files_hold_the_admins_first(own: Path, tmp_path: Path) -> None:
    system = tmp_path / "config.toml"
    system.write_text(HOOK, encoding="utf-8")
    own.write_text('[[hook]]\non = ["added", "pulled"]\ncommand = "echo"\ntimeout = 1.5\n', encoding="utf-8")
    found = read(system, own)
    assert found.hooks == (
        Hook(("published",), "true", 60.0, f"{system}: hook[0]"),
        Hook(("added", "pulled"), "echo", 1.5, f"{own}: hook[0]"),
    )
    assert found.files == (system, own)
    assert found.problems == ()


def test_the_users_keys_win_one_by_one() -> None:
    below = {"fleet": {"reports": True, "name": "farm"}, "log_id": "a", "list": [1]}
    above = {"fleet": {"name": "desk"}, "log_id": "b", "list": [2], "hook": [{}]}
    assert overlaid(below, above) == {
        "fleet": {"reports": True, "name": "desk"},
        "log_id": "b",
        "list": [2],
        "hook": [{}],
    }


def test_all_problems_are_told_with_file_key_and_the_nearest_known_key(own: Path) -> None:
    own.write_text(
        f'{HOOK}timeot = 3\n[[hook]]\non = "publishd"\ncommand = 3\ntimeout = "5"\n[hooks]\n[[hook]]\ncommand = ""\n',
        encoding="utf-8",
    )
    found = read(own)
    assert problems(found) == [
        f"{own}: hook[0].timeot: unknown key (did you mean hook.timeout?)",
        (
            f"{own}: hook[1].on: 'publishd' is not a value that this key takes (write one of "
            '"added", "published", "pulled", "failed", "rolled-back", "switched")'
        ),
        f"{own}: hook[1].command: expected text, found a whole number (write it in quotes)",
        f"{own}: hook[1].timeout: expected a number of seconds, found text (write it without quotes)",
        f"{own}: hook[2].command: is empty (leave the key out if there is nothing to say)",
        f"{own}: hook[2].on: is missing",
        f"{own}: hooks: unknown key (did you mean [[hook]]?)",
    ]
    assert [hook.command for hook in found.hooks] == ["true"], "what is whole holds"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[[hook]\n", "line 1, column"),
        (b"\xff", "is not UTF-8 text (byte 0)"),
        (b"hook = 3\n", "expected a list of tables, found a whole number"),
        (b"hook = [3]\n", "expected a table, found a whole number"),
        (b"#" * (LARGEST + 1), f"it has more than {LARGEST} bytes"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
    ],
)
def test_a_damaged_file_is_a_problem_and_the_other_one_holds(
    own: Path, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "config.toml").write_text(HOOK, encoding="utf-8")
    own.write_bytes(content)
    found = read(tmp_path / "config.toml", own)
    assert message in problems(found)[0]
    assert len(found.problems) == 1
    assert [hook.command for hook in found.hooks] == ["true"]


@pytest.mark.skipif(os.name == "nt", reason="rights are of another kind there")
@pytest.mark.parametrize("part", ["file", "folder", "folder above"])
def test_what_others_can_change_is_not_there(own: Path, part: str) -> None:
    own.write_text(HOOK, encoding="utf-8")
    place = {"file": own, "folder": own.parent, "folder above": own.parent.parent}[part]
    place.chmod(place.stat().st_mode | 0o022)
    found = read(own)
    assert found.hooks == ()
    assert found.files == ()
    assert problems(found) == [
        f"{own}: is not read, because other users can change {place} (take that right from them: chmod go-w {place})"
    ]


@pytest.mark.skipif(os.name == "nt", reason="rights are of another kind there")
def test_a_link_of_the_users_own_is_followed_unless_others_can_replace_it(own: Path, tmp_path: Path) -> None:
    """Many users keep their configuration in one folder, and links to it."""
    kept = tmp_path / "dotfiles" / "rezup.toml"
    kept.parent.mkdir()
    kept.write_text(HOOK, encoding="utf-8")
    own.symlink_to(kept)
    assert len(read(own).hooks) == 1
    kept.parent.chmod(0o777)
    assert read(own).hooks == ()
    assert f"other users can change {kept.parent}" in problems(read(own))[0]


def test_a_link_to_nothing_is_no_file(own: Path, tmp_path: Path) -> None:
    own.symlink_to(tmp_path / "nothing")
    assert read(own) == Machine()


@pytest.mark.skipif(os.name == "nt", reason="there are no named pipes of that kind")
def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(own: Path) -> None:
    os.mkfifo(own)
    assert problems(read(own)) == [f"{own}: cannot be read: it is not a regular file"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_says_who_must_own_it(own: Path) -> None:
    own.write_text(HOOK, encoding="utf-8")
    os.chown(own, 65534, 65534)
    assert problems(read(own)) == [
        f"{own}: is not read, because other users can change {own} (it must belong to you or to root: chown {own})"
    ]
