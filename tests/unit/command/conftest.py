"""The command as a process that does not end: what it prints, and what it would have become."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tests.documents import check_document

from rezup.__main__ import main
from rezup.commands import use

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.unit.office import Office

    from rezup_api.disk.flock import Held


@dataclass
class Rezup:
    """Runs the command in this process.

    Args:
        became: the commands that it would have become, each with its environment.
    """

    office: Office
    output: pytest.CaptureFixture[str]
    became: list[tuple[list[str], Mapping[str, str]]] = field(default_factory=list)

    def run(self, *words: str, status: int | None = 0) -> tuple[str, str]:
        """Run it, and check its exit status, None for any; what it prints to stdout and stderr."""
        self.output.readouterr()
        given = main(list(words))
        told = self.output.readouterr()
        assert status is None or given == status, told
        check_document(words, told.out)
        return told.out, told.err

    def json(self, *words: str) -> Any:
        """The data of its document."""
        document = json.loads(self.run(*words, "--json")[0])
        assert document["format"] == 1
        return document["data"]


@pytest.fixture
def rezup(here: Office, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Rezup:
    """The command on a machine of a studio that names its remote root."""
    here.share()
    for name, value in here.environ.items():
        monkeypatch.setenv(name, value)
    made = Rezup(here, capfd)

    def become(command: Sequence[str], environ: Mapping[str, str], lease: Held) -> int:
        with lease:
            made.became.append((list(command), environ))
        return 0

    monkeypatch.setattr(use, "become", become)
    monkeypatch.setattr(os, "execv", None)
    return made
