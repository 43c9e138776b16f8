"""Byte code: made once for each content, and used by the interpreters it is made for."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from dataclasses import replace
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup_api.cache.byte_code import BATCH, UNCHECKED_HASH, Compiler
from rezup_api.errors import InstallError
from rezup_api.events import Event, Step, StepProgress, silent
from rezup_api.pythons.finder import Finder
from rezup_api.pythons.interpreter import Interpreter, host_interpreter
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

# Whether an import reads the byte code: the source is made unreadable as Python, and its time stamp and size stay.
USED = (
    "import sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1]); import pkg.mod; print(pkg.mod.VALUE)"
)


@pytest.fixture
def compiler(tmp_path: Path) -> Callable[..., Compiler]:
    """A compiler for this Python, or for the one at a path, with an empty cache."""
    (tmp_path / "cache").mkdir()

    def make(python: Path | None = None, **variables: str) -> Compiler:
        interpreter = _at(python) if python else host_interpreter()
        return Compiler(
            type(tmp_path)(interpreter.executable), interpreter, tmp_path / "cache", {**os.environ, **variables}, ()
        )

    return make


def _at(python: Path) -> Interpreter:
    environ = dict(os.environ)
    return Finder(Settings.from_environ(environ), environ).find(str(python))


def plant(top: Path, value: int = 1) -> Path:
    """A package of two modules, one of which only a template could love."""
    (top / "pkg").mkdir(parents=True)
    (top / "pkg" / "__init__.py").write_text("", encoding="utf-8")
    (top / "pkg" / "mod.py").write_text(f"VALUE = {value}\n", encoding="utf-8")
    (top / "pkg" / "template.py").write_text("class {{ name }}:\n", encoding="utf-8")
    (top / "pkg" / "data.txt").write_text("text", encoding="utf-8")
    return top


def made(top: Path) -> list[str]:
    """The byte code below `top`."""
    return sorted(path.relative_to(top).as_posix() for path in top.rglob("*.pyc"))


def step() -> Step:
    """A step that nobody listens to."""
    return Step(silent, "Compiling")


def test_every_source_gets_its_byte_code(tmp_path: Path, compiler: Callable[..., Compiler]) -> None:
    top = plant(tmp_path / "top")
    compiler().compile(top, step())
    tag = sys.implementation.cache_tag
    assert made(top) == [f"pkg/__pycache__/__init__.{tag}.pyc", f"pkg/__pycache__/mod.{tag}.pyc"]
    flags = (top / "pkg" / "__pycache__" / f"mod.{tag}.pyc").read_bytes()[4:8]
    assert int.from_bytes(flags, "little") == 1, "bound to content, unchecked (PEP 552)"


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7", "3.8", "3.13"])
def test_the_interpreter_uses_it(
    tmp_path: Path, compiler: Callable[..., Compiler], need_python: Callable[[str], Path], version: str
) -> None:
    python = need_python(version)
    top = plant(tmp_path / "top")
    making = compiler(python)
    making.compile(top, step())
    tag = f"cpython-{version.replace('.', '')}"
    expected = "pkg/mod.pyc" if version == "2.7" else f"pkg/__pycache__/mod.{tag}.pyc"
    assert expected in made(top)
    assert making.lasting == (version not in {"2.7", "3.6"})
    source = top / "pkg" / "mod.py"
    stamp = source.stat().st_mtime_ns
    source.write_text("VALUE : 1\n", encoding="utf-8")
    # A copy has another time stamp; only byte code bound to content survives that.
    os.utime(source, ns=(stamp, stamp) if not making.lasting else (0, 0))
    done = subprocess.run([python, "-E", "-c", USED, top], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("1", 0), done.stderr


def test_equal_sources_share_one_file(tmp_path: Path, compiler: Callable[..., Compiler]) -> None:
    one, two = plant(tmp_path / "one"), plant(tmp_path / "two")
    compiler().compile(one, step())
    cached = sorted(path.name for path in (tmp_path / "cache").rglob("*.*") if path.is_file())
    compiler().compile(two, step())
    assert sorted(path.name for path in (tmp_path / "cache").rglob("*.*") if path.is_file()) == cached
    name = f"pkg/__pycache__/mod.{sys.implementation.cache_tag}.pyc"
    assert os.path.samefile(one / name, two / name)
    assert not (one / name).stat().st_mode & 0o222


def test_another_content_gets_another_one(tmp_path: Path, compiler: Callable[..., Compiler]) -> None:
    one, two = plant(tmp_path / "one"), plant(tmp_path / "two", value=2)
    compiler().compile(one, step())
    compiler().compile(two, step())
    name = f"pkg/__pycache__/mod.{sys.implementation.cache_tag}.pyc"
    assert (one / name).read_bytes() != (two / name).read_bytes()


def test_a_damaged_cache_is_not_given_out(tmp_path: Path, compiler: Callable[..., Compiler]) -> None:
    compiler().compile(plant(tmp_path / "one"), step())
    for path in (tmp_path / "cache").rglob("*.*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(b"damaged")
    two = plant(tmp_path / "two")
    compiler().compile(two, step())
    assert len(made(two)) == 2, "it is made anew"
    assert all(path.read_bytes() != b"damaged" for path in two.rglob("*.pyc"))


def test_copies_on_request(tmp_path: Path, compiler: Callable[..., Compiler]) -> None:
    one, two = plant(tmp_path / "one"), plant(tmp_path / "two")
    compiler().compile(one, step())
    replace(compiler(), share=False).compile(two, step())
    name = f"pkg/__pycache__/mod.{sys.implementation.cache_tag}.pyc"
    assert (one / name).read_bytes() == (two / name).read_bytes()
    assert not os.path.samefile(one / name, two / name)


def test_tracebacks_do_not_name_the_place_of_the_build(tmp_path: Path, compiler: Callable[..., Compiler]) -> None:
    top = plant(tmp_path / "top")
    (top / "pkg" / "mod.py").write_text("def f():\n    raise ValueError\n", encoding="utf-8")
    compiler().compile(top, step())
    for path in (tmp_path / "cache").rglob("*.*"):
        if path.is_file():
            assert str(tmp_path).encode() not in path.read_bytes()


def test_byte_code_that_is_there_stays_if_it_is_bound_to_its_content(
    tmp_path: Path, compiler: Callable[..., Compiler]
) -> None:
    top = plant(tmp_path / "site")
    lasting, passing = top / "pkg" / "__init__.py", top / "pkg" / "mod.py"
    for source, mode in (
        (lasting, py_compile.PycInvalidationMode.UNCHECKED_HASH),
        (passing, py_compile.PycInvalidationMode.TIMESTAMP),
    ):
        py_compile.compile(str(source), invalidation_mode=mode)
    kept = Path(cache_from_source(str(lasting)))
    linked = tmp_path / "elsewhere"
    linked.hardlink_to(cache_from_source(str(passing)))
    before, others = kept.stat(), linked.read_bytes()
    compiler().compile(top, Step(silent, ""))
    assert kept.stat() == before
    assert Path(cache_from_source(str(passing))).read_bytes()[4:8] == UNCHECKED_HASH
    assert linked.read_bytes() == others, "what has another name as well is not written to"


def test_what_is_behind_a_link_is_not_ours(tmp_path: Path, compiler: Callable[..., Compiler]) -> None:
    checkout = plant(tmp_path / "checkout")
    top = tmp_path / "top"
    top.mkdir()
    (top / "pkg").symlink_to(checkout / "pkg")
    (top / "single.py").symlink_to(checkout / "pkg" / "mod.py")
    compiler().compile(top, step())
    assert made(checkout) == []
    assert made(top) == []


def test_more_than_one_batch(tmp_path: Path, compiler: Callable[..., Compiler]) -> None:
    top = tmp_path / "top"
    top.mkdir()
    count = BATCH * 2 + 5
    for number in range(count):
        (top / f"m{number}.py").write_text(f"x = {number}\n", encoding="utf-8")
    told: list[Event] = []
    compiler().compile(top, Step(told.append, "Compiling"))
    assert len(made(top)) == count
    progress = [event for event in told if isinstance(event, StepProgress)]
    assert progress[-1].done == progress[-1].total == count


@pytest.mark.parametrize("name", ["PYTHONDONTWRITEBYTECODE", "PYTHONOPTIMIZE", "PYTHONPYCACHEPREFIX", "PYTHONHOME"])
def test_the_callers_own_variables_do_not_matter(tmp_path: Path, compiler: Callable[..., Compiler], name: str) -> None:
    top = plant(tmp_path / "top")
    compiler(**{name: "1"}).compile(top, step())
    assert len(made(top)) == 2


@pytest.mark.skipif(os.name == "nt", reason="a script of POSIX")
def test_an_interpreter_that_fails(tmp_path: Path) -> None:
    python = tmp_path / "python"
    text = "#!/bin/sh\necho 'Traceback (most recent call last):' >&2\necho 'OSError: it is broken' >&2\nexit 3\n"
    python.write_text(text, encoding="utf-8")
    python.chmod(0o755)
    (tmp_path / "cache").mkdir()
    broken = Compiler(python, host_interpreter(), tmp_path / "cache", os.environ, ())
    with pytest.raises(InstallError, match="it is broken") as caught:
        broken.compile(plant(tmp_path / "top"), step())
    assert caught.value.status == 3
    assert "Traceback" not in caught.value.message
