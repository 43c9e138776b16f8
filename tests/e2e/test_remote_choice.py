"""Which revision is meant where there is a remote root: the newest published one, one by its name, or this machine's own."""

from __future__ import annotations

import re
import shlex
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.e2e.studio import ASK, entered, files, publish, published

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Machine


def test_adding_here_what_is_published_says_what_use_gives(publisher: Machine, remote: Path) -> None:
    first = publisher.run("add", "dev", "--skip-use")
    assert "published" not in first.stderr
    timestamp = publish(publisher)
    told = publisher.run("add", "dev", "--skip-use")
    own = publisher.revisions("dev")[-1].name
    assert own != timestamp
    assert f"`rezup use dev` still gives what is published; this one: rezup use dev@{own}" in told.stderr
    assert entered(publisher, "dev").name == timestamp
    for target in ((f"dev@{own}",), ("dev", "--local")):
        assert publisher.run("use", *target, "--", *ASK).stdout.startswith(f"|dev|{publisher.revisions('dev')[-1]}")
    assert published(publisher) == [timestamp]


def test_revisions_are_asked_for_by_name(publisher: Machine, consumer: Machine) -> None:
    oldest, middle, newest = (publish(publisher) for _ in range(3))
    unique = next(middle[:end] for end in range(1, 20) if not {oldest[:end], newest[:end]} & {middle[:end]})
    assert entered(consumer, f"dev@{unique}").name == middle
    assert [path.name for path in consumer.revisions("dev")] == [middle], "only what was asked for was built"
    assert entered(consumer, "dev@~2").name == oldest
    assert entered(consumer, "dev@~1").name == middle
    assert entered(consumer, "dev@latest").name == newest
    assert entered(consumer, f"dev@{oldest}").name == oldest
    assert entered(consumer, "dev").name == newest
    ambiguous = consumer.run("use", f"dev@{newest[:2]}", "--", "true", status=125)
    assert f"'{newest[:2]}' is the beginning of 3 revisions of dev" in ambiguous.stderr
    consumer.run("pull", f"dev@{newest[:2]}", status=2)
    for target in ("dev@~3", "dev@9", "dev@nothing"):
        assert "rezup: dev has no" in consumer.run("use", target, "--", "true", status=125).stderr
        consumer.run("pull", target, status=4)


def test_what_is_still_being_copied_there_is_passed_over(publisher: Machine, consumer: Machine, remote: Path) -> None:
    oldest, newest = publish(publisher), publish(publisher)
    coming = remote / "dev" / "revisions" / f"{int(newest.partition('.')[0]) + 5}.000000"
    coming.mkdir()
    shutil.copy(remote / "dev" / "revisions" / newest / "rezup.toml", coming)
    for target, expected in (("dev", newest), ("dev@latest", newest), ("dev@~1", oldest)):
        assert entered(consumer, target).name == expected
    refused = consumer.run("use", f"dev@{coming.name}", "--", "true", status=125)
    assert f"dev has no revision '{coming.name}'" in refused.stderr


def test_without_the_share_local_revisions_can_still_be_used(publisher: Machine, remote: Path) -> None:
    timestamp = publish(publisher)
    remote.rename(remote.with_name("unmounted"))
    place = f"rezup: the remote root {remote} is not there\n  -> check that it is mounted, or work with what is on this"
    for words, status in (
        (("use", "dev", "--strict", "--", "true"), 125),
        (("use", "dev@latest", "--strict", "--", "true"), 125),
        (("use", "other", "--", "true"), 125),
        (("use", "dev@~1", "--", "true"), 125),
        (("pull", "dev"), 7),
        (("add", "dev", "--remote"), 7),
    ):
        refused = publisher.run(*words, status=status)
        assert refused.stderr.startswith(place)
        assert refused.stderr.count("rezup:") == 1
    for request in ("dev", "dev@latest"):
        for _ in range(2):
            warned = publisher.run("use", request, "--", "true").stderr
            assert warned == (
                f"rezup: warning: the remote root {remote} is not there; taking dev@{timestamp}, which is on this machine\n"
            )
    assert publisher.run("use", f"dev@{timestamp}", "--", "true").stderr == "", "nothing stands in for that one"
    assert entered(publisher, "dev", "--local").name == timestamp
    assert entered(publisher, f"dev@{timestamp}", "--local").name == timestamp
    nothing = publisher.run("use", "other", "--local", "--", "true", status=125)
    assert f"there is no container other under {publisher.root}" in nothing.stderr
    told = publisher.run("add", "dev", "--skip-use")
    assert "Added dev@" in told.stderr
    rows = publisher.json("status", "dev")["revisions"]
    assert [row["ready"] for row in rows] == [True, True]
    assert not remote.exists(), "an unmounted root must not be made"


def test_without_a_remote_root_there_is_nothing_to_pull_or_publish_to(machine: Machine) -> None:
    for words in (("pull", "dev"), ("add", "dev", "--remote"), ("pull",), ("add", "-r")):
        refused = machine.run(*words, status=7)
        assert "has no remote root" in refused.stderr
        assert "-> set root.remote in its recipe, or REZUP_ROOT_REMOTE" in refused.stderr
    assert files(machine.root) == [".cache"]


def test_a_remote_without_main_says_what_it_has(publisher: Machine, consumer: Machine, remote: Path) -> None:
    empty = consumer.run("use", "--", "true", status=125)
    assert "there is no container .main, neither here nor on" in empty.stderr
    publish(publisher, "dev")
    publish(publisher, "prod")
    (remote / "not-one").mkdir()
    for words, status in (((), 125), (("use", "--", "true"), 125), (("pull",), 4)):
        refused = consumer.run(*words, status=status)
        assert ".main" in refused.stderr
        assert "dev, prod" in refused.stderr
        assert "not-one" not in refused.stderr
    assert consumer.revisions() == []


def test_a_container_of_this_machine_works_beside_a_remote_root(publisher: Machine, remote: Path) -> None:
    told = publisher.run("add", "mine", "--skip-use")
    assert "published" not in told.stderr
    assert publisher.run("use", "mine", "--", *ASK).stdout.startswith(f"|mine|{publisher.revisions('mine')[-1]}")
    assert publisher.run("use", "mine@latest", "--", *ASK).stdout.startswith("|mine|")
    refused = publisher.run("pull", "mine", status=4)
    assert f"{remote} has no container mine" in refused.stderr
    assert files(remote) == []


def typed(text: str) -> list[str]:
    """The words after `rezup` of the command that a message proposes."""
    (found,) = re.findall(r"rezup ((?:unpin|drop) .*)$", text, re.MULTILINE)
    return shlex.split(found)


@pytest.mark.parametrize("where", ["--remote", "--local"])
def test_what_a_message_proposes_works_when_it_is_typed(publisher: Machine, where: str) -> None:
    publish(publisher)
    pinned = publisher.run("pin", "dev", where).stderr
    assert typed(publisher.run("status", "dev").stdout.splitlines()[2]) == typed(pinned)
    note = "pinned for the whole studio" if where == "--remote" else "pinned on this machine"
    assert publisher.json("status")["containers"][0]["note"] == note
    assert publisher.run("status").stdout.splitlines()[1].endswith(note)
    assert publisher.run(*typed(pinned)).stderr.startswith("Unpinned dev")
    assert publisher.json("status")["containers"][0]["note"] == ""
    refused = publisher.run("drop", "dev", where, status=2).stderr
    assert publisher.run(*typed(refused)).stderr.startswith("Removed dev")
