"""A remote root whose share hangs: launches start with what is here, wait once, and leave at most one process behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.e2e.hanging import hanging_share
from tests.e2e.processes import wait_until
from tests.e2e.studio import make_revision

from rezup_api.netfs import reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.hanging import Share

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such shares")
# Seconds, on a machine that does much else; the limit itself is 2.
SOON = 10.0


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Share]:
    """A mounted share, whose files lie in the folder `served`."""
    (tmp_path / "served").mkdir()
    with hanging_share(tmp_path / "served", tmp_path / "die Freigabe") as mounted:
        marker = Path(reader.marker_of(str(mounted.path)))
        yield mounted
        marker.unlink(missing_ok=True)


@pytest.fixture
def user(home: Path, tmp_path: Path, share: Share) -> Machine:
    """Somebody who has both revisions of `dev` that are published on the share."""
    for moment in (1_700_000_001, 1_700_000_002):
        make_revision(home / ".rezup" / "dev", moment, tool="tool", remote=tmp_path / "served")
    return Machine(home, {"REZUP_ROOT_REMOTE": str(share.path)})


def launch(user: Machine, *words: str, warned: bool) -> float:
    """Enter `dev`; the seconds it took."""
    started = time.monotonic()
    done = user.run("use", "dev", *words, "--", "tool")
    assert done.stdout == "the tool\n"
    text = f"the remote root {user.variables['REZUP_ROOT_REMOTE']} does not answer; taking dev@1700000002.000000"
    assert (text in done.stderr) == warned
    return time.monotonic() - started


def test_launches_take_what_is_here_and_the_share_is_asked_once(user: Machine, share: Share) -> None:
    user.prepare("use", "dev", "--", "true")
    assert share.stuck() == []
    share.hang()
    assert launch(user, warned=True) < SOON
    (stuck,) = share.stuck()
    quickest = min(launch(user, warned=True) for _ in range(3))
    assert quickest < 1.5, "they do not wait for it again"
    assert share.stuck() == [stuck]
    held = [os.readlink(path) for path in Path(f"/proc/{stuck}/fd").iterdir()]
    assert not [path for path in held if path.startswith("/") and "memfd" not in path], "no lock, no lease, no terminal"
    assert int(Path(f"/proc/{stuck}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()[4]) == 0, "no tty"
    marker = Path(reader.marker_of(str(share.path)))
    os.utime(marker, (1, 1))
    launch(user, warned=True)
    assert share.stuck() == [stuck], "as long as somebody waits for it, nobody else does"


def test_when_the_share_is_back_all_is_as_before(user: Machine, share: Share, tmp_path: Path) -> None:
    share.hang()
    launch(user, warned=True)
    shutil.rmtree(tmp_path / "served" / "dev" / "revisions" / "1700000002.000000")
    share.restart()
    Path(reader.marker_of(str(share.path))).unlink()
    assert "dev/revisions/1700000001" in user.run("use", "dev", "--", "printenv", "REZUP_REVISION").stdout
    user.prepare("use", "dev", "--", "true")


def test_without_waiting_where_it_is_passed_over(user: Machine, share: Share) -> None:
    share.hang()
    launch(user, "--local", warned=False)
    assert user.run("use", "dev@1700000001.000000", "--", "tool").stderr == ""
    assert share.stuck() == []


def test_nothing_stands_in_where_that_is_not_wanted(user: Machine, share: Share) -> None:
    share.hang()
    refused = user.run("use", "dev", "--strict", "--", "true", status=125)
    assert refused.stderr.startswith(f"rezup: the remote root {share.path} does not answer\n")
    assert "does not answer" in user.run("pull", "dev", status=7).stderr
    assert "does not answer" in user.run("use", "other", "--", "true", status=125).stderr
    told = user.run("status", "dev")
    assert "warning: the remote root" in told.stderr
    assert "1700000002.000000" in told.stdout


def test_a_launch_waits_once_whatever_lies_there(user: Machine, share: Share, tmp_path: Path) -> None:
    (tmp_path / "served" / "studio.env").write_text("FROM_SHARE=1\n", encoding="utf-8")
    (tmp_path / "served" / "site.py").write_text("import os\nos.environ['SITE'] = '1'\n", encoding="utf-8")
    recipe = user.home / ".rezup" / "dev" / "revisions" / "1700000002.000000" / "rezup.toml"
    recipe.write_text(f'[dotenv]\n1 = "{share.path}/studio.env"\n', encoding="utf-8")
    user.recipe(f'[init]\nscript = "{share.path}/site.py"\n')
    user.prepare("use", "dev", "--", "true")
    assert user.run("use", "dev", "--", "printenv", "SITE", "FROM_SHARE").stdout == "1\n1\n"
    share.hang()
    started = time.monotonic()
    refused = user.run("use", "dev", "--", "true", status=125)
    assert f"cannot read {share.path}/site.py: there was no answer for 2 s" in refused.stderr
    done = user.run("use", "dev", "--", "printenv", "PATH", REZUP_SKIP_INIT="1")
    assert "studio.env does not answer" in done.stderr
    assert "taking dev@1700000002.000000" in done.stderr
    assert time.monotonic() - started < SOON
    assert len(share.stuck()) == 1


def test_of_two_shares_only_the_one_that_hangs_is_passed_over(user: Machine, share: Share, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "studio.env").write_text("FROM_OTHER=1\n", encoding="utf-8")
    recipe = user.home / ".rezup" / "dev" / "revisions" / "1700000002.000000" / "rezup.toml"
    with hanging_share(tmp_path / "other", tmp_path / "second") as other:
        recipe.write_text(f'[dotenv]\n1 = "{other.path}/studio.env"\n', encoding="utf-8")
        user.prepare("use", "dev", "--", "true")
        share.hang()
        for _ in range(2):
            done = user.run("use", "dev", "--", "printenv", "FROM_OTHER")
            assert done.stdout == "1\n"
            assert done.stderr.count("warning") == 1
            assert (len(share.stuck()), other.stuck()) == (1, []), "the quick launch and the ordinary path ask once"


def test_the_command_has_no_child_and_its_signals(user: Machine, share: Share) -> None:
    share.hang()
    asked = "ps -o pid= --ppid $$ | wc -l; grep -E '^Sig(Ign|Blk)' /proc/self/status"
    words = [*user.command("use", "dev", "-q", "--", "sh", "-c", asked)]
    for prefix in ("", "trap '' CHLD; "):
        line = f'{prefix}exec "$@"'
        told = subprocess.run(
            ["sh", "-c", line, "sh", *words], env=user.environ, capture_output=True, text=True, check=True
        )
        plain = subprocess.run(["sh", "-c", line, "sh", "sh", "-c", asked], capture_output=True, text=True, check=True)
        assert told.stdout == plain.stdout


def test_who_has_asked_waits_beside_the_command(user: Machine, share: Share) -> None:
    """It cannot become the command, which would get the stuck process as a child. All others can."""
    share.hang()
    told = []
    for status in (5, 6):
        running = user.start("use", "dev", "-q", "--", "sh", "-c", f"echo $$ $PPID; exit {status}")
        process, parent = running.communicate(timeout=30)[0].split()
        assert running.returncode == status
        told.append((int(process) == running.pid, int(parent) == running.pid))
    assert told == [(False, True), (True, False)]


def test_a_signal_reaches_the_command_beside_which_it_waits(user: Machine, share: Share) -> None:
    share.hang()
    text = "trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
    running = user.start("use", "dev", "-q", "--", "sh", "-c", text)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.terminate()
    assert running.communicate(timeout=30)[0] == "caught\n"
    assert running.returncode == 7


def test_ctrl_c_while_it_waits(user: Machine, share: Share) -> None:
    share.hang()
    running = user.start("use", "dev", "--", "tool", start_new_session=True)
    wait_until(lambda: bool(share.stuck()), "nobody waits")
    os.killpg(running.pid, signal.SIGINT)
    started = time.monotonic()
    told, complaint = running.communicate(timeout=30)
    assert "Traceback" not in complaint
    assert (told, running.returncode) == ("", 130)
    assert time.monotonic() - started < 1.5
    marker = Path(reader.marker_of(str(share.path)))
    wait_until(marker.exists, "it is not kept in mind that the share hangs")
    launch(user, warned=True)
    assert len(share.stuck()) == 1
