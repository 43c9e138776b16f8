"""Locks: read back as versions for any interpreter of this machine, and nobody's password in them."""

from __future__ import annotations

import pytest

from rezup_api.errors import InstallError
from rezup_api.packages.pylock import can_lock, merged, parse_lock
from rezup_api.pythons.interpreter import Interpreter

HASH = "ab" * 32
TEXT = f"""
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.9"
[[packages]]
name = "rez"
version = "3.4.0"
index = "https://ana:secret@pypi.studio/simple"
sdist = {{ url = "https://ana:secret@pypi.studio/rez-3.4.0.tar.gz", hashes = {{ sha256 = "{HASH}" }} }}
wheels = [{{ url = "https://pypi.studio/rez-3.4.0-py3-none-any.whl", hashes = {{ sha256 = "{"cd" * 32}" }} }}]
[[packages]]
name = "old"
version = "1.0"
marker = "python_full_version < '3.10'"
wheels = [{{ url = "https://pypi.studio/old-1.0-py3-none-any.whl", hashes = {{ sha256 = "{HASH}" }} }}]
[[packages]]
name = "windows-only"
version = "1.0"
marker = "sys_platform == 'win32'"
wheels = [{{ url = "https://pypi.studio/windows_only-1.0-py3-none-any.whl", hashes = {{ sha256 = "{HASH}" }} }}]
[[packages]]
name = "studio-tool"
vcs = {{ type = "git", url = "https://ana:secret@git.studio/tool", commit-id = "{"0" * 40}", subdirectory = "python" }}
[[packages]]
name = "mine"
directory = {{ path = "/home/ana/dev/mine", editable = true }}
[[packages]]
name = "archived"
archive = {{ url = "https://git.studio/archived-1.0.zip", hashes = {{ sha256 = "{HASH}" }} }}
"""
REZ = f"rez==3.4.0 --hash=sha256:{HASH} --hash=sha256:{'cd' * 32}"


def interpreter(*version: int, implementation: str = "CPython") -> Interpreter:
    return Interpreter("/usr/bin/python", (version[0], version[1], 7), implementation, "x86_64")


@pytest.mark.parametrize(("version", "old"), [((3, 9), True), ((3, 11), False), ((3, 13), False)])
def test_what_is_installed_depends_on_the_interpreter(version: tuple[int, int], old: bool) -> None:
    own, shared = parse_lock(TEXT).versions(interpreter(*version))
    assert REZ in own.lines
    assert (f"old==1.0 --hash=sha256:{HASH}" in own.lines) is old
    assert not [line for line in own.lines if "windows" in line]
    assert f"studio-tool @ git+https://git.studio/tool@{'0' * 40}#subdirectory=python" in own.lines
    assert "-e file:///home/ana/dev/mine" in own.lines
    assert f"archived @ https://git.studio/archived-1.0.zip --hash=sha256:{HASH}" in own.lines
    assert not own.lasting, "an editable one may change"
    assert shared.lines == ()


def test_an_interpreter_that_it_is_not_for() -> None:
    with pytest.raises(InstallError, match=r"has nothing for Python 3\.8\.7"):
        parse_lock(TEXT).versions(interpreter(3, 8))
    assert can_lock(interpreter(3, 8))
    assert not can_lock(interpreter(3, 10, implementation="PyPy"))


def test_nobodys_password_is_in_it_and_everybody_uses_their_own() -> None:
    lock = parse_lock(TEXT)
    assert "secret" not in lock.to_toml()
    asked = ["rez", "studio-tool @ git+https://ben:other@git.studio/tool", "x @ https://elsewhere/x.zip"]
    own, _ = lock.versions(interpreter(3, 11), asked)
    assert f"studio-tool @ git+https://ben:other@git.studio/tool@{'0' * 40}#subdirectory=python" in own.lines
    assert f"archived @ https://ben:other@git.studio/archived-1.0.zip --hash=sha256:{HASH}" in own.lines


