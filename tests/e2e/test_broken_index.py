"""An index that hangs, trickles, breaks off or fails: a build ends in its time, says why, and older revisions go on working."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.broken import broken_index

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine

RECIPE = """
[rez]
url = "rez==3.4.0"
lib = ["studio-colours"]
[pip]
engine = "{engine}"
options = ["--extra-index-url={address}", "--retries=0"]
timeout = {timeout}
"""


@pytest.mark.parametrize("engine", ["uv", "pip"])
@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("trickle", "it took longer than [pip] timeout"),
        pytest.param("hang", "it took longer than [pip] timeout", marks=pytest.mark.whole),
        ("reset", "{host}, or a proxy on the way, breaks connections off"),
        ("500", "{host} has an error of its own"),
        pytest.param("503", "{host} has an error of its own", marks=pytest.mark.whole),
    ],
)
def test_a_build_ends_and_says_why(machine: Machine, engine: str, kind: str, hint: str) -> None:
    with broken_index(kind) as address:
        limit = 4 if "timeout" in hint else 300
        machine.recipe(RECIPE.format(engine=engine, address=address, timeout=limit), "dev")
        started = time.monotonic()
        done = machine.run("add", "dev", "--skip-use", status=6)
        host = address.split("/")[2]
        assert hint.format(host=host) in done.stderr
        assert time.monotonic() - started < 100
    assert not list(machine.root.glob("dev/.staging/*"))
