"""A release that was taken and is damaged since: the installed rezup goes on in its place, and goes back for good."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.e2e.releases import offer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.releases import Installation

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX")


def empty(path: Path) -> None:
    """Leave a file without content, as a power cut does; its other links, into the cache of uv, stay as they are."""
    path.unlink()
    path.touch()


@pytest.mark.parametrize(
    "module",
    [
        "rezup/__init__.py",
        "rezup/__main__.py",
        "rezup/main.py",
        "rezup/fastpath/__init__.py",
        "rezup/commands/status.py",
        "rezup_api/errors.py",
    ],
)
def test_a_release_with_an_empty_module_gives_way_to_the_installed_one(
    user: Installation, source: Path, wheels: dict[str, Path], module: str
) -> None:
    offer(source, wheels["3.1.0"])
    user.run("upgrade")
    (path,) = user.folder.glob(f"releases/*/{module}")
    empty(path)
    user.variables["REZUP_NO_UPGRADE"] = "1"  # otherwise the installed one takes the release anew at once
    done = user.run("status")
    assert "There are no containers yet" in done.stdout
    told = done.stderr.splitlines()
    assert told == [] or (len(told) == 2 and "is damaged" in told[0] and "rezup upgrade" in told[1]), told
    assert user.run("use", "nonesuch", "--", "true", status=125).stderr.count("there is no container nonesuch") == 1
    assert user.run("upgrade", "--rollback").stdout == "rezup 3.0.0 runs from now on\n"
    assert user.version() == "3.0.0"
    assert user.run("status").stderr == ""


def test_a_damaged_release_is_taken_anew(user: Installation, source: Path, wheels: dict[str, Path]) -> None:
    offer(source, wheels["3.1.0"])
    user.run("upgrade")
    (path,) = user.folder.glob("releases/*/rezup/main.py")
    empty(path)
    assert "Upgraded rezup 3.0.0 to 3.1.0" in user.run("upgrade").stdout
    assert user.version() == "3.1.0"
    assert user.run("status").stderr == ""


def test_a_rollback_starts_whatever_is_wrong_with_the_release(
    user: Installation, source: Path, wheels: dict[str, Path]
) -> None:
    for version in ("3.1.0", "3.2.0"):
        offer(source, wheels[version])
        user.run("upgrade")
    for path in user.folder.glob("releases/*/rezup/__init__.py"):
        empty(path)
        path.write_text("import os\nos._exit(77)\n", encoding="utf-8")
    user.variables["REZUP_NO_UPGRADE"] = "1"
    assert user.run("status", status=77).stdout == ""
    told = user.run("upgrade", "--rollback", "--json").stdout
    assert '"version": "3.0.0"' in told, "the one before is damaged too"
    assert '"before": "3.2.0"' in told
    assert user.version() == "3.0.0"


def test_the_site_script_runs_on_a_first_environment_when_a_release_gives_way(
    user: Installation, source: Path, wheels: dict[str, Path]
) -> None:
    script = user.home / "site.py"
    script.write_text("import os\nos.environ['COUNT'] = os.environ.get('COUNT', '') + 'x'\n", encoding="utf-8")
    (user.home / "rezup.toml").write_text(f'[init]\nscript = "{script}"\n[rez]\nurl = "rez==3.4.0"\n', encoding="utf-8")
    user.run("add", "--skip-use")
    offer(source, wheels["3.1.0"])
    user.run("upgrade")
    (path,) = user.folder.glob("releases/*/rezup/commands/use.py")
    empty(path)
    user.variables["REZUP_NO_UPGRADE"] = "1"
    assert user.run("use", "--", "sh", "-c", "echo $COUNT").stdout == "x\n"
