"""The commands that look after a machine, as far as they have more to say than a line: `doctor`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest
    from tests.unit.command.conftest import Rezup


def test_the_doctor_says_what_is_wrong_and_changes_nothing(rezup: Rezup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PATH", "/bin")
    rezup.run("add", "dev", "--skip-use")
    before = sorted(path for path in rezup.office.home.rglob("*"))
    out = rezup.run("doctor", "dev")[0].splitlines()
    assert out[0].startswith("ok      python: Python 3.")
    assert any(line.startswith("ok      revision: dev@") for line in out)
    assert out[-1].endswith(("warning", "All is well"))
    data = rezup.json("doctor", "dev")
    assert (data["container"], "report" in data) == ("dev", False)
    rezup.office.recipe("wrong = 1\n")
    out = rezup.run("doctor", "dev", status=8)[0].splitlines()
    at = next(number for number, line in enumerate(out) if line.startswith("wrong   recipe: "))
    assert "          -> see: rezup recipe check dev" in out[at:]
    report = json.loads(rezup.run("doctor", "dev", "--report", "--json", status=8)[0])["data"]["report"]
    assert rezup.run("doctor", "dev", "--report", status=8)[0].splitlines()[0] == report.splitlines()[0]
    (rezup.office.home / "rezup.dev.toml").unlink()
    assert sorted(path for path in rezup.office.home.rglob("*")) == before
    assert "there is no container nope" in rezup.run("doctor", "nope", status=4)[1]
