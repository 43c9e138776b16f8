"""Local roots: there, writable, whose, and what their file systems can do."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup_api.doctor.local_root_checks import (
    Abilities,
    check_local_roots,
    file_system,
    judged_abilities,
    try_out,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup_api.doctor.observation import Observation
    from rezup_api.doctor.scene import Scene

ABLE = Abilities(links=True, reflinks=True, locks=True, skew=0.0)
posix = pytest.mark.skipif(os.name == "nt", reason="rights are of another kind there")


def levels(seen: list[Observation]) -> dict[str, str]:
    return {one.check.removeprefix("local-root").lstrip("-"): one.level for one in seen}


def test_a_root_that_is_not_there_yet_is_fine_and_is_not_made(scene: Callable[..., Scene], home: Path) -> None:
    (seen,) = check_local_roots(scene())
    assert seen.level == "ok"
    assert seen.text.startswith(f"{home}/.rezup is not there yet; the first build makes it")
    assert list(home.iterdir()) == []


def test_a_good_root_has_five_good_marks_and_stays_as_it_is(scene: Callable[..., Scene], home: Path) -> None:
    root = home / ".rezup"
    (root / "dev").mkdir(parents=True)
    seen = check_local_roots(scene())
    assert levels(seen) == {"": "ok", "links": "ok", "locks": "ok", "clock": "ok"}
    assert seen[0].text.endswith("belongs to you, and you can write to it")
    assert {one.subject for one in seen} == {str(root)}
    assert sorted(path.relative_to(home).as_posix() for path in home.rglob("*")) == [".rezup", ".rezup/dev"]


@posix
def test_a_file_in_the_place_of_the_root_is_wrong(scene: Callable[..., Scene], home: Path) -> None:
    (home / ".rezup").touch()
    (seen,) = check_local_roots(scene())
    assert seen.level == "wrong"
    assert "REZUP_ROOT_LOCAL" in seen.way_out


@posix
def test_a_root_that_all_users_can_write_to_is_a_warning_unless_it_is_sticky(
    scene: Callable[..., Scene], home: Path
) -> None:
    root = home / ".rezup"
    root.mkdir()
    root.chmod(0o777)
    seen = check_local_roots(scene())[0]
    assert (seen.level, "every user can remove" in seen.text) == ("warning", True)
    assert seen.way_out.startswith(f"chmod +t {root}")
    root.chmod(0o1777)
    assert check_local_roots(scene())[0].level == "ok"


@posix
def test_a_root_that_only_others_can_write_to(
    scene: Callable[..., Scene], open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    root = open_folder / "root"
    root.mkdir()
    (open_folder / "closed").mkdir()
    root.chmod(0o755)

    def look() -> None:
        (seen,) = check_local_roots(scene(REZUP_ROOT_LOCAL=str(root)))
        assert seen.level == "warning"
        assert "and you cannot write to it" in seen.text
        (seen,) = check_local_roots(scene(REZUP_ROOT_LOCAL=str(open_folder / "closed" / "root")))
        assert seen.level == "wrong"
        assert f"you cannot write to {open_folder}/closed" in seen.text

    if os.geteuid() != 0:
        root.chmod(0o555)
        (open_folder / "closed").chmod(0o555)
    unprivileged(look)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("able", "expected"),
    [
        (ABLE, {}),
        (replace(ABLE, reflinks=False), {}),
        (replace(ABLE, links=False), {}),
        (replace(ABLE, links=False, reflinks=False), {"links": "warning"}),
        (replace(ABLE, locks=False), {"locks": "wrong"}),
        (replace(ABLE, skew=1.9), {}),
        (replace(ABLE, skew=-90.0), {"clock": "warning"}),
        (replace(ABLE, skew=90.0), {"clock": "warning"}),
    ],
)
def test_abilities_are_judged(able: Abilities, expected: dict[str, str]) -> None:
    seen = judged_abilities(Path("/root"), able)
    assert levels(seen) == {"links": "ok", "locks": "ok", "clock": "ok", **expected}
    assert [bool(one.way_out) for one in seen] == [one.level != "ok" for one in seen]


@pytest.mark.parametrize(("skew", "text"), [(90.0, "90 s ahead of that"), (-90.4, "90 s behind that")])
def test_a_clock_that_is_off_says_by_how_much(skew: float, text: str) -> None:
    assert text in judged_abilities(Path("/root"), replace(ABLE, skew=skew))[2].text


def test_a_folder_is_tried_out_and_stays_empty(tmp_path: Path) -> None:
    able = try_out(tmp_path)
    assert able.locks
    assert able.links
    assert abs(able.skew) < 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="there is no table of mounts")
def test_file_systems_have_names(tmp_path: Path) -> None:
    assert file_system(Path("/proc/self")) == "proc"
    assert file_system(tmp_path / "not" / "there") == file_system(tmp_path) != ""
