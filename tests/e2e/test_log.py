"""The log of a remote root while many change it at once, are killed, and while others put things in its way."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.studio import entered, files_of, publish, publish_files, published

from rezup_api.published.log_entry import parse_entry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Machine

PUBLISHERS = 20
# Seconds; a minute where everything is run as a whole.
DURATION = 60.0 if os.environ.get("REZUP_TESTS_WHOLE") else 6.0

# Publishes small revisions without an end, and writes a line for each that it was told of.
PUBLISHER = """
import os, sys
from pathlib import Path
from rezup_api.events import silent
from rezup_api.published.published_root import PublishedRoot
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.history import new_act

storage = SharedFolder(Path(sys.argv[1]))
files = {"rezup.toml": b"", "revision.json": b'{"format": 1, "rezup_version": "3.0.0"}'}
while True:
    root = PublishedRoot(storage, "dev", {}, silent)
    told = root.publish(files, None, lambda one: new_act("publish", one, os.environ, message=str(os.getpid())))
    print(told, flush=True)
"""

# Reads without an end, and writes a line for each state that it sees: its generation and its newest revision.
READER = """
import os, sys
from pathlib import Path
from rezup_api.errors import RemoteError
from rezup_api.published.accepted import Accepted
from rezup_api.published.log import Log
from rezup_api.storage.folder import SharedFolder

environ = {"XDG_STATE_HOME": sys.argv[2]}
storage = SharedFolder(Path(sys.argv[1]))
seen = None
while True:
    head = Log(storage, "dev", Accepted(environ, storage.place, "dev"), lambda event: sys.exit(event.text)).head()
    if head is not None and head.generation != seen:
        seen = head.generation
        print(head.generation, head.state.newest.timestamp, flush=True)
"""

# Publishes one revision and dies, as by SIGKILL, when it comes to the pointer.
DYING = """
import os, signal, sys
from pathlib import Path
from rezup_api.events import silent
from rezup_api.published.published_root import PublishedRoot
from rezup_api.storage.folder import SharedFolder
from rezup_api.store.history import new_act

class Dying(SharedFolder):
    def put(self, name, data):
        os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[2])
files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"}
root = PublishedRoot(Dying(Path(sys.argv[1])), "dev", {}, silent)
root.publish(files, None, lambda one: new_act("publish", one, os.environ))
"""


def start(script: str, *words: object) -> subprocess.Popen[str]:
    """A process that runs a script with this test's Python."""
    return subprocess.Popen([sys.executable, "-c", script, *map(str, words)], stdout=subprocess.PIPE, text=True)


def killed(process: subprocess.Popen[str]) -> list[str]:
    """Kill a process; the whole lines that it has written."""
    process.kill()
    text = process.communicate()[0]
    return text[: text.rfind("\n") + 1].splitlines()


def test_many_publish_at_once_and_are_killed(tmp_path: Path) -> None:
    remote = tmp_path / "studio"
    remote.mkdir()
    chance = random.Random(20)
    readers = [start(READER, remote, tmp_path / f"reader {number}") for number in range(2)]
    running = [start(PUBLISHER, remote) for _ in range(PUBLISHERS)]
    told: list[str] = []
    end = time.monotonic() + DURATION
    while time.monotonic() < end:
        time.sleep(chance.uniform(0.0, 0.2))
        number = chance.randrange(PUBLISHERS)
        told += killed(running[number])
        running[number] = start(PUBLISHER, remote)
    told += [line for process in running for line in killed(process)]
    seen = [killed(process) for process in readers]
    after = publish_files(remote, {"rezup.toml": b"", "revision.json": b"{}"})
    told.append(after)

    entries = {int(path.stem): parse_entry(path.read_bytes()) for path in (remote / "dev" / "log").iterdir()}
    assert sorted(entries) == list(range(1, len(entries) + 1)), "a number was left out"
    for number, entry in entries.items():
        assert entry.generation == number
        assert entry.chain[:1] == ((entries[number - 1].link,) if number > 1 else ()), "two chains"
    newest = [entries[number].state.newest for number in sorted(entries)]
    timestamps = [one.timestamp for one in newest if one is not None]
    assert timestamps == sorted(set(timestamps)), "a later publication has the smaller name"
    assert set(told) <= set(timestamps), "somebody was told of a publication that is not there"
    assert timestamps[-1] == after == max(told)
    assert parse_entry((remote / "dev" / "pointer").read_bytes()).generation == len(entries)
    for timestamp in timestamps:
        assert (remote / "dev" / "revisions" / timestamp / "manifest.json").exists()
    assert len(told) >= PUBLISHERS / 4, "hardly any publication has succeeded"
    for lines in seen:
        generations = [int(line.split()[0]) for line in lines]
        assert len(generations) > 5
        assert generations == sorted(set(generations)), "a reader went backwards"
        assert all(line.split()[1] == timestamps[int(line.split()[0]) - 1] for line in lines), "a torn reading"


