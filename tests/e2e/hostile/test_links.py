"""Links in place of the folders of a container: rezup follows none, whoever runs which command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.e2e.hostile.conftest import give

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine
    from tests.e2e.hostile.conftest import Attacker

REPLACE = 'rm -rf "$1/$2" 2>/dev/null || mv "$1/$2" "$1/away.$2"\nln -s "$3" "$1/$2"'
ACTS = (
    ("use", "dev", "--", "true"),
    ("add", "dev", "--skip-use"),
    ("status",),
    ("status", "dev"),
    ("history", "dev"),
    ("pin", "dev@latest"),
    ("unpin", "dev"),
    ("tag", "dev@latest", "mine"),
    ("untag", "dev", "mine"),
    ("rollback", "dev"),
    ("verify", "dev", "--repair"),
    ("gc", "dev", "--keep", "1"),
)


def told_well(machine: Machine, *words: str) -> int:
    """Run a command, which may succeed or fail, and return its status; it must never end by an error of rezup's own."""
    done = machine.run(*words, status=None)
    assert "internal error" not in done.stderr, done.stderr
    assert done.returncode == 0 or done.stderr.strip(), words
    return done.returncode


def test_what_a_linked_staging_folder_leads_to_is_not_swept(
    victim: Machine, attacker: Attacker, treasure: Path, unchanged: Callable[[Path], None]
) -> None:
    attacker.act(REPLACE, victim.root / "dev", ".staging", treasure)
    unchanged(treasure)
    for words in ACTS:
        told_well(victim, *words)
    done = victim.run("add", "dev", "--skip-use", status=None)
    assert done.returncode != 0
    assert "symbolic link" in done.stderr
    assert victim.run("use", "dev", "--", "echo", "entered").stdout == "entered\n"


@pytest.mark.parametrize("folders", [("labels", "history", "failures", "libs", ".data", ".held"), ("revisions",)])
def test_an_act_on_one_container_does_not_reach_another_by_a_link(
    victim: Machine, attacker: Attacker, unchanged: Callable[[Path], None], folders: tuple[str, ...]
) -> None:
    for folder in folders:
        (victim.root / "prod" / folder).mkdir(exist_ok=True)
        give(victim.root / "prod" / folder)
        attacker.act(REPLACE, victim.root / "dev", folder, victim.root / "prod" / folder)
    unchanged(victim.root / "prod")
    for words in ACTS:
        told_well(victim, *words)
    told_well(victim, "drop", "dev", "--yes")
    assert victim.run("use", "prod", "--", "echo", "entered").stdout == "entered\n"


def test_a_container_that_is_a_link_is_none(
    victim: Machine, attacker: Attacker, unchanged: Callable[[Path], None]
) -> None:
    if victim.root.stat().st_mode & 0o1000:
        attacker.act('mv "$1/dev" "$1/away"; ln -s prod "$1/dev"', victim.root)
    else:
        victim.run("drop", "dev", "--yes")
        (victim.root / "dev").symlink_to("prod")
    unchanged(victim.root / "prod")
    for words in ACTS:
        if words[0] != "status":
            assert told_well(victim, *words) != 0, words
    assert "dev" not in [one["name"] for one in victim.json("status")["containers"]]


def test_the_root_itself_may_be_a_link(victim: Machine, ground: Path) -> None:
    (ground / "way").symlink_to(victim.root)
    victim.variables["REZUP_ROOT_LOCAL"] = str(ground / "way")
    assert victim.run("use", "prod", "--", "echo", "entered").stdout == "entered\n"
    victim.run("add", "prod", "--skip-use")
    victim.run("untag", "prod", "good")
    victim.run("gc", "prod", "--keep", "1")
    assert len(victim.revisions("prod")) == 1


def test_an_act_on_a_published_container_does_not_reach_another_by_a_link(
    victim: Machine, attacker: Attacker, ground: Path, treasure: Path, unchanged: Callable[[Path], None]
) -> None:
    remote = ground / "remote"
    remote.mkdir()
    give(remote)
    victim.variables["REZUP_ROOT_REMOTE"] = str(remote)
    for name in ("dev", "prod"):
        victim.run("add", name, "--remote", "--skip-use")
    (remote / "dev").rename(remote / "before")
    (remote / "dev").mkdir()
    (remote / "dev").chmod(0o777)
    attacker.act('cp -R "$1/before/." "$1/dev"', remote)
    for folder in ("labels", "revisions", ".staging", "history"):
        (remote / "prod" / folder).mkdir(exist_ok=True)
        give(remote / "prod" / folder)
        attacker.act(REPLACE, remote / "dev", folder, treasure if folder == ".staging" else remote / "prod" / folder)
        unchanged(remote / "prod")
        unchanged(treasure)
        for words in (
            ("tag", "dev@latest", "mine", "--remote"),
            ("pin", "dev@latest", "--remote"),
            ("unpin", "dev", "--remote"),
            ("add", "dev", "--remote", "--skip-use"),
            ("gc", "dev", "--remote", "--keep", "1"),
            ("use", "dev", "--", "true"),
        ):
            told_well(victim, *words)
