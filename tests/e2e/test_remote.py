"""A studio's remote root: published once, built or reused on every machine, and readable by all."""

from __future__ import annotations

import json
import os
import re
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine, tree_digest
from tests.e2e.studio import entered, files, files_of, publish, publish_files, published, read_only

from rezup_api.published.log_entry import parse_entry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

posix = pytest.mark.skipif(os.name == "nt", reason="a POSIX system's")
PUBLISHED = ["manifest.json", "pylock.rez.toml", "revision.json", "rezup.toml"]


def test_only_recipe_and_metadata_are_published(publisher: Machine, remote: Path) -> None:
    publisher.recipe('description = "the studio\'s"\n[env]\nSTUDIO = "a"\n', "dev")
    timestamp = publish(publisher, "dev", "-m", "new Maya")
    expected = ["dev", "dev/log", "dev/log/1.json", "dev/pointer", "dev/revisions", f"dev/revisions/{timestamp}"]
    assert files(remote) == [*expected, *(f"{expected[-1]}/{name}" for name in PUBLISHED)]
    document = json.loads((remote / expected[-1] / "revision.json").read_text(encoding="utf-8"))
    assert (document["message"], document["venvs"]) == ("new Maya", [])
    assert str(publisher.home) not in (remote / expected[-1] / "rezup.toml").read_text(encoding="utf-8")
    before = tree_digest(remote)
    assert entered(publisher, "dev").name == timestamp
    assert [path.name for path in publisher.revisions("dev")] == [timestamp], "the publisher built it once"
    assert publisher.leftovers("dev") == []
    assert tree_digest(remote) == before, "using it wrote to the remote root"


def test_other_machines_build_the_same_once_and_reuse_it(
    publisher: Machine, consumer: Machine, new_machine: Callable[[], Machine], remote: Path
) -> None:
    publisher.recipe('[env]\nSTUDIO = "from the recipe"\n', "dev")
    timestamp = publish(publisher)
    before = tree_digest(remote)
    first = consumer.run("use", "dev", "--", "printenv", "STUDIO")
    assert first.stdout == "from the recipe\n", "the recipe is the published one, this machine has none"
    assert f"Building dev@{timestamp}" in first.stderr
    (path,) = consumer.revisions("dev")
    built = tree_digest(path)
    again = consumer.run("use", "dev", "--", "true")
    assert again.stderr == ""
    assert entered(consumer, "dev") == path
    pulled = consumer.run("pull", "dev")
    assert f"dev@{timestamp} is ready here" in pulled.stderr
    assert "Building" not in pulled.stderr
    assert tree_digest(path) == built
    third = new_machine()
    third.recipe(f'[root]\nremote = "{remote}"\n', "dev")
    assert f"Building dev@{timestamp}" in third.run("pull", "dev").stderr
    assert third.run("use", "dev", "--", "true").stderr == ""
    assert [path.name for path in third.revisions("dev")] == [timestamp]
    assert tree_digest(remote) == before, "consumers wrote to the remote root"
    (container,) = consumer.json("status")["containers"]
    assert (container["name"], container["revision"], container["built"]) == ("dev", timestamp, True)


@posix
def test_a_consumer_needs_to_read_only(publisher: Machine, unprivileged: Machine, remote: Path) -> None:
    timestamp = publish(publisher)
    unprivileged.variables["REZUP_ROOT_REMOTE"] = str(remote)
    before = tree_digest(remote)
    with read_only(remote):
        assert entered(unprivileged, "dev").name == timestamp
        assert "ready here" in unprivileged.run("pull", "dev@latest").stderr
        unprivileged.run("status", "dev")
        for name in ("dev", "new"):
            refused = unprivileged.run("add", name, "--remote", status=7).stderr
            place = remote / name if name == "dev" else remote
            assert refused.startswith(f"rezup: you cannot write to {place}\n  -> ask whoever keeps the remote root")
            assert unprivileged.leftovers(name) == []
    assert tree_digest(remote) == before
    assert [path.name for path in unprivileged.revisions("dev")] == [timestamp], "what was not published has stayed"
    assert unprivileged.revisions("new") == []


