"""Remote roots: whether they answer, how soon, and what they keep."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import A

from rezup_api.doctor.remote_root_checks import SLOW, check_remote_roots, judged_latency

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.machine import Machine
    from tests.unit.studio import Studio

    from rezup_api.doctor.scene import Scene


def test_without_a_remote_root_all_is_well(scene: Callable[..., Scene]) -> None:
    (seen,) = check_remote_roots(scene())
    assert (seen.level, seen.text) == ("ok", "there is none: every revision is of this machine alone")


def test_one_that_is_not_there_is_wrong(scene: Callable[..., Scene], tmp_path: Path) -> None:
    (seen,) = check_remote_roots(scene(REZUP_ROOT_REMOTE=str(tmp_path / "nothing")))
    assert (seen.check, seen.level) == ("remote-root", "wrong")
    assert seen.text == f"the remote root {tmp_path}/nothing is not there"
    assert "check that it is mounted" in seen.way_out


def test_an_empty_one_is_fine(scene: Callable[..., Scene], tmp_path: Path) -> None:
    seen = check_remote_roots(scene(REZUP_ROOT_REMOTE=str(tmp_path)))
    assert [one.level for one in seen] == ["ok", "ok", "ok"]
    assert seen[1].text == f"you may publish on {tmp_path}"
    assert seen[2].text == f"nothing is published on {tmp_path}"
    assert list(tmp_path.iterdir()) == []


def test_containers_of_an_older_rezup_have_no_log(scene: Callable[..., Scene], studio: Studio) -> None:
    revisions = studio.there.path / "revisions" / A
    revisions.mkdir(parents=True)
    seen = check_remote_roots(scene(REZUP_ROOT_REMOTE=str(studio.there.root)))[2]
    assert (seen.check, seen.level) == ("remote-root-log", "warning")
    assert seen.text.endswith(": dev")
    assert "rezup add NAME --remote" in seen.way_out


def test_what_is_published_now_has_a_log(scene: Callable[..., Scene], machine: Machine) -> None:
    machine.publish()
    seen = check_remote_roots(scene(REZUP_ROOT_REMOTE=str(machine.remote)))
    assert [one.level for one in seen] == ["ok", "ok", "ok"]
    assert "containers: 1" in seen[0].text


@pytest.mark.skipif(os.name == "nt", reason="rights are of another kind there")
def test_who_may_only_read_may_not_publish(
    scene: Callable[..., Scene], open_folder: Path, unprivileged: Callable[[Callable[[], None]], None]
) -> None:
    open_folder.chmod(0o555)

    def look() -> None:
        seen = check_remote_roots(scene(REZUP_ROOT_REMOTE=str(open_folder)))[1]
        assert (seen.level, seen.text) == ("ok", f"you may not publish on {open_folder}")

    unprivileged(look)
    open_folder.chmod(0o777)


@pytest.mark.parametrize(("took", "level"), [(0.01, "ok"), (SLOW * 2, "warning")])
def test_a_slow_one_is_a_warning(took: float, level: str) -> None:
    seen = judged_latency("/studio", 3, took)
    assert seen.level == level
    assert f"{took * 1000:.0f} ms; containers: 3" in seen.text