def test_what_a_killed_publisher_has_entered_is_seen_at_once(
    publisher: Machine, consumer: Machine, remote: Path
) -> None:
    first = publish(publisher)
    for _ in range(3):  # the second launch writes the record by which the third is quick
        assert entered(consumer, "dev").name == first
    pointer = (remote / "dev" / "pointer").read_bytes()
    process = start(DYING, remote, remote / "dev" / "revisions" / first)
    assert process.wait() == -signal.SIGKILL
    process.communicate()
    assert (remote / "dev" / "pointer").read_bytes() == pointer
    second = published(publisher)[-1]
    assert second > first
    assert entered(consumer, "dev").name == second
    third = publish(publisher)
    assert parse_entry((remote / "dev" / "pointer").read_bytes()).generation == 3
    assert entered(consumer, "dev").name == third
    acts = consumer.json("history", "dev")["acts"]
    assert [act["revision"] for act in acts if act["act"] == "publish"] == [third, second, first]


def test_others_cannot_block_a_container(publisher: Machine, consumer: Machine, remote: Path) -> None:
    first = publish(publisher)
    assert entered(consumer, "dev").name == first
    log = remote / "dev" / "log"
    for number in range(2, 10):
        path = log / f"{number}.json"
        match number % 4:
            case 0:
                path.write_bytes(b"\x00 garbage" * 10_000)
            case 1:
                os.mkfifo(path)
            case 2:
                path.write_bytes((log / "1.json").read_bytes())
            case _:
                path.symlink_to("/dev/zero")
    (remote / "dev" / "pointer").unlink()
    assert entered(consumer, "dev").name == first
    second = publish(publisher)
    assert (log / "10.json").exists()
    assert entered(consumer, "dev").name == second
    document = json.loads((log / "10.json").read_bytes())["document"]
    assert document["void"] == [[2, 9]]


def test_who_drops_it_is_followed_and_so_is_who_adds_it_again(publisher: Machine, consumer: Machine) -> None:
    first = publish(publisher)
    assert entered(consumer, "dev").name == first
    publisher.run("drop", "dev", "--remote", "--yes")
    assert "has dropped dev from" in consumer.run("use", "dev", "--", "true").stderr
    second = publish(publisher)
    done = consumer.run("use", "dev", "--", "printenv", "REZUP_REVISION")
    assert done.stdout.strip().endswith(second)
    assert "dropped" not in done.stderr
    acts = [act["act"] for act in consumer.json("history", "dev")["acts"] if act["place"] == "remote"]
    assert acts == ["publish", "drop", "publish"]


def test_an_older_state_put_back_is_not_taken(publisher: Machine, consumer: Machine, remote: Path) -> None:
    first = publish(publisher)
    old = (remote / "dev" / "pointer").read_bytes()
    second = publish(publisher)
    assert entered(consumer, "dev").name == second
    (remote / "dev" / "log" / "2.json").unlink()
    (remote / "dev" / "pointer").write_bytes(old)
    told = consumer.run("use", "dev", "--", "printenv", "REZUP_REVISION")
    assert told.stdout.strip().endswith(second)
    assert "shows an older state of dev" in told.stderr
    assert first in consumer.run("use", f"dev@{first}", "--", "printenv", "REZUP_REVISION").stdout


def test_another_log_is_refused_until_the_user_accepts_it(publisher: Machine, consumer: Machine, remote: Path) -> None:
    first = publish(publisher)
    assert entered(consumer, "dev").name == first
    published_files = files_of(remote, first)
    subprocess.run(["rm", "-r", remote / "dev"], check=True)
    second = publish_files(remote, published_files)
    told = consumer.run("use", "dev", "--", "printenv", "REZUP_REVISION")
    assert told.stdout.strip().endswith(first), "the last good one"
    assert "has another log of dev" in told.stderr
    refused = consumer.run("pull", "dev", status=7).stderr
    (hint,) = [line for line in refused.splitlines() if "accept it: " in line]
    subprocess.run(hint.partition("accept it: ")[2], shell=True, check=True)
    assert entered(consumer, "dev").name == second


@pytest.mark.parametrize("damage", ["revision.json", "rezup.toml", "manifest.json"])
def test_a_damaged_publication_falls_back_like_one_that_cannot_be_built(
    publisher: Machine, consumer: Machine, remote: Path, damage: str
) -> None:
    first = publish(publisher)
    assert entered(consumer, "dev").name == first
    path = remote / "dev" / "revisions" / publish(publisher) / damage
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"', b" ", 1) + b"\n")
    told = consumer.run("use", "dev", "--", "printenv", "REZUP_REVISION")
    assert told.stdout.strip().endswith(first)
    assert f"{path} is not the file that was published" in told.stderr
    assert (
        "is not the file that was published" in consumer.run("use", "dev", "--strict", "--", "true", status=125).stderr
    )
    path.write_bytes(data)
    assert entered(consumer, "dev").name == path.parent.name
