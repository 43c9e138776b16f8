"""How uv is asked: for which lock, from where, and what is tried in which order; a program stands in for it."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomli
from tests.unit.stand_in import StandIn, stand_in, value_of

from rezup_api.errors import InstallError
from rezup_api.events import StepProgress, step
from rezup_api.packages.platforms import PLATFORMS, here
from rezup_api.packages.request import EnvironmentRequest, Requirement
from rezup_api.packages.versions import Versions
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.resolve.engine import LockRequest, Surroundings
from rezup_api.resolve.pip_configuration import translate
from rezup_api.resolve.uv import UvEngine, parse_versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup_api.events import Event

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for uv")

NO_SOLUTION = "  x No solution found when resolving dependencies"
HASH = f"--hash=sha256:{'ab' * 32}"
LASTING = Versions((f"rez==3.4.0 {HASH}",), lasting=True)


@pytest.fixture
def uv(tmp_path: Path) -> StandIn:
    """What is run in place of uv."""
    return stand_in(tmp_path / "tools" / "uv", tmp_path / "told")


@pytest.fixture
def engine(uv: StandIn, around: Callable[..., Surroundings]) -> Callable[..., UvEngine]:
    """`engine(options)` is the engine in surroundings with these options."""

    def make(options: tuple[tuple[str, str], ...] = (), **changes: object) -> UvEngine:
        place = around(options, **changes)
        return UvEngine(place, str(uv.path), translate(place.options, place.environ))

    return make


def request(*texts: str, shared: tuple[str, ...] = ()) -> EnvironmentRequest:
    """An environment of these."""
    tools = tuple(Requirement(text, text) for text in texts or ("rez",))
    return EnvironmentRequest(
        "rez", host_interpreter(), tools, (), tuple(Requirement(text, text) for text in shared), "", ((),)
    )


def scratch(name: str) -> Path:
    """uv needs no environment to ask."""
    raise AssertionError(name)


def lock(engine: UvEngine, wanted: LockRequest = LockRequest(), asked: EnvironmentRequest | None = None) -> str:  # noqa: B008
    """The text of a lock."""
    locking = engine.lock(asked or request(), wanted, scratch)
    return locking.result()


def lock_text(name: str, version: str = "1.0") -> str:
    """A lock of one package."""
    return f'lock-version = "1.0"\ncreated-by = "uv"\n[[packages]]\nname = "{name}"\nversion = "{version}"\n'


def test_a_lock_is_for_all_platforms_at_once(engine: Callable[..., UvEngine], uv: StandIn, tmp_path: Path) -> None:
    uv.answer(("--universal", 0, lock_text("rez"), ""))
    assert lock(engine((("index-url", "https://h/simple"),)), asked=request("rez", shared=("six",))) == lock_text("rez")
    (words,) = uv.calls
    assert words[:2] == ["pip", "compile"]
    assert Path(words[2]).read_text(encoding="utf-8") == "rez\nsix\n"
    assert value_of(words, "--python") == host_interpreter().executable
    assert value_of(words, "--python-version") == ".".join(map(str, host_interpreter().version[:2]))
    assert value_of(words, "--index-strategy") == "unsafe-best-match", (
        "as pip, which takes the best version of all indexes"
    )
    assert uv.environ["UV_DEFAULT_INDEX"] == "https://h/simple", "where nobody sees it on a command line"
    assert uv.environ["UV_CACHE_DIR"] == str(tmp_path / "caches" / "uv")
    assert (uv.environ["UV_NO_CONFIG"], uv.environ["UV_PYTHON_DOWNLOADS"]) == ("1", "never")


def test_an_earlier_lock_is_kept_but_for_what_is_upgraded(engine: Callable[..., UvEngine], uv: StandIn) -> None:
    uv.answer(("--universal", 0, lock_text("rez", "2.0"), ""))
    lock(engine(), LockRequest(earlier=lock_text("rez"), upgrades=("six", "attrs")))
    (words,) = uv.calls
    assert Path(value_of(words, "--output-file")).read_text(encoding="utf-8") == lock_text("rez")
    upgraded = [word for before, word in pairwise(words) if before == "--upgrade-package"]
    assert upgraded == ["six", "attrs"]


def test_where_no_answer_fits_all_each_platform_is_asked(engine: Callable[..., UvEngine], uv: StandIn) -> None:
    others = [name for name in PLATFORMS if name != here()]
    uv.answer(
        ("--universal", 1, "", NO_SOLUTION),
        (f"--python-platform {others[0]}", 1, "", NO_SOLUTION),
        (f"--python-platform {others[1]}", 0, lock_text("theirs"), ""),
        ("", 0, lock_text("ours"), ""),
    )
    document = tomli.loads(lock(engine()))
    assert [package["name"] for package in document["packages"]] == ["ours", "theirs"]
    assert len(document["environments"]) == 2, "there is none for the third"


@pytest.mark.parametrize("wanted", [(), ("linux", "windows", "macos")])
def test_a_platform_that_must_have_an_answer_and_has_none_is_an_error(
    engine: Callable[..., UvEngine], uv: StandIn, wanted: tuple[str, ...]
) -> None:
    others = [name for name in PLATFORMS if name != here()]
    for refused, named in ((others[0], f"for {others[0]}"), ("", "")):
        uv.answer(
            ("--universal", 1, "", f"{NO_SOLUTION}: for all"),
            *([(f"--python-platform {refused}", 1, "", f"{NO_SOLUTION}: there")] if refused else []),
            *([("--python-platform", 0, lock_text("theirs"), "")] if not refused else []),
            ("", int(not refused), lock_text("ours"), f"{NO_SOLUTION}: here"),
        )
        if refused and not wanted:
            lock(engine())
            continue
        with pytest.raises(InstallError, match=f"cannot be resolved {named}".strip()) as caught:
            lock(engine(), LockRequest(wanted))
        assert ("for all" in caught.value.message) is not bool(refused)


def test_another_failure_is_not_asked_about_again(engine: Callable[..., UvEngine], uv: StandIn) -> None:
    uv.answer(("", 2, "", "error sending request"))
    with pytest.raises(InstallError, match="error sending request"):
        lock(engine())
    assert len(uv.calls) == 1


@pytest.mark.parametrize("has_all", [True, False])
def test_what_a_wheelhouse_has_is_not_asked_of_an_index(
    engine: Callable[..., UvEngine], uv: StandIn, tmp_path: Path, has_all: bool
) -> None:
    uv.answer(("--no-index", int(not has_all), lock_text("house"), "x"), ("", 0, lock_text("index"), ""))
    assert lock(engine(wheelhouse=tmp_path)) == lock_text("house" if has_all else "index")
    assert ["--no-index" in words for words in uv.calls] == ([True] if has_all else [True, False])


def test_pins_within_limits_are_without_the_shared_libraries(engine: Callable[..., UvEngine], uv: StandIn) -> None:
    uv.answer(("", 0, f"rez==3.4.0 \\\n    {HASH}\n", ""))
    asked = request("rez", shared=("numpy",))
    together = Versions((f"rez==3.4.0 {HASH}", f"numpy==1.0 {HASH}", "-e file:///x"), lasting=True)
    own, shared = engine().separate(asked, together, scratch)
    assert (own.names, shared.names) == (("rez==3.4.0",), ("numpy==1.0", "-e"))
    (words,) = uv.calls
    assert Path(words[2]).read_text(encoding="utf-8") == "rez\n"
    assert Path(value_of(words, "--constraints")).read_text(encoding="utf-8") == "rez==3.4.0\nnumpy==1.0\n"


def test_what_is_on_this_machine_is_installed_without_asking(
    engine: Callable[..., UvEngine], uv: StandIn, tmp_path: Path
) -> None:
    with step(lambda event: None, "Installing") as running:
        engine().install(tmp_path / "venv", request(), LASTING, running)
    (words,) = uv.calls
    assert words[:3] == ["pip", "install", "--no-deps"]
    assert "--offline" in words
    assert value_of(words, "--python") == str(tmp_path / "venv" / "bin" / "python")
    assert Path(value_of(words, "-r")).read_text(encoding="utf-8") == f"rez==3.4.0 {HASH}\n"


def test_then_the_indexes_are_asked_and_then_the_recorded_address(
    engine: Callable[..., UvEngine], uv: StandIn, tmp_path: Path, events: list[Event]
) -> None:
    address = f"rez @ https://h/rez-3.4.0.whl {HASH}"
    uv.answer(("--offline", 1, "", "x"), ("", 1, "", "rez was not found in the package registry\nDownloading rez\n"))
    with (
        pytest.raises(InstallError, match="uv cannot install what the recipe asks for"),
        step(events.append, "Installing") as running,
    ):
        engine().install(tmp_path / "venv", request(), replace(LASTING, recorded=(address,)), running)
    assert ["--offline" in words for words in uv.calls] == [True, False, False]
    assert (tmp_path / "work" / "versions.txt").read_text(encoding="utf-8") == f"{address}\n"
    assert StepProgress("Downloading rez") in events


def test_what_may_change_is_always_asked_for(engine: Callable[..., UvEngine], uv: StandIn, tmp_path: Path) -> None:
    engine().install_into(tmp_path / "libraries", scratch, host_interpreter(), Versions(("rez==3.4.0",), lasting=False))
    (words,) = uv.calls
    assert "--offline" not in words
    assert value_of(words, "--target") == str(tmp_path / "libraries")


@pytest.mark.parametrize(
    ("options", "changes", "act", "there", "not_there"),
    [
        ((("require-hashes", ""),), {}, "install", ["--require-hashes"], []),
        ((("require-hashes", ""),), {}, "lock", [], ["--require-hashes"]),
        ((("no-deps", ""),), {}, "lock", ["--no-deps"], []),
        ((), {"link": "copy"}, "install", ["--link-mode", "copy"], []),
        ((), {"link": "auto"}, "install", [], ["--link-mode"]),
        ((("only-binary", ":all:"),), {}, "lock", ["--only-binary"], []),
        ((("only-binary", ":all:"),), {}, "build", [], ["--only-binary", ":all:"]),
        ((("find-links", "https://h/s"),), {}, "build", ["https://h/s"], []),
    ],
)
def test_which_options_hold_for_what(
    *,
    options: tuple[tuple[str, str], ...],
    changes: dict[str, object],
    act: str,
    there: list[str],
    not_there: list[str],
    engine: Callable[..., UvEngine],
    uv: StandIn,
    tmp_path: Path,
) -> None:
    asked = engine(options, **changes)
    if act == "install":
        asked.install_into(tmp_path, scratch, host_interpreter(), LASTING)
    elif act == "build":
        asked.build_wheel(tmp_path / "project", tmp_path / "out", host_interpreter(), scratch)
        assert uv.environ["SOURCE_DATE_EPOCH"] == "315532800", "the same sources give the same file"
    else:
        lock(asked)
    (words,) = uv.calls
    assert [word for word in there if word not in words] == []
    assert [word for word in not_there if word in words] == []


def test_wheels_beside_a_lock_are_found(engine: Callable[..., UvEngine], uv: StandIn, tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    lock(engine(wheels=(tmp_path / "beside", tmp_path / "gone")))
    (words,) = uv.calls
    assert value_of(words, "--find-links") == str(tmp_path / "beside")
    assert str(tmp_path / "gone") not in words


def test_a_wheel_that_cannot_be_built_is_said(engine: Callable[..., UvEngine], uv: StandIn, tmp_path: Path) -> None:
    uv.answer(("build", 1, "", "Failed building"))
    with pytest.raises(InstallError, match=r"cannot build .*project"):
        engine().build_wheel(tmp_path / "project", tmp_path / "out", host_interpreter(), scratch)


@pytest.mark.parametrize(("offline", "online", "calls"), [(0, 0, 1), (1, 0, 2), (1, 1, 2)])
def test_a_tool_is_taken_from_the_cache_or_else_from_an_index(
    *, engine: Callable[..., UvEngine], uv: StandIn, tmp_path: Path, offline: int, online: int, calls: int
) -> None:
    uv.answer(("--offline", offline, "", "x"), ("", online, "", "x"))
    if online:
        with pytest.raises(InstallError, match="uv cannot install virtualenv==20"):
            engine().install_tool(tmp_path, "virtualenv==20")
    else:
        engine().install_tool(tmp_path, "virtualenv==20")
    assert len(uv.calls) == calls


def test_it_forgets_what_is_damaged(engine: Callable[..., UvEngine], uv: StandIn) -> None:
    assert not engine().forget([])
    assert uv.calls == []
    assert engine().forget(["six", "rez"])
    assert uv.calls == [["cache", "clean", "--force", "six", "rez"]]


def test_a_resolution_can_be_ended(engine: Callable[..., UvEngine], uv: StandIn) -> None:
    uv.path.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    locking = engine().lock(request(), LockRequest(), scratch)
    locking.cancel()
    with pytest.raises(InstallError):
        locking.result()


@pytest.mark.parametrize(
    ("text", "lines", "lasting"),
    [
        (f"# made by uv\nrez==3.4.0 \\\n    {HASH}\n\n", (f"rez==3.4.0 {HASH}",), True),
        (f"rez==3.4.0 {HASH}\nsix==1.0\n", (f"rez==3.4.0 {HASH}", "six==1.0"), False),
        (f"tool @ git+https://h/tool@{'0' * 40}\n", (f"tool @ git+https://h/tool@{'0' * 40}",), True),
        ("tool @ git+https://h/tool@main\n", ("tool @ git+https://h/tool@main",), False),
        ("-e file:///dev/tool\n", ("-e file:///dev/tool",), False),
        ("", (), True),
    ],
)
def test_what_uv_prints_is_read(text: str, lines: tuple[str, ...], lasting: bool) -> None:
    assert parse_versions(text) == Versions(lines, lasting)
