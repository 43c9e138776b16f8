"""A password that a machine needs for its index is nobody else's: in no file, no output, no error, and no bundle."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.packages import Index, project, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "s3cr3t-w0rd"
RECIPE = """
[rez]
url = "rez==3.4.0"
lib = ["studio-colours", "{source}"]
[pip.env]
STUDIO_TOKEN = "${{STUDIO_TOKEN}}"
[[check]]
command = "test -z \\"$BROKEN\\" || {{ echo it is broken; exit 1; }}"
"""


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Index]:
    """An index that wants a login."""
    with Index(tmp_path / "index", login=f"ana:{SECRET}", secret=SECRET) as serving:
        wheel(serving.folder, "studio-colours", {"studio_colours.py": ""})
        yield serving


def holding_it(*places: Path) -> list[str]:
    """The files in which the secret stands, or whose names have it."""
    found = []
    for place in places:
        for folder, _, names in os.walk(place):
            for path in (os.path.join(folder, name) for name in names):
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                with open(path, "rb") as stream:
                    if SECRET.encode() in stream.read() or SECRET in path:
                        found.append(path)
    return found


@pytest.mark.parametrize("engine", ["uv", "pip"])
def test_it_stays_where_it_was_configured(engine: str, closed: Index, tmp_path: Path) -> None:
    remote = tmp_path / "remote"
    remote.mkdir()
    source = project(tmp_path / "src", "studio-tools", {"studio_tools/__init__.py": ""})
    machines = []
    for name in ("publisher", "consumer"):
        (tmp_path / name).mkdir()
        address = closed.url(f"ana:{SECRET}")
        variables = {"REZUP_ROOT_REMOTE": str(remote), "PIP_EXTRA_INDEX_URL": address, "STUDIO_TOKEN": SECRET}
        machines.append(Machine(tmp_path / name, variables))
    publisher, consumer = machines
    publisher.recipe(RECIPE.format(source=source) + f'[pip]\nengine = "{engine}"\n', "dev")
    bundle = tmp_path / "bundles" / "dev.zip"
    bundle.parent.mkdir()
    told = []
    for machine, words, status in (
        (publisher, ("-D", "add", "dev", "--remote", "--skip-use", "-m", "why"), 0),
        (consumer, ("-D", "pull", "dev"), 0),
        (publisher, ("-D", "add", "prod", "--from", "dev", "--upgrade", "studio-colours", "--remote", "--skip-use"), 0),
        (publisher, ("-D", "bundle", "dev", "-o", str(bundle)), 0),
        (consumer, ("-D", "add", "site", "--from", str(bundle), "--skip-use"), 0),
        (consumer, ("verify", "dev", "--json"), 0),
        (consumer, ("status", "dev", "--json"), 0),
        (consumer, ("history", "dev", "--json"), 0),
        (consumer, ("diff", "dev", "site", "--json"), 0),
        (publisher, ("recipe", "show", "dev", "--json"), 0),
    ):
        done = machine.run(*words, status=status)
        told.append(done.stdout + done.stderr)
    told.append(publisher.run("-D", "add", "dev", "--remote", "--skip-use", status=6, BROKEN="1").stderr)
    publisher.run("add", "dev", "--remote", "--skip-use")
    told.append(consumer.run("-D", "use", "dev", "--", "true", BROKEN="1").stderr)
    for path in closed.folder.iterdir():
        path.unlink()
    publisher.recipe(RECIPE.format(source=source).replace("studio-colours", "studio-colours>=7"), "dev")
    told.append(publisher.run("-D", "add", "dev", "--skip-use", status=6).stderr)
    assert [text for text in told if SECRET in text] == []
    ours = [
        line for line in closed.seen if " --ignore-installed " not in line
    ]  # pip calls itself so, to build something
    assert ours == [], "a command line can be read by everybody"
    assert holding_it(remote, bundle.parent, publisher.root, consumer.root, tmp_path / "src") == []
