"""Remove a container: from this machine, from the studio, and where its files resist."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.e2e.studio import files, make_revision, publish, published

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Machine


def test_the_studio_loses_it_and_machines_say_so(publisher: Machine, consumer: Machine, remote: Path) -> None:
    publish(publisher)
    consumer.run("pull", "dev")
    refused = publisher.run("drop", "dev", "--yes", status=2).stderr
    assert "--remote" in refused
    assert "--local" in refused
    assert "no terminal" in publisher.run("drop", "dev", "--remote", status=2).stderr
    publisher.run("drop", "dev", "--remote", "--yes")
    assert published(publisher) == []
    assert files(remote) == ["dev", "dev/log", "dev/log/1.json", "dev/log/2.json", "dev/pointer"]
    assert publisher.run("use", "dev", "--", "rez", "--version").stderr == "", "it is this machine's own now"
    told = consumer.run("use", "dev", "--", "true").stderr
    assert re.fullmatch(rf"rezup: warning: \S+ has dropped dev from {remote}; taking what is on this machine\n", told)
    consumer.run("drop", "dev", "--local", "--yes")
    assert "there is no container dev" in consumer.run("use", "dev", "--", "true", status=125).stderr
    assert publisher.run("drop", "dev", "--remote", "--yes", status=4).stderr.startswith("rezup: there is no container")


def test_files_that_cannot_be_deleted(unprivileged: Machine) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can make what its user cannot delete")
    for moment in (1_700_000_001, 1_700_000_002):
        make_revision(unprivileged.root / "dev", moment, tool="tool")
    subprocess.run(["chown", "-R", "65534:65534", unprivileged.home], check=True)
    foreign = unprivileged.revisions("dev")[0] / "venv" / "of root"
    (foreign / "kept").mkdir(parents=True)
    done = unprivileged.run("drop", "dev", "--yes")
    assert "not all of its files could be deleted" in done.stderr
    assert not (unprivileged.root / "dev").exists()
    assert "no containers" in unprivileged.run("status").stdout
    assert "there is no container dev" in unprivileged.run("use", "dev", "--", "true", status=125).stderr
    make_revision(unprivileged.root / "dev", tool="tool")
    assert unprivileged.run("use", "dev", "--", "tool").stdout == "the tool\n"
