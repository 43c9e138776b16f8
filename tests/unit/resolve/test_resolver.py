"""What an environment will hold: by the lock that there is, or by a new one; and what is told of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.unit.fake_engine import FakeEngine, library_wheel, project_folder, rez_wheel

from rezup_api.errors import InstallError
from rezup_api.events import Event, StepFinished
from rezup_api.packages.lock_source import LockSource
from rezup_api.packages.platforms import here
from rezup_api.packages.request import EnvironmentRequest, Requirement
from rezup_api.pythons.interpreter import Interpreter, host_interpreter
from rezup_api.resolve.resolver import Resolved, Resolver

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REZ, SIX = Requirement("rez", "rez"), Requirement("six", "six")


@dataclass
class Place:
    """Where one environment is resolved."""

    engine: FakeEngine
    folder: Path
    events: list[Event] = field(default_factory=list)

    def resolve(
        self,
        request: EnvironmentRequest,
        origin: LockSource = LockSource(),  # noqa: B008 - it is frozen
        platforms: tuple[str, ...] = (),
        meanwhile: Callable[[], None] = lambda: None,
        wheels: str = "wheels",
    ) -> Resolved:
        """Resolve a request."""
        return Resolver(
            request,
            origin,
            engine=self.engine,
            scratch=lambda name: self.folder / name,
            wheels=self.folder / wheels,
            work=self.folder / "work",
            platforms=platforms,
            report=self.events.append,
        ).resolve(meanwhile=meanwhile)

    @property
    def told(self) -> str:
        """What stays of the last step."""
        (*_, last) = (event.text for event in self.events if isinstance(event, StepFinished))
        return last


@pytest.fixture
def place(engine: FakeEngine, tmp_path: Path) -> Place:
    """A place with an index of rez, pip, and two versions of six."""
    for version in ("1.0", "1.9"):
        library_wheel(engine.index, "six", version)
    return Place(engine, tmp_path)


def request(
    *libraries: Requirement, shared: tuple[Requirement, ...] = (), interpreter: Interpreter | None = None
) -> EnvironmentRequest:
    """The environment `rez` with these libraries."""
    return EnvironmentRequest("rez", interpreter or host_interpreter(), (REZ,), libraries, shared, "common", ((),))


def versions(resolved: Resolved) -> list[str]:
    """What is pinned in the environment itself."""
    return list(resolved.versions.names)


def origin_of(resolved: Resolved, upgrades: tuple[str, ...] = (), wheels: Path | None = None) -> LockSource:
    """The lock of another revision."""
    assert resolved.lock is not None
    return LockSource("dev@1", {"rez": resolved.lock}, wheels, upgrades)


def test_a_new_lock_and_its_pins_are_the_same(place: Place) -> None:
    resolved = place.resolve(request(SIX))
    assert versions(resolved) == ["rez==3.4.0", "six==1.9"]
    assert resolved.versions.lasting
    assert resolved.versions.complete
    assert resolved.shared.lines == ()
    assert resolved.lock is not None
    assert [package["name"] for package in resolved.lock.packages] == ["rez", "six"]
    assert place.told == f"Resolved rez for Python {host_interpreter().version_text}"


def test_a_lock_is_taken_as_it_is_and_nobody_is_asked(place: Place) -> None:
    first = place.resolve(request(SIX))
    library_wheel(place.engine.index, "six", "2.0")
    place.engine.calls.clear()
    called = []
    again = place.resolve(request(SIX), origin_of(first), meanwhile=lambda: called.append(True))
    assert versions(again) == versions(first)
    assert again.versions.digest == first.versions.digest
    assert place.engine.calls == []
    assert called == [True]
    assert place.told == "Took rez from the lock of dev@1"


@pytest.mark.parametrize(
    ("upgrades", "expected", "told"),
    [
        (("six",), ["rez==3.4.0", "six==2.0"], ": six 1.9 to 2.0"),
        (("rez",), ["rez==3.4.0", "six==1.9"], ": nothing has changed"),
        (("other",), ["rez==3.4.0", "six==1.9"], None),
    ],
)
def test_only_what_is_upgraded_changes(
    place: Place, upgrades: tuple[str, ...], expected: list[str], told: str | None
) -> None:
    first = place.resolve(request(SIX))
    library_wheel(place.engine.index, "six", "2.0")
    assert versions(place.resolve(request(SIX), origin_of(first, upgrades))) == expected
    assert place.told.endswith(told or "from the lock of dev@1")


def test_what_comes_and_goes_with_an_upgrade_is_told(place: Place) -> None:
    rez_wheel(place.engine.index, "3.3.0", requires=["six"])
    first = place.resolve(request(Requirement("rez<3.4", "rez")).changed(lambda one: Requirement("rez<3.4", "rez")))
    rez_wheel(place.engine.index, "3.5.0", requires=["other"])
    library_wheel(place.engine.index, "other")
    place.resolve(request(), origin_of(first, ("rez", "six")))
    assert place.told.endswith(": other new to 1.0, rez 3.3.0 to 3.5.0, six 1.9 to gone")


def test_shared_libraries_are_resolved_together_and_kept_apart(place: Place) -> None:
    library_wheel(place.engine.index, "numpy", "1.5")
    resolved = place.resolve(request(SIX, shared=(SIX, Requirement("numpy", "numpy"))))
    assert versions(resolved) == ["rez==3.4.0", "six==1.9"], "what the environment has anyway is not installed twice"
    assert list(resolved.shared.names) == ["numpy==1.5"]
    assert resolved.lock is not None
    again = place.resolve(request(SIX, shared=(SIX, Requirement("numpy", "numpy"))), origin_of(resolved))
    assert (again.versions.lines, again.shared.lines) == (resolved.versions.lines, resolved.shared.lines)


@pytest.mark.parametrize("locks", [False, True])
def test_where_nothing_can_be_locked_it_is_resolved_for_this_machine(place: Place, locks: bool) -> None:
    place.engine.locks = locks
    foreign = Interpreter(host_interpreter().executable, host_interpreter().version, "PyPy", "x86_64")
    resolved = place.resolve(request(SIX, interpreter=foreign if locks else None))
    assert resolved.lock is None
    assert versions(resolved) == ["rez==3.4.0", "six==1.9"]
    assert place.engine.calls == (["resolve"] if locks else ["lock", "resolve"])


def test_the_lock_says_which_platforms_it_is_for(place: Place) -> None:
    resolved = place.resolve(request(), platforms=(here(),))
    assert resolved.lock is not None
    assert len(resolved.lock.document["environments"]) == 1
    with pytest.raises(InstallError, match="has nothing for"):
        place.resolve(request(), platforms=("windows" if here() != "windows" else "linux",))


def test_a_local_path_becomes_a_wheel_beside_the_lock(place: Place, tmp_path: Path) -> None:
    source = project_folder(tmp_path, "tool", "x = 1")
    tool = Requirement(source.as_uri(), "tool", source)
    first = place.resolve(request(tool))
    assert [path.name for path in (tmp_path / "wheels").iterdir()] == ["tool-1.0-py2.py3-none-any.whl"]
    assert first.lock is not None
    assert first.lock.local == ["tool-1.0-py2.py3-none-any.whl"]
    assert versions(first) == ["rez==3.4.0", "tool==1.0"]

    project_folder(tmp_path, "tool", "x = 2")
    taken = place.resolve(request(tool), origin_of(first, wheels=tmp_path / "wheels"), wheels="others")
    assert taken.versions.lines == first.versions.lines
    assert (tmp_path / "others" / "tool-1.0-py2.py3-none-any.whl").is_file(), "it lies beside the new lock too"
    kept = place.resolve(request(tool, SIX), origin_of(first, ("rez",), tmp_path / "wheels"), wheels="kept")
    assert first.versions.lines[-1] in kept.versions.lines, "it is not built anew while something else is upgraded"
    assert place.engine.calls.count("build_wheel tool") == 1
    upgraded = place.resolve(request(tool), origin_of(first, ("tool",), tmp_path / "wheels"), wheels="upgraded")
    assert upgraded.versions.lines[-1] != first.versions.lines[-1], "it is another file of the same version"


def test_a_wheel_that_is_missing_beside_the_lock_is_said(place: Place, tmp_path: Path) -> None:
    source = project_folder(tmp_path, "tool")
    first = place.resolve(request(Requirement(source.as_uri(), "tool", source)))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InstallError, match=r"tool-1\.0\S+ is missing beside the lock of dev@1"):
        place.resolve(request(), origin_of(first, wheels=tmp_path / "empty"), wheels="others")


@pytest.mark.parametrize("error", [InstallError("x"), KeyboardInterrupt()])
def test_what_is_under_way_is_ended_when_something_fails_meanwhile(place: Place, error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        place.resolve(request(), meanwhile=fail)
    (asked,) = place.engine.asked
    assert asked.cancelled


def test_what_cannot_be_resolved_is_an_error(place: Place) -> None:
    with pytest.raises(InstallError, match="there is no nonsense"):
        place.resolve(request(Requirement("nonsense", "nonsense")))
