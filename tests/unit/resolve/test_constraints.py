"""Lines of pip's constraint files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.resolve.constraints import constraints_besides
from rezup_api.resolve.pip_configuration import constraint_files, parse_options

if TYPE_CHECKING:
    from pathlib import Path


def test_constraints_about_others(tmp_path: Path) -> None:
    first, second = tmp_path / "our limits.txt", tmp_path / "more" / "limits.txt"
    second.parent.mkdir()
    first.write_text(
        "# of the studio\nsix<1.16  # not newer\nSetuptools < 60\n-c more/limits.txt\n-rmissing.txt\n"
        "torch==2.1 \\\n  --hash=sha256:00\n\n--constraint https://h/limits.txt\n",
        encoding="utf-8",
    )
    second.write_text(
        "-c ../our%20limits.txt\n-c ../our limits.txt\nStudio_Colours[red]==1\ncython<3\n", encoding="utf-8"
    )
    options = parse_options(["-c", str(first), "--constraint", first.as_uri(), "-c", "https://h/c.txt"], "recipe")
    files = constraint_files(options, {})
    assert files == [str(first), first.as_uri(), "https://h/c.txt"]
    every = ["six<1.16", "Setuptools < 60", "Studio_Colours[red]==1", "cython<3", "torch==2.1    --hash=sha256:00"]
    assert sorted(constraints_besides((), files)) == sorted(every)
    kept = constraints_besides({"six", "studio-colours", "setuptools"}, files)
    assert sorted(kept) == ["cython<3", "torch==2.1    --hash=sha256:00"]
    assert constraints_besides((), [str(tmp_path)]) == [], "what cannot be read has been told where it was needed"
