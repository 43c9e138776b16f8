"""One bad publication does not stop a studio: what is given instead, what is said, when it is tried again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.broken import broken_index
from tests.e2e.studio import files_of, publish, publish_files
from tests.packages import Index, wheel

from rezup_api.builder.failures import PAUSE

if TYPE_CHECKING:
    from tests.e2e.conftest import Machine

REZ = '[rez]\nurl = "rez==3.4.0"\n'
# Fails on machines whose environment says so, and nowhere else.
PICKY = REZ + "[[check]]\ncommand = '''test -z \"$BROKEN\" || { echo 'no licence here'; exit 3; }'''\n"


@pytest.fixture
def good(publisher: Machine, consumer: Machine) -> str:
    """A revision that everybody has."""
    publisher.recipe(REZ, "dev")
    timestamp = publish(publisher)
    consumer.run("pull", "dev")
    return timestamp


def given(machine: Machine, *words: str, **variables: Any) -> tuple[str, str]:
    """The revision that `use` gives, and what it says."""
    done = machine.run("use", "dev", *words, "--", "printenv", "REZUP_REVISION", **variables)
    return Path(done.stdout.strip()).name, done.stderr


def test_a_build_that_takes_too_long_does_not_keep_a_machine_from_working(
    publisher: Machine, consumer: Machine, good: str, tmp_path: Path
) -> None:
    publisher.recipe(f'{REZ}lib = ["studio-colours"]\n[pip]\ntimeout = 4\n', "dev")
    with Index(tmp_path / "index") as serving:
        wheel(serving.folder, "studio-colours", {"studio_colours.py": ""})
        bad = publish(publisher, "dev", "--message", "colours", PIP_EXTRA_INDEX_URL=serving.url())
    with broken_index("trickle") as address:
        timestamp, said = given(consumer, PIP_EXTRA_INDEX_URL=address, PIP_RETRIES="0")
    assert timestamp == good
    assert f"dev@{bad}, published by " in said
    assert f"taking dev@{good} instead" in said
    (failure,) = (consumer.root / "dev" / "failures").iterdir()
    assert "it took longer than [pip] timeout in the recipe allows" in json.loads(failure.read_text())["hint"]
    assert consumer.leftovers("dev") == []


def test_a_machine_keeps_what_it_has_and_is_told_whom_to_ask(publisher: Machine, consumer: Machine, good: str) -> None:
    publisher.recipe(PICKY, "dev")
    bad = publish(publisher, "dev", "-m", "new licence server")
    for attempt in range(5):
        timestamp, said = given(consumer, BROKEN="1")
        assert timestamp == good
        assert f"dev@{bad}, published by " in said
        assert "(new licence server) cannot be built here: the check" in said
        assert "no licence here" in said
        assert f"taking dev@{good} instead" in said
        assert (f"Building dev@{bad}" in said) == (attempt < 3), "it is tried three times"
    assert given(publisher)[0] == bad

    refused = consumer.run("use", "dev", "--strict", "--", "true", status=125, BROKEN="1").stderr
    assert "no licence here" in refused
    assert "rezup pull dev" in refused
    told = consumer.run("status", "dev").stdout
    assert f"{bad} is published on" in told
    assert "cannot be built here (tried 3 times): the check" in told
    document = consumer.json("status", "dev")
    assert (document["revision"], document["published"], document["failure"]["tries"]) == (good, bad, 3)

    assert f"Building dev@{bad}" in consumer.run("pull", "dev", status=6, BROKEN="1").stderr, "at once"
    (failure,) = (consumer.root / "dev" / "failures").iterdir()
    text = json.loads(failure.read_text(encoding="utf-8"))
    assert text["tries"] == 4
    failure.write_text(json.dumps({**text, "last": text["last"] - PAUSE}), encoding="utf-8")
    assert given(consumer)[0] == bad, "after an hour it is tried again, and the machine has been mended"
    assert not (consumer.root / "dev" / "failures").exists()
    assert given(consumer)[1] == ""


def test_after_a_good_publication_all_move_on_by_themselves(publisher: Machine, consumer: Machine, good: str) -> None:
    publisher.recipe(PICKY, "dev")
    publish(publisher)
    for _ in range(4):
        assert given(consumer, BROKEN="1")[0] == good
    publisher.recipe(REZ, "dev")
    better = publish(publisher)
    assert given(consumer, BROKEN="1")[0] == better
    assert given(publisher)[0] == better


def test_what_was_taken_back_never_comes_back_this_way(publisher: Machine, consumer: Machine, good: str) -> None:
    second = publish(publisher)
    assert given(consumer)[0] == second
    publisher.run("rollback", "dev", "--remote", "-m", "the second is bad")
    assert given(consumer)[0] == good
    publisher.recipe(PICKY, "dev")
    publish(publisher)
    timestamp, said = given(consumer, BROKEN="1")
    assert timestamp == good
    assert second not in said


def test_a_newer_format_names_the_rezup_that_it_needs(consumer: Machine, remote: Path, good: str) -> None:
    published = files_of(remote, good)
    document = {**json.loads(published["revision.json"]), "format": 99, "rezup_version": "9.1.0"}
    publish_files(remote, {**published, "revision.json": json.dumps(document).encode()})
    for _ in range(4):
        timestamp, said = given(consumer)
        assert timestamp == good
        assert "format 99" in said
    assert "it needs rezup 9.1.0 or newer" in consumer.run("use", "dev", "--strict", "--", "true", status=125).stderr
    assert consumer.json("status", "dev")["revision"] == good


def test_a_revision_for_other_platforms(consumer: Machine, remote: Path, good: str) -> None:
    published = files_of(remote, good)
    recipe = (
        published["rezup.toml"] + b'[lock]\nplatforms = ["windows", "macos"]\n'
    )  # as if it came from such a platform
    publish_files(remote, {**published, "rezup.toml": recipe})
    timestamp, said = given(consumer)
    assert timestamp == good
    assert "is for windows, macos, and this is linux" in said


def test_none_is_made_for_other_platforms_alone(publisher: Machine) -> None:
    publisher.recipe(REZ + '[lock]\nplatforms = ["windows", "macos"]\n', "dev")
    refused = publisher.run("add", "dev", "--remote", "--skip-use", status=6).stderr
    assert "dev is for windows, macos, and this is linux" in refused
    assert publisher.revisions("dev") == []


def test_nothing_to_fall_back_to_is_an_error(publisher: Machine, consumer: Machine) -> None:
    publisher.recipe(PICKY, "dev")
    publish(publisher)
    for _ in range(4):
        refused = consumer.run("use", "dev", "--", "true", status=125, BROKEN="1").stderr
        assert "no licence here" in refused
        assert "Traceback" not in refused
    assert consumer.revisions("dev") == []


def test_who_asks_for_a_revision_gets_no_other(publisher: Machine, consumer: Machine, good: str) -> None:
    publisher.recipe(PICKY, "dev")
    bad = publish(publisher)
    assert "no licence" in consumer.run("use", f"dev@{bad}", "--", "true", status=125, BROKEN="1").stderr
    assert given(consumer, BROKEN="1")[0] == good
