"""How the pip of an environment is asked: what is downloaded for a lock, and what is installed in how many calls."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.fake_engine import library_wheel
from tests.unit.stand_in import StandIn, stand_in, value_of

from rezup_api.errors import InstallError
from rezup_api.events import silent, step
from rezup_api.packages.request import EnvironmentRequest, Requirement
from rezup_api.packages.versions import Versions
from rezup_api.pythons.interpreter import Interpreter, host_interpreter
from rezup_api.resolve.engine import LockRequest, Surroundings
from rezup_api.resolve.pip import PipEngine
from rezup_api.store.layout import site_packages

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for pip")

HASH = f"--hash=sha256:{'ab' * 32}"
PINNED = f"rez==3.4.0 {HASH}"


@pytest.fixture
def environment(tmp_path: Path) -> StandIn:
    """An environment, at `folder.parent`, whose Python writes down how its pip is called."""
    return stand_in(tmp_path / "venv" / "bin" / "python", tmp_path / "venv" / "told")


@pytest.fixture
def engine(around: Callable[..., Surroundings]) -> Callable[..., PipEngine]:
    """`engine(own_options=("--pre",))` is the engine in such surroundings."""
    return lambda **changes: PipEngine(around(**changes))


def request(*requirements: Requirement, interpreter: Interpreter | None = None) -> EnvironmentRequest:
    """An environment of these."""
    asked = requirements or (Requirement("rez", "rez"),)
    return EnvironmentRequest("rez", interpreter or host_interpreter(), asked, (), (), "", ((),))


def install(engine: PipEngine, environment: StandIn, asked: EnvironmentRequest, pins: Versions) -> None:
    """Install into the environment."""
    with step(silent, "Installing") as running:
        engine.install(environment.folder.parent, asked, pins, running)


def listed(words: list[str]) -> str:
    """What stands in the file of requirements of a call; the next call writes it anew."""
    return Path(value_of(words, "-r")).read_text(encoding="utf-8")


def test_it_names_what_it_needs(engine: Callable[..., PipEngine]) -> None:
    assert (engine().name, engine().needs_pip) == ("pip", True)
    assert not engine().forget(["six"]), "its cache goes by hashes"


def test_a_lock_is_what_was_downloaded(engine: Callable[..., PipEngine], environment: StandIn, tmp_path: Path) -> None:
    library_wheel(tmp_path / "work" / "rez.downloads", "six", "1.9")
    asked: list[str] = []

    def scratch(name: str) -> Path:
        asked.append(name)
        return environment.folder.parent

    wanted = LockRequest(
        earlier='[[packages]]\nname = "six"\nversion = "1.9"\n[[packages]]\nname = "rez"\nversion = "3"\n'
    )
    locking = engine(own_options=("--upgrade", "--pre")).lock(request(), replace(wanted, upgrades=("rez",)), scratch)
    assert locking is not None
    assert 'name = "six"' in locking.result()
    assert asked == ["download"]
    (words,) = environment.calls
    assert words[:3] == ["-m", "pip", "download"]
    assert listed(words) == "rez\n"
    assert Path(value_of(words, "-c")).read_text(encoding="utf-8") == "six==1.9\n", "the rest keeps its version"
    assert value_of(words, "--dest") == str(tmp_path / "work" / "rez.downloads")
    assert "--pre" in words
    assert "--upgrade" not in words, "a download does not know it"


@pytest.mark.parametrize("text", ["git+https://h/tool", "tool @ https://h/tool.zip"])
def test_what_comes_from_an_address_is_not_locked(engine: Callable[..., PipEngine], text: str) -> None:
    assert engine().lock(request(Requirement(text, "tool")), LockRequest(), Path) is None


def test_what_is_asked_for_is_passed_on_as_it_is(engine: Callable[..., PipEngine]) -> None:
    asked = replace(request(), shared=(Requirement("numpy", "numpy"),))
    assert engine().resolve(asked).result() == Versions(("rez", "numpy"), lasting=False)
    limits = Versions(("numpy==1.0 --hash=sha256:ab", "-e file:///x"), lasting=True)
    assert engine().resolve(asked, limits).result() == Versions(("rez",), lasting=False, limits=("numpy==1.0",))


def test_pins_without_a_lock_are_installed_in_one_call(engine: Callable[..., PipEngine], environment: StandIn) -> None:
    install(engine(own_options=("--pre",)), environment, request(), Versions(("rez", "six==1"), lasting=False))
    (words,) = environment.calls
    assert words[:3] == ["-m", "pip", "install"]
    assert listed(words) == "rez\nsix==1\n"
    assert "--no-deps" not in words, "pip resolves while it installs"
    assert {"--pre", "--no-compile"} <= set(words)
    told = {name: environment.environ[name] for name in ("PIP_USER", "PIP_NO_INPUT", "PYTHONDONTWRITEBYTECODE")}
    assert told == {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def test_what_has_no_hashes_is_installed_apart(engine: Callable[..., PipEngine], environment: StandIn) -> None:
    """Where some lines have hashes, pip wants them of all."""
    pins = Versions((PINNED, "tool @ git+https://h/tool@1"), lasting=True, recorded=("a", "b"))
    install(engine(), environment, request(), pins)
    first, second = environment.calls
    assert "--no-deps" in first
    assert "--no-deps" in second
    assert listed(second) == "tool @ git+https://h/tool@1\n"


@pytest.mark.parametrize(("version", "plain"), [((3, 11, 0), True), ((2, 7, 18), False)])
def test_editable_projects_of_setuptools_leave_a_plain_path(
    *,
    engine: Callable[..., PipEngine],
    environment: StandIn,
    tmp_path: Path,
    version: tuple[int, int, int],
    plain: bool,
) -> None:
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool" / "setup.py").write_text("from setuptools import setup\nsetup(name='tool')\n", encoding="utf-8")
    tool = Requirement((tmp_path / "tool").as_uri(), "tool", tmp_path / "tool", editable=True)
    interpreter = replace(host_interpreter(), version=version)
    pins = Versions((PINNED, tool.line), lasting=False, recorded=(PINNED, tool.line))
    install(engine(), environment, request(tool, interpreter=interpreter), pins)
    words = environment.calls[-1]
    assert ("--config-settings" in words) is plain
    assert (value_of(words, "-e") == tool.text) if plain else (tool.line in listed(words))


@pytest.mark.parametrize(
    ("finds", "beside", "calls"),
    [(True, True, [True]), (False, True, [True, False, False]), (False, False, [False, False])],
)
def test_what_lies_beside_the_lock_comes_first_and_the_recorded_address_last(
    *,
    engine: Callable[..., PipEngine],
    environment: StandIn,
    tmp_path: Path,
    finds: bool,
    beside: bool,
    calls: list[bool],
) -> None:
    (tmp_path / "beside").mkdir()
    environment.answer(("", int(not finds), "", "No matching distribution found for rez"))
    pins = Versions((PINNED,), lasting=True, recorded=(f"rez @ https://h/rez.whl {HASH}",))
    asked = engine(wheels=(tmp_path / "beside",) if beside else ())
    if finds:
        install(asked, environment, request(), pins)
    else:
        with pytest.raises(InstallError, match="pip cannot install what the recipe asks for"):
            install(asked, environment, request(), pins)
    assert ["--no-index" in words for words in environment.calls] == calls
    if not finds:
        assert listed(environment.calls[-1]).startswith("rez @ https://h/rez.whl")


def test_shared_libraries_are_told_apart_by_installing_both(
    engine: Callable[..., PipEngine], environment: StandIn, tmp_path: Path
) -> None:
    """pip tells what it has chosen only by what is there then."""
    for name in ("together", "own"):
        packages = site_packages(tmp_path / name, host_interpreter().version)
        packages.mkdir(parents=True)
        for distribution in ("rez-3.4.0", *(["numpy-1.0"] if name == "together" else [])):
            (packages / f"{distribution}.dist-info").mkdir()
        stand_in(tmp_path / name / "bin" / "python", tmp_path / name / "told")
    asked = replace(request(), shared=(Requirement("numpy", "numpy"),))
    together = Versions(("rez", "numpy"), lasting=False)
    own, shared = engine().separate(asked, together, lambda name: tmp_path / name)
    assert own == Versions(("rez",), lasting=False, limits=("numpy==1.0", "rez==3.4.0"))
    assert shared.lines == ("numpy==1.0",)


def test_libraries_are_installed_into_a_plain_folder(
    engine: Callable[..., PipEngine], environment: StandIn, tmp_path: Path
) -> None:
    engine().install_into(
        tmp_path / "libs", lambda name: environment.folder.parent, host_interpreter(), Versions((), True)
    )
    (words,) = environment.calls
    assert value_of(words, "--target") == str(tmp_path / "libs")
    assert "--no-deps" in words


def test_a_wheel_is_made(engine: Callable[..., PipEngine], environment: StandIn, tmp_path: Path) -> None:
    def scratch(name: str) -> Path:
        return environment.folder.parent

    made = engine(own_options=("--no-binary", ":all:", "--user"), wheelhouse=tmp_path / "house")
    made.build_wheel(tmp_path / "project", tmp_path / "out", host_interpreter(), scratch)
    (words,) = environment.calls
    assert words[:3] == ["-m", "pip", "wheel"]
    assert value_of(words, "--wheel-dir") == str(tmp_path / "out")
    assert value_of(words, "--find-links") == str(tmp_path / "house")
    assert "--user" not in words
    assert environment.environ["SOURCE_DATE_EPOCH"] == "315532800", "the same sources give the same file"
    environment.answer(("", 1, "", "broken"))
    with pytest.raises(InstallError, match=r"cannot build .*project"):
        made.build_wheel(tmp_path / "project", tmp_path / "out", host_interpreter(), scratch)


@pytest.mark.parametrize(("options", "told"), [((), None), ((("keyring-provider", "subprocess"),), "subprocess")])
def test_a_pip_that_may_not_ask_is_told_of_the_keyring(
    *, engine: Callable[..., PipEngine], environment: StandIn, options: tuple[tuple[str, str], ...], told: str | None
) -> None:
    install(engine(options=options), environment, request(), Versions(("rez",), lasting=False))
    assert environment.environ.get("PIP_KEYRING_PROVIDER") == told
