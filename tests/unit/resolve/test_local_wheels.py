"""Wheels of local paths: made once for all environments of a revision, and what is no wheel is said."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.unit.fake_engine import library_wheel, project_folder

from rezup_api.errors import InstallError
from rezup_api.events import Event, StepFinished
from rezup_api.packages.request import EnvironmentRequest, Requirement
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.resolve.local_wheels import from_wheels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.packages.pylock import LocalWheel


def request(*requirements: Requirement, shared: tuple[Requirement, ...] = ()) -> EnvironmentRequest:
    """An environment of these."""
    return EnvironmentRequest("rez", host_interpreter(), requirements, (), shared, "", ())


def made(
    tmp_path: Path,
    wanted: EnvironmentRequest,
    build: Callable[[Path, Path], object] = lambda source, folder: library_wheel(folder, "Studio-Tool", "2.0"),
) -> tuple[EnvironmentRequest, list[LocalWheel], list[str]]:
    """What is asked for then, the wheels, and what was told."""
    events: list[Event] = []
    changed, wheels = from_wheels(
        wanted,
        tmp_path / "wheels",
        tmp_path / "work",
        lambda source, folder: (build(source, folder), None)[1],
        events.append,
    )
    return changed, wheels, [event.text for event in events if isinstance(event, StepFinished)]


def test_a_path_becomes_its_wheel_and_the_name_that_this_has(tmp_path: Path) -> None:
    source = project_folder(tmp_path, "tool")
    wanted = request(Requirement("rez", "rez"), Requirement(f"{source}", "tool", source, extras="[gui]"))
    changed, (wheel,), told = made(tmp_path, wanted)
    assert changed.tools[0] == wanted.tools[0]
    assert (wheel.called, wheel.name, wheel.version) == ("tool", "studio-tool", "2.0")
    assert changed.tools[1] == Requirement(
        f"studio-tool[gui] @ {wheel.path.as_uri()}", "studio-tool", wheel.path, extras="[gui]"
    )
    assert told == [f"Built {wheel.path.name}"]
    assert wheel.path.parent == tmp_path / "wheels"
    assert wheel.path.is_file()


def test_it_is_built_once_wherever_it_is_asked_for(tmp_path: Path) -> None:
    source = project_folder(tmp_path, "tool")
    tool = Requirement(f"{source}", "tool", source)
    changed, wheels, told = made(tmp_path, request(tool, shared=(tool,)))
    assert (len(wheels), len(told)) == (1, 1)
    assert changed.tools == changed.shared


def test_what_is_editable_or_not_local_is_left_alone(tmp_path: Path) -> None:
    source = project_folder(tmp_path, "tool")
    wanted = request(Requirement("rez", "rez"), Requirement(f"{source}", "tool", source, editable=True))
    changed, wheels, told = made(tmp_path, wanted)
    assert (changed, wheels, told) == (wanted, [], [])
    assert not (tmp_path / "wheels").exists()


def test_a_wheel_is_taken_as_it_is(tmp_path: Path) -> None:
    source = library_wheel(tmp_path / "given", "tool")
    changed, (wheel,), told = made(tmp_path, request(Requirement(f"{source}", "tool", source)))
    assert wheel.path.read_bytes() == source.read_bytes()
    assert wheel.path != source
    assert changed.tools[0].local == wheel.path
    assert told == []


def test_the_wheel_of_another_environment_stays(tmp_path: Path) -> None:
    source = library_wheel(tmp_path / "given", "tool")
    first = made(tmp_path, request(Requirement(f"{source}", "tool", source)))[1][0]
    before = first.path.read_bytes()
    library_wheel(tmp_path / "given", "tool", text="other = 1")
    made(tmp_path, request(Requirement(f"{source}", "tool", source)))
    assert first.path.read_bytes() == before, "its digest is in a lock already"


def test_what_an_earlier_build_left_is_no_part_of_this_one(tmp_path: Path) -> None:
    source = project_folder(tmp_path, "tool")
    library_wheel(tmp_path / "work" / "building", "old")
    assert made(tmp_path, request(Requirement(f"{source}", "tool", source)))[1][0].name == "studio-tool"


@pytest.mark.parametrize(
    ("source", "build", "said"),
    [
        ("nowhere", lambda source, folder: None, "there is no .*nowhere, which the recipe asks for"),
        ("tool", lambda source, folder: folder.mkdir(parents=True), "made 0 wheels instead of one"),
        (
            "tool",
            lambda source, folder: [library_wheel(folder, name) for name in ("one", "two")],
            "made 2 wheels instead of one",
        ),
        (
            "tool",
            lambda source, folder: shutil.move(library_wheel(folder, "one"), folder / "one.whl"),
            "is not a valid name of a wheel",
        ),
    ],
)
def test_what_gives_no_wheel_is_an_error(
    tmp_path: Path, source: str, build: Callable[[Path, Path], object], said: str
) -> None:
    project_folder(tmp_path, "tool")
    path = tmp_path / source
    with pytest.raises(InstallError, match=said):
        made(tmp_path, request(Requirement(f"{path}", "tool", path)), build)