def test_shared_libraries_are_kept_apart() -> None:
    lock = parse_lock(parse_lock(TEXT).sharing({"archived"}).to_toml())
    own, shared = lock.versions(interpreter(3, 11))
    assert shared.lines == (f"archived @ https://git.studio/archived-1.0.zip --hash=sha256:{HASH}",)
    assert shared.lasting
    assert REZ in own.lines


def test_where_it_was_made_is_not_told() -> None:
    text = parse_lock(f"# by uv pip compile /home/ana/x\n{TEXT}").to_toml()
    assert "uv pip" not in text
    assert 'created-by = "rezup"' in text


@pytest.mark.parametrize(
    "text", ["", "[", 'lock-version = "1.0"', TEXT.replace("1.0", "9.0", 1), TEXT.replace('name = "rez"', "")]
)
def test_what_is_no_lock_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whoever reads it says so in its own words
        parse_lock(text)


LOCAL = f"""
lock-version = "1.0"
created-by = "rezup"
[[packages]]
name = "studio-tools"
version = "1.0"
[[packages.wheels]]
name = "studio_tools-1.0-py3-none-any.whl"
path = "wheels/studio_tools-1.0-py3-none-any.whl"
hashes = {{ sha256 = "{HASH}" }}
[packages.tool.rezup]
local = "tools"
"""


def test_a_wheel_beside_the_lock() -> None:
    lock = parse_lock(LOCAL)
    own, _ = lock.versions(interpreter(3, 11))
    assert own.lines == (f"studio-tools==1.0 --hash=sha256:{HASH}",)
    assert own.by_address() is None, "it has no other address"
    assert lock.local == ["studio_tools-1.0-py3-none-any.whl"]
    assert lock.renamed == {"tools": "studio-tools"}


def test_a_compiled_one_binds_the_lock_to_its_platform() -> None:
    lock = parse_lock(LOCAL.replace("py3-none-any", "cp311-cp311-win_amd64"))
    with pytest.raises(InstallError, match=r"has nothing for Python 3\.11\.7"):
        lock.versions(interpreter(3, 11))


def test_recorded_addresses_are_used_where_there_are_any() -> None:
    own, _ = parse_lock(TEXT).versions(interpreter(3, 11), ["x @ https://ben:other@pypi.studio/x.zip"])
    others = own.by_address()
    assert others is not None
    address = f"rez @ https://ben:other@pypi.studio/rez-3.4.0-py3-none-any.whl --hash=sha256:{'cd' * 32}"
    assert address in others.lines
    assert "-e file:///home/ana/dev/mine" in others.lines


def test_an_earlier_lock_keeps_its_files() -> None:
    newer = TEXT.replace("cd" * 32, "ef" * 32).replace("studio/old-1.0", "studio/old-2.0")
    newer = newer.replace('name = "old"\nversion = "1.0"', 'name = "old"\nversion = "2.0"')
    kept = {package["name"]: package for package in parse_lock(newer).keeping(parse_lock(TEXT)).packages}
    assert kept["rez"]["wheels"][0]["hashes"]["sha256"] == "cd" * 32
    assert kept["old"]["version"] == "2.0"


def test_several_locks_become_one() -> None:
    linux, windows = TEXT, TEXT.replace("3.4.0", "3.3.0")
    lock = parse_lock(merged({"linux": linux, "windows": windows}, "3.11"))
    rez = {package["version"]: package["marker"] for package in lock.packages if package["name"] == "rez"}
    assert rez == {"3.4.0": "sys_platform == 'linux'", "3.3.0": "sys_platform == 'win32'"}
    assert [package.get("marker") for package in lock.packages if package["name"] == "mine"] == [None]
    own, _ = lock.versions(interpreter(3, 11))
    assert REZ in own.lines
    with pytest.raises(InstallError):
        lock.versions(interpreter(3, 12))
