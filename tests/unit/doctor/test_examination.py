"""All checks together: their order, what a broken one does, and what a fault of rezup leaves behind."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

from rezup_api.doctor import examination
from rezup_api.doctor.examination import AT_ONCE, CHECKS, examine, examine_program, keep_fault
from rezup_api.doctor.observation import Observation, fine
from rezup_api.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from rezup_api.doctor.scene import Scene


def broken(error: Exception) -> Callable[[Scene], Observation]:
    def check(_: Scene) -> Observation:
        raise error

    return check


def test_a_check_that_breaks_is_wrong_and_ends_no_other(scene: Callable[..., Scene]) -> None:
    checks: dict[str, Callable[[Scene], Observation | list[Observation]]] = {
        "one": broken(ZeroDivisionError("oops")),
        "two": broken(StorageError("no room", "make some")),
        "three": broken(PermissionError(13, "Permission denied", "/closed")),
        "four": lambda _: [fine("four", "it works"), fine("four", "twice")],
    }
    diagnosis = examine(scene(), checks)
    seen = [(one.check, one.level, one.text) for one in diagnosis.observations]
    assert seen == [
        ("one", "wrong", "the check itself is broken: ZeroDivisionError: oops"),
        ("two", "wrong", "no room"),
        ("three", "wrong", "cannot be looked at: /closed: Permission denied"),
        ("four", "ok", "it works"),
        ("four", "ok", "twice"),
    ]
    assert diagnosis.level == "wrong"


def test_all_checks_run_in_their_order(scene: Callable[..., Scene], home: Path) -> None:
    (home / "rezup.dev.toml").touch()
    around = scene("dev", PIP_NO_INDEX="1", PATH="/nothing", REZUP_DEFAULT_SHELL="/bin/sh")
    diagnosis = examine(around)
    names = list(dict.fromkeys(one.check for one in diagnosis.observations))
    known = [name for name in CHECKS if name in names]
    assert [name for name in names if name in CHECKS] == known
    assert {"python", "uv", "local-root", "remote-root", "interpreters", "recipe", "revision", "pins"} <= set(names)
    assert [one.text for one in diagnosis.observations if "is broken" in one.text] == []
    assert diagnosis.container == "dev"


def test_names_of_checks_are_stable_and_on_the_page(checkout: Path) -> None:
    page = (checkout / "docs/reference/commands.md").read_text(encoding="utf-8")
    part = page[page.index("## `rezup doctor`") : page.index("## `rezup verify`")]
    table = part[part.index("| Check | Looks at |") :]
    told = [
        name for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE) for name in re.findall(r"`([\w-]+)`", row)
    ]
    assert [name for name in told if name in CHECKS] == list(CHECKS)
    assert all(any(name.startswith(known) for known in CHECKS) for name in told)


def test_after_a_fault_nothing_is_looked_at_that_takes_time(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CHECKS.keys() - set(AT_ONCE):
        monkeypatch.setitem(examination.CHECKS, name, broken(AssertionError("it was asked")))
    assert "it was asked" not in str(examine_program(scene()))


def test_a_fault_leaves_a_report_without_secrets(home: Path) -> None:
    environ = {"HOME": str(home), "REZUP_UPGRADE_SOURCE": "https://ann:secret@index/", "TOKEN": "secret"}
    try:
        raise ZeroDivisionError(f"in {home}/x with https://ann:secret@host/")
    except ZeroDivisionError as error:
        path = keep_fault(error, environ)
    assert path is not None
    assert path.parent == home / ".local/state/rezup/reports"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text(encoding="utf-8")
    assert "ZeroDivisionError: in ~/x with https://****@host/" in text
    assert "test_a_fault_leaves_a_report_without_secrets" in text
    assert "python: Python 3" in text
    assert "secret" not in text.replace("without_secrets", "")