def test_a_recipe_without_python_is_published_with_the_publishers(
    publisher: Machine, consumer: Machine, need_python: Callable[[str], Path], remote: Path
) -> None:
    version = publisher.run("use", "--local", "dev", "--", "true", status=125)  # nothing was made yet
    assert "there is no container dev" in version.stderr
    timestamp = publish(publisher)
    recipe = (remote / "dev" / "revisions" / timestamp / "rezup.toml").read_text(encoding="utf-8")
    metadata = json.loads((publisher.revisions("dev")[-1] / "revision.json").read_text(encoding="utf-8"))
    short = ".".join(metadata["environments"][0]["python"].split(".")[:2])
    assert f'python = "{short}"' in recipe
    assert "python" not in (publisher.revisions("dev")[-1] / "rezup.toml").read_text(encoding="utf-8")

    other = next(version for version in ("3.12", "3.13", "3.10", "3.9") if version != short)
    path = need_python(other)
    publisher.recipe(f'[rez]\npython = "{other}"\n', "old")
    publish(publisher, "old")
    asked = ("rez-python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    assert consumer.run("use", "old", "--", *asked, REZUP_PYTHON_PATH=str(path)).stdout == f"{other}\n"


def test_a_literal_credential_is_not_published(publisher: Machine, remote: Path) -> None:
    recipe = publisher.recipe(
        "[pip]\n"
        'options = ["--trusted-host=example.invalid", "--proxy=http://ann:hunter2@proxy.invalid:1"]\n'
        "[pip.env]\n"
        'INDEX_TOKEN = "hunter2"\n',
        "dev",
    )
    refused = publisher.run("-D", "add", "dev", "--remote", status=3)
    assert "the recipe has 2 problems" in refused.stderr
    for told in (
        f"{recipe}: pip.options[1]: holds",
        f"{recipe}: pip.env.INDEX_TOKEN: holds",
        "${VAR}",
        "netrc",
        "keyring",
    ):
        assert told in refused.stderr
    assert "hunter2" not in refused.stderr
    assert files(remote) == []
    assert publisher.revisions("dev") == []
    assert not (publisher.root / "dev").exists()


def test_a_literal_credential_is_struck_out_of_the_local_snapshot(machine: Machine) -> None:
    machine.recipe('[pip.env]\nINDEX_TOKEN = "hunter2"\nPLAIN = "kept"\nBY_NAME = "${INDEX_TOKEN}"\n', "dev")
    told = machine.run("-D", "add", "dev", "--skip-use")
    assert "hunter2" not in told.stdout + told.stderr
    (path,) = machine.revisions("dev")
    snapshot = (path / "rezup.toml").read_text(encoding="utf-8")
    assert 'INDEX_TOKEN = "****"' in snapshot
    assert 'PLAIN = "kept"' in snapshot
    holding = [name for name in path.rglob("*") if name.is_file() and b"hunter2" in name.read_bytes()]
    assert holding == []
    assert "hunter2" not in machine.run("status", "dev", "--json").stdout
    machine.run("use", "dev", "--", "rez", "--version")


def test_a_newer_format_names_the_rezup_it_needs(publisher: Machine, consumer: Machine, remote: Path) -> None:
    older = publish(publisher)
    published = files_of(remote, older)
    document = {**json.loads(published["revision.json"]), "format": 2, "rezup_version": "4.1.0"}
    newer = publish_files(remote, {**published, "revision.json": json.dumps(document).encode()})
    for words, status in ((("use", "dev", "--", "true"), 125), (("pull", "dev"), 7), (("pull", "dev@latest"), 7)):
        refused = consumer.run(*words, status=status)
        assert f"rezup: dev@{newer} on {remote} is of format 2, which this rezup does not know" in refused.stderr
        assert "-> it needs rezup 4.1.0 or newer" in refused.stderr
    assert consumer.revisions("dev") == []
    assert entered(consumer, f"dev@{older}").name == older


def test_processes_that_publish_at_once_all_appear(publisher: Machine, consumer: Machine, remote: Path) -> None:
    publisher.run("add", "warm", "--skip-use")
    seen: list[str] = []
    machines = [publisher, consumer]
    running = [
        machine.start("add", "dev", "--remote", "-m", f"{number}") for number in range(3) for machine in machines
    ]
    pointer = remote / "dev" / "pointer"
    while any(process.poll() is None for process in running):
        state = parse_entry(pointer.read_bytes()).state if pointer.exists() else None
        seen += [state.newest.timestamp] if state is not None and state.newest is not None else []
        time.sleep(0.005)
    told = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * 6, told
    names = published(publisher)
    assert seen == sorted(seen), "one that was published later has the smaller name"
    documents = [json.loads((remote / "dev" / "revisions" / name / "revision.json").read_text()) for name in names]
    assert sorted(document["message"] for document in documents) == list("001122")
    assert len(files(remote)) == 4 + 6 * len(names), (
        "each with recipe, lock, metadata, manifest, and an entry of the log"
    )
    assert sorted(path.name for machine in machines for path in machine.revisions("dev")) == names
    assert entered(consumer, "dev").name == names[-1]
    assert [machine.leftovers("dev") for machine in machines] == [[], []]


@pytest.mark.parametrize("where", ["local", "remote"])
def test_a_clock_that_is_behind_makes_no_older_revision(publisher: Machine, remote: Path, where: str) -> None:
    seconds = int(time.time()) + 864000
    if where == "remote":
        publish_files(remote, files_of(remote, publish(publisher)), after=f"{seconds}.249999")
    else:
        publisher.run("add", "dev", "--skip-use")
        folder = publisher.root / "dev" / "revisions"
        next(folder.iterdir()).rename(folder / f"{seconds}.250000")
    for digit, options in enumerate((("--remote",) if where == "remote" else (), ("--remote",))):
        told = publisher.run("add", "dev", "--skip-use", *options).stderr
        newest = rf"{seconds}\.25000{digit}"
        assert re.search(
            rf"^rezup: warning: this machine's clock is 8\d+ s behind the revision {newest};", told, re.MULTILINE
        )
        assert publisher.revisions("dev")[-1].name == f"{seconds}.25000{digit + 1}"
    assert entered(publisher, "dev").name == f"{seconds}.250002"


REZUP_2 = """\
description = "default container revision recipe"
schema = "rezup-recipe:2.0"
remote = false
[[extension]]

[root]
local = ""
remote = ""

[env]
STUDIO = "two"

[pip]
options = [ "--disable-pip-version-check",]

[rez]
name = "rez"
url = "rez>=2.83"

[dotenv.linux]

[pip.env]

[gone]
since = "3.0"
"""


def test_what_rezup_2_published_is_pulled(consumer: Machine, remote: Path) -> None:
    path = remote / "dev" / "revisions" / "1795227415.0140116"
    path.mkdir(parents=True)
    document = {"rezup_version": "2.6.0", "creator": "bo", "hostname": "vm", "revision_path": "/x", "venvs": ["rez"]}
    (path / "revision.json").write_text(json.dumps(document, indent=4), encoding="utf-8")
    (path / "rezup.toml").write_text(REZUP_2, encoding="utf-8")
    before = tree_digest(remote)
    pulled = consumer.run("pull", "dev")
    assert "published by bo" in pulled.stderr
    assert entered(consumer, "dev").name == path.name
    assert consumer.run("use", "dev@17952", "--", "printenv", "STUDIO").stdout == "two\n"
    assert tree_digest(remote) == before


def test_what_cannot_be_built_is_not_published(publisher: Machine, remote: Path) -> None:
    publisher.recipe('[rez]\nlib = ["a-package-that-does-not-exist-anywhere"]\n', "dev")
    refused = publisher.run("add", "dev", "--remote", status=6)
    assert "a-package-that-does-not-exist-anywhere" in refused.stderr
    assert files(remote) == []
    assert not (publisher.root / "dev").exists()
