"""How wheels are fetched: what of a lock is asked for, from where, and sources that must be built."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.unit.stand_in import StandIn, stand_in, value_of

from rezup_api.bundles import fetch
from rezup_api.bundles.fetch import Fetcher
from rezup_api.cache.folders import Caches
from rezup_api.errors import InstallError
from rezup_api.events import silent, step
from rezup_api.packages.platforms import PlatformTarget
from rezup_api.packages.pylock import parse_lock
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup_api.packages.pylock import Lock
    from rezup_api.recipe.model import Recipe

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for pip")

LINUX = PlatformTarget("linux", "x86_64", (3, 11, 0))
HASH = f"--hash=sha256:{'ab' * 32}"
LOCK = f"""
lock-version = "1.0"
created-by = "x"
[[packages]]
name = "pure"
version = "1.0"
wheels = [{{ url = "https://h/pure-1.0-py3-none-any.whl", hashes = {{ sha256 = "{"ab" * 32}" }} }}]
[[packages]]
name = "native"
version = "2.0"
wheels = [{{ url = "https://h/native-2.0-cp311-cp311-manylinux_2_17_x86_64.whl", hashes = {{ sha256 = "{"ab" * 32}" }} }}]
[[packages]]
name = "made"
version = "3.0"
wheels = [{{ name = "made-3.0-py3-none-any.whl", path = "wheels/made-3.0-py3-none-any.whl", hashes = {{ sha256 = "cd" }} }}]
tool = {{ rezup = {{ local = "made" }} }}
"""


@pytest.fixture
def lock() -> Lock:
    """A lock of a pure wheel, one for Linux, and one that lies beside it."""
    return parse_lock(LOCK)


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """What stands in for the pip of the environment that is made for it."""
    made = stand_in(tmp_path / "python", tmp_path / "told")

    def create(path: Path, *words: object, **options: object) -> None:
        (path / "bin").mkdir(parents=True)
        (path / "bin" / "python").symlink_to(made.path)

    monkeypatch.setattr(fetch, "create_environment", create)
    return made


@pytest.fixture
def fetcher(tmp_path: Path, recipe_of: Callable[..., Recipe]) -> Fetcher:
    """What fetches into `wheels`, with a wheel beside the lock."""
    for name in ("wheels", "beside", "work"):
        (tmp_path / name).mkdir()
    (tmp_path / "beside" / "made-3.0-py3-none-any.whl").write_text("made", encoding="utf-8")
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull}
    return Fetcher(
        recipe_of(),
        host_interpreter(),
        settings=Settings.from_environ(environ),
        environ=environ,
        caches=Caches(tmp_path / "caches"),
        work=tmp_path / "work",
        wheels=tmp_path / "wheels",
        beside=tmp_path / "beside",
        report=silent,
    )


def get(fetcher: Fetcher, lock: Lock) -> None:
    """Fetch the wheels for Linux."""
    with step(silent, "Fetching") as running:
        fetcher.fetch(lock, LINUX, running)


def test_only_what_is_not_there_is_asked_for(fetcher: Fetcher, lock: Lock, pip: StandIn, tmp_path: Path) -> None:
    fetcher.take_local(lock)
    assert (tmp_path / "wheels" / "made-3.0-py3-none-any.whl").read_text(encoding="utf-8") == "made"
    (tmp_path / "wheels" / "pure-1.0-py3-none-any.whl").touch()
    get(fetcher, lock)
    (words,) = pip.calls
    assert words[2] == "download"
    assert Path(value_of(words, "-r")).read_text(encoding="utf-8") == f"native==2.0 {HASH}\n"
    assert value_of(words, "--dest") == str(tmp_path / "wheels")
    assert value_of(words, "--python-version") == "3.11"
    assert "--no-deps" in words


def test_where_all_is_there_nobody_is_asked(fetcher: Fetcher, lock: Lock, pip: StandIn, tmp_path: Path) -> None:
    fetcher.take_local(lock)
    for name in ("pure-1.0-py3-none-any.whl", "native-2.0-cp311-cp311-manylinux_2_17_x86_64.whl"):
        (tmp_path / "wheels" / name).touch()
    get(fetcher, lock)
    assert pip.calls == []


@pytest.mark.parametrize(
    ("said", "calls"),
    [("No matching distribution found for pure", 2), ("THESE PACKAGES DO NOT MATCH THE HASHES", 1)],
)
def test_what_the_indexes_lack_comes_from_the_recorded_address(
    *, fetcher: Fetcher, lock: Lock, pip: StandIn, said: str, calls: int
) -> None:
    pip.answer(("", 1, "", said))
    fetcher.take_local(lock)
    with pytest.raises(InstallError, match="cannot fetch the wheels for linux-x86_64 with Python 3"):
        get(fetcher, lock)
    assert len(pip.calls) == calls
    told = Path(value_of(pip.calls[-1], "-r")).read_text(encoding="utf-8")
    assert ("pure @ https://h/pure-1.0-py3-none-any.whl" in told) is (calls == 2)


def test_sources_are_built(fetcher: Fetcher, pip: StandIn, tmp_path: Path) -> None:
    pip.answer(("nothing", 0, "", ""))
    script = pip.path.read_text(encoding="utf-8")
    pip.path.write_text(
        script.replace("exec", f"touch {tmp_path}/wheels/tool-1.0-py3-none-any.whl; exec"), encoding="utf-8"
    )
    with step(silent, "Building") as running:
        made = fetcher.build_sources({"tool": "tool @ git+https://h/tool@0"}, running)
    assert made == {"tool": tmp_path / "wheels" / "tool-1.0-py3-none-any.whl"}
    (words,) = pip.calls
    assert words[2] == "wheel"
    assert Path(value_of(words, "-r")).read_text(encoding="utf-8") == "tool @ git+https://h/tool@0\n"


def test_a_build_that_fails_is_said(fetcher: Fetcher, pip: StandIn) -> None:
    pip.answer(("wheel", 1, "", "broken"))
    with step(silent, "Building") as running, pytest.raises(InstallError, match="cannot build tool"):
        fetcher.build_sources({"tool": "tool==1"}, running)
