"""The files of an unpacked interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.pythons.unpacked import LARGEST, protect, relocate

if TYPE_CHECKING:
    from pathlib import Path


def test_a_path_is_replaced_in_what_compilers_read(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    for name, content in {"a.py": b"x = '/old/lib'", "b.pc": b"prefix=/old", "c.so": b"/old", "d.py": b"y = 1"}.items():
        (tmp_path / "lib" / name).write_bytes(content)
    (tmp_path / "large").write_bytes(b"/old" + bytes(LARGEST))
    (tmp_path / "link").symlink_to("/old")
    relocate(tmp_path, "/old", "/new/place")
    assert (tmp_path / "lib" / "a.py").read_bytes() == b"x = '/new/place/lib'"
    assert (tmp_path / "lib" / "b.pc").read_bytes() == b"prefix=/new/place"
    assert (tmp_path / "lib" / "c.so").read_bytes() == b"/old", "a program is not text"
    assert (tmp_path / "large").read_bytes().startswith(b"/old")
    assert str((tmp_path / "link").readlink()) == "/old"


def test_nobody_can_write_to_it(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir(mode=0o777)
    (tmp_path / "lib").chmod(0o777)
    (tmp_path / "lib" / "a.py").touch()
    (tmp_path / "lib" / "a.py").chmod(0o766)
    protect(tmp_path)
    assert (tmp_path / "lib").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "lib" / "a.py").stat().st_mode & 0o777 == 0o544
