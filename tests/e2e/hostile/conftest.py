"""Two users of one machine: one who runs rezup, and one who writes into the roots that both share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import NOBODY, Machine, tree_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A root that a group writes, where whoever may write may also rename what others made; and one like /tmp.
MODES = [pytest.param(0o2775, id="2775"), pytest.param(0o1777, id="1777")]
# The victim, who is not root and a member of the attacker's group. No account has this number: nothing else belongs to it.
VICTIM = 65432
# The interpreter and pytest's folders may lie where only root can look. Hence the one capability, to read and search.
AS_VICTIM = (
    *("setpriv", f"--reuid={VICTIM}", f"--regid={VICTIM}", f"--groups={VICTIM},{NOBODY}"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)


@dataclass
class Attacker:
    """Another user of this machine, without any right but those that the modes of files give.

    Args:
        place: a folder of that user.
    """

    place: Path

    def act(self, script: str, *words: str | Path) -> None:
        """Run a shell script as that user; it fails the test if the user may not do that."""
        identity = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        command = [*identity, "sh", "-euc", f"umask 000\n{script}", "sh", *map(str, words)]
        done = subprocess.run(command, cwd=self.place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def give(path: Path) -> None:
    """Give a folder and all that is in it to the victim: what belongs to root, nobody but root could harm."""
    for one in (path, *path.rglob("*")):
        os.chown(one, VICTIM, VICTIM, follow_symlinks=False)


@pytest.fixture(scope="session")
def caches_of_victim() -> Iterator[Path]:
    """Caches of the victim, which the tests of one worker share, where the victim can reach them."""
    path = Path(tempfile.mkdtemp())
    give(path)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that every user can reach; those of pytest are closed to others."""
    if sys.platform == "win32" or os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can act as another user, by setpriv")
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def attacker(ground: Path) -> Attacker:
    """The other user."""
    place = ground / "attacker"
    place.mkdir()
    os.chown(place, NOBODY, NOBODY)
    return Attacker(place)


@pytest.fixture
def treasure(ground: Path) -> Path:
    """A folder of the victim, outside of all roots, that must never change."""
    path = ground / "treasure"
    (path / "shots").mkdir(parents=True)
    (path / "shots" / "file").write_text("years of work", encoding="utf-8")
    (path / "1700000000.000000").mkdir()
    (path / "1700000000.000000" / "file").write_text("more of it", encoding="utf-8")
    give(path)
    return path


@pytest.fixture
def unchanged() -> Iterator[Callable[[Path], None]]:
    """`unchanged(folder)` says that the folder must be at the end of the test as it is now."""
    noted: dict[Path, str] = {}

    def note(folder: Path) -> None:
        noted[folder] = tree_digest(folder)

    yield note
    assert noted
    assert {folder: tree_digest(folder) for folder in noted} == noted


@pytest.fixture(params=MODES)
def victim(request: pytest.FixtureRequest, ground: Path, attacker: Attacker, caches_of_victim: Path) -> Machine:
    """The user who runs rezup. Of the local root, the attacker owns the container `dev`, and the victim the container `prod`."""
    home, root = ground / "home", ground / "root"
    for folder in (home, root):
        folder.mkdir()
    give(home)
    os.chown(root, 0, NOBODY)
    root.chmod(request.param)
    (root / ".cache").symlink_to(caches_of_victim)
    machine = Machine(home, {"REZUP_ROOT_LOCAL": str(root), "LOGNAME": "victim"}, AS_VICTIM)
    for name in ("dev", "prod"):
        machine.recipe("description = 'shared'", name)
    attacker.act('mkdir "$1"', root / "dev")
    for name in ("dev", "prod"):
        machine.run("add", name, "--skip-use")
    machine.run("tag", "prod@latest", "good")
    return machine
