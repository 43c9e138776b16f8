"""A password that a machine needs is nobody else's: in no output, error, bundle or command line, and in no file of others."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.repositories import GitServer
from tests.packages import Index, command_lines, project, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

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


# What pip shows, is told and writes is in the test below, and in test_pip_configuration.py.
@pytest.mark.parametrize("engine", ["uv", pytest.param("pip", marks=pytest.mark.whole)])
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
    assert closed.seen == [], "a command line can be read by everybody"
    assert holding_it(remote, bundle.parent, publisher.root, consumer.root, tmp_path / "src") == []


@dataclass
class Watched:
    """What others could have read while a command ran: command lines, and files that are open to them."""

    lines: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    private: list[str] = field(default_factory=list)

    def look(self, root: Path) -> None:
        """Look at the files once."""
        stages = root.glob("*/.staging")
        for path in (Path(folder, name) for stage in stages for folder, _, names in os.walk(stage) for name in names):
            try:
                if path.is_file() and path.stat().st_size < 100_000 and SECRET.encode() in path.read_bytes():
                    self._note(path)
            except OSError:
                continue  # it has gone

    def _note(self, path: Path) -> None:
        folder = next((folder for folder in path.parents if folder.parent.parent.name == ".staging"), path.parent)
        closed = stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(folder.stat().st_mode) == 0o700
        (self.private if closed else self.files).append(str(path))


@contextmanager
def watching(root: Path) -> Iterator[Watched]:
    """Look all the time, until the end of the body."""
    found, ended = Watched(), threading.Event()

    def look() -> None:
        count = 0
        while not ended.wait(0.01):
            found.lines += [line for line in command_lines() if SECRET in line]
            count += 1
            if not count % 20:
                found.look(root)

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield found
    finally:
        ended.set()
        looker.join()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="it needs /proc")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "place"), [("uv", "recipe"), ("pip", "file"), pytest.param("pip", "recipe", marks=pytest.mark.whole)]
)
def test_nobody_sees_it_while_a_revision_is_made(engine: str, place: str, closed: Index, tmp_path: Path) -> None:
    source = project(tmp_path / "src", "studio-tools", {"studio_tools/__init__.py": ""})
    tool = project(tmp_path / "tool", "studio-git", {"studio_git/__init__.py": ""})
    (tmp_path / "ana").mkdir()
    machine = Machine(tmp_path / "ana", {"STUDIO_LOGIN": f"ana:{SECRET}"})
    address = closed.url(f"ana:{SECRET}") + "/studio-colours/"
    with GitServer(tool, tmp_path / "git", login=f"ana:{SECRET}") as git:
        options = []
        if place == "file":
            (tmp_path / "ana" / ".config" / "pip").mkdir(parents=True)
            text = f"[global]\nextra-index-url = {closed.url(f'ana:{SECRET}')}\nfind-links = {address}\n"
            (tmp_path / "ana" / ".config" / "pip" / "pip.conf").write_text(text, encoding="utf-8")
        else:
            given = closed.url("${STUDIO_LOGIN}")
            options = [f"--extra-index-url={given}", f"--find-links={given}/studio-colours/"]
        recipe = RECIPE.format(source=source).replace('"studio-colours"', f'"studio-colours", "{git.requirement()}"')
        machine.recipe(recipe + f'[pip]\nengine = "{engine}"\noptions = {options}\n'.replace("'", '"'), "dev")
        with watching(machine.root) as seen:
            machine.run("add", "dev", "--skip-use", "-m", "why", STUDIO_TOKEN="none")
            if engine == "uv":
                machine.run("bundle", "dev", "-o", str(tmp_path / "dev.zip"), STUDIO_TOKEN="none")
    assert seen.lines == []
    assert seen.files == []
    assert seen.private, "the files that the engines read were seen"
    assert git.asked
    assert holding_it(machine.root, tmp_path / "src", tmp_path / "tool") == []
