"""Documents that others have written: names in them lead nowhere, paths in them are not run, and nothing waits for a pipe."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine
    from tests.e2e.hostile.conftest import Attacker

# What documents of the attacker do does not depend on who may write beside the container: an ordinary run takes one of the roots.
MODES = pytest.mark.parametrize(
    "victim",
    [pytest.param(0o2775, id="2775", marks=pytest.mark.whole), pytest.param(0o1777, id="1777")],
    indirect=True,
)
# The attacker owns the container's folder, and so can put a copy in the place of what the victim has made there.
COPY = 'cd "$1"; mv revisions away; cp -R away revisions'


def forge(attacker: Attacker, container: Path, change: Callable[[Any], None], name: str = "revision.json") -> None:
    """Let the attacker change a document of the newest revision of a container."""
    attacker.act(COPY, container)
    path = max((container / "revisions").iterdir()) / name
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    (attacker.place / name).write_text(json.dumps(document), encoding="utf-8")
    attacker.act('cp "$2" "$1.new"; mv "$1.new" "$1"', path, attacker.place / name)


@MODES
@pytest.mark.parametrize("key", ["environments", "libraries", "data"])
def test_a_name_that_leads_out_makes_the_revision_damaged(
    victim: Machine, attacker: Attacker, treasure: Path, unchanged: Callable[[Path], None], key: str
) -> None:
    name = str(treasure) if key == "environments" else "../../../../treasure"

    def change(document: Any) -> None:
        document[key] = [{**document["environments"][0], "name": name}] if key == "environments" else [name]

    forge(attacker, victim.root / "dev", change)
    unchanged(treasure)
    for words in (("verify", "dev", "--repair"), ("use", "dev", "--", "true"), ("gc", "dev", "--keep", "1")):
        done = victim.run(*words, status=None)
        assert "internal error" not in done.stderr
    assert "damaged" in victim.run("status", "dev").stdout


@MODES
@pytest.mark.parametrize("entry", ["files ../../../../../treasure/shots/file", "links ../../../../../treasure/link"])
def test_a_list_that_leads_out_of_its_folder_is_damaged(
    victim: Machine, attacker: Attacker, treasure: Path, unchanged: Callable[[Path], None], entry: str
) -> None:
    def change(document: Any) -> None:
        kind, path = entry.split()
        first = next(iter(document["files"].values()))
        document[kind][path] = first if kind == "files" else "/etc/passwd"

    forge(attacker, victim.root / "dev", change, "files.rez.json")
    unchanged(treasure)
    done = victim.run("verify", "dev", "--repair", status=None)
    assert "internal error" not in done.stderr
    assert "cannot be read" in victim.run("verify", "dev", status=None).stdout + done.stdout


@MODES
def test_a_link_in_place_of_a_folder_is_not_repaired_through(
    victim: Machine, attacker: Attacker, treasure: Path, unchanged: Callable[[Path], None]
) -> None:
    attacker.act(COPY, victim.root / "dev")
    environment = victim.revisions("dev")[-1] / "venv" / "rez"
    attacker.act('chmod a+w "$1"; rm -rf "$1/lib"; ln -s "$2" "$1/lib"', environment, treasure)
    unchanged(treasure)
    victim.run("verify", "dev", "--repair")
    assert not (environment / "lib").is_symlink()
    victim.run("verify", "dev")


@MODES
@pytest.mark.parametrize(
    "words", [("verify", "dev"), ("verify", "dev", "--repair"), ("status", "dev"), ("bundle", "dev", "b.zip")]
)
def test_the_interpreter_that_a_record_of_others_names_is_not_run(
    victim: Machine, attacker: Attacker, ground: Path, words: tuple[str, ...]
) -> None:
    program = attacker.place / "python3.11"
    attacker.act('printf "#!/bin/sh\\necho ran > $2\\n" > "$1"; chmod +x "$1"', program, ground / "ran")

    def change(document: Any) -> None:
        document["environments"][0]["interpreter"] = str(program)

    forge(attacker, victim.root / "dev", change)
    done = victim.run(*words, status=None)
    assert "internal error" not in done.stderr
    assert not (ground / "ran").exists()


UNUSUAL = {
    "pipe": 'rm -f "$1"; mkfifo "$1"',
    "socket": 'rm -f "$1"; python3 -c "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])" "$1"',
    "zeros": 'rm -f "$1"; ln -s /dev/zero "$1"',
    "loop": 'rm -f "$1"; ln -s "$1" "$1"',
    "sparse": 'rm -f "$1"; truncate -s 20G "$1"',
}


@MODES
@pytest.mark.parametrize("kind", UNUSUAL)
def test_nothing_waits_for_a_file_that_is_none(victim: Machine, attacker: Attacker, kind: str) -> None:
    attacker.act(COPY, victim.root / "dev")
    revision = victim.revisions("dev")[-1]
    attacker.act(
        'cd "$1"; for one in labels history failures; do test ! -e $one || mv $one away.$one; mkdir $one; done',
        revision.parents[1],
    )
    places = ["labels/.pin", "labels/good", "history/1.json", f"failures/{revision.name}.json"]
    files = [revision.parents[1] / place for place in places]
    files += [revision / name for name in ("pylock.rez.toml", "files.rez.json", "rezup.toml", "revision.json")]
    for file in files:
        attacker.act(UNUSUAL[kind], file)
        if file != revision / "revision.json":
            assert victim.run("use", "dev", "--", "echo", "entered", status=None, timeout=60).returncode in (0, 125), (
                file
            )
    for words in (("status", "dev"), ("history", "dev"), ("verify", "dev"), ("gc", "dev", "--dry-run"), ("add", "dev")):
        done = victim.run(*words, status=None, timeout=60)
        assert "internal error" not in done.stderr, (words, done.stderr)
    assert victim.run("use", "prod", "--", "echo", "entered").stdout == "entered\n"


def test_a_cache_that_others_made_first_gives_nothing(machine: Machine, attacker: Attacker, ground: Path) -> None:
    root = ground / "root"
    root.mkdir()
    root.chmod(0o1777)
    machine.variables["REZUP_ROOT_LOCAL"] = str(root)
    attacker.act('mkdir -p "$1/.cache/user-0/files"', root)
    machine.recipe("description = 'shared'", "dev")
    done = machine.run("add", "dev", "--skip-use")
    assert f"{root}/.cache/user-0 belongs to another user" in done.stderr
    assert list((root / ".cache" / "user-0").rglob("*")) == [root / ".cache" / "user-0" / "files"]
    assert machine.run("use", "dev", "--", "echo", "entered").stdout == "entered\n"
