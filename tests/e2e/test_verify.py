"""A machine behaves oddly: what was changed is found and mended, wherever the damage is shared."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import Machine, tree_digest
from tests.e2e.studio import make_revision
from tests.packages import wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the layout of a POSIX system")
KILLS = 12 if os.environ.get("REZUP_TESTS_WHOLE") else 6


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home folder with caches and two revisions of the same content, and an archive of it: making one takes seconds."""
    place = tmp_path_factory.mktemp("user")
    machine = Machine(place / "home")
    machine.home.mkdir()
    machine.recipe('[rez]\nurl = "rez==3.4.0"\n', "dev")
    for _ in range(2):
        machine.run("add", "dev", "--skip-use")
    subprocess.run(["tar", "-cf", place / "kept.tar", "-C", machine.home, "."], check=True)  # which keeps hard links
    return machine.home, place / "kept.tar"


@pytest.fixture
def user(prepared: tuple[Path, Path]) -> Machine:
    """Somebody with caches of their own and two revisions of the same content."""
    home, kept = prepared
    shutil.rmtree(home)
    home.mkdir()
    subprocess.run(["tar", "-xf", kept, "-C", home], check=True)
    return Machine(home)


def packages(user: Machine, number: int = -1) -> Path:
    (folder,) = (user.revisions("dev")[number] / "venv" / "rez" / "lib").glob("*/site-packages")
    return folder


def findings(user: Machine, *words: str, status: int = 8) -> list[dict[str, Any]]:
    """What `verify` finds wrong."""
    document = json.loads(user.run("verify", *(words or ("dev",)), "--json", status=status).stdout)
    found: list[dict[str, Any]] = document["data"]["found"]
    return found


def append(path: Path) -> None:
    """Write to a file as somebody who may write to everything does."""
    mode = path.stat().st_mode
    path.chmod(mode | 0o200)
    with path.open("ab") as stream:
        stream.write(b"#")
    path.chmod(mode)


def test_what_is_well_is_well(user: Machine) -> None:
    assert "is as it was made" in user.run("verify", "dev").stdout
    assert "is as it was made" in user.run("verify", "dev@~1").stdout
    assert findings(user, "dev", status=0) == []


def test_one_byte_in_a_file_that_is_linked_elsewhere(user: Machine) -> None:
    before = tree_digest(user.revisions("dev")[0])
    path = packages(user) / "rez" / "config.py"
    assert path.stat().st_nlink > 2
    append(path)
    assert tree_digest(user.revisions("dev")[0]) != before, "the sibling shares it"
    told = user.run("verify", "dev", status=8).stdout
    assert f"{path}: is not what was installed" in told
    assert "rezup verify dev@" in told
    mended = user.run("verify", "dev", "--repair")
    assert "Repaired" in mended.stdout
    assert tree_digest(user.revisions("dev")[0]) == before, "so is the sibling's"
    for request in ("dev", "dev@~1"):
        assert findings(user, request, status=0) == []
    user.run("add", "dev", "--skip-use")
    assert findings(user, "dev", status=0) == []
    assert user.run("use", "dev", "--", "rez", "--version").stdout.startswith("Rez 3.4.0")
    assert any(act["act"] == "repair" for act in user.json("history", "dev")["acts"])
    assert user.leftovers("dev") == []


def remove_file(user: Machine) -> None:
    (packages(user) / "rez" / "config.py").unlink()


def add_file(user: Machine) -> None:
    (packages(user) / "sitecustomize.py").write_text("raise SystemExit('broken')\n", encoding="utf-8")


def add_folder(user: Machine) -> None:
    (packages(user) / "rez" / "odd").mkdir()
    (packages(user) / "rez" / "odd" / "one.py").touch()


def lose_bit(user: Machine) -> None:
    path = user.revisions("dev")[-1] / "venv" / "rez" / "bin" / "rez" / "rez"
    path.chmod(0o444)


def break_script(user: Machine) -> None:
    append(user.revisions("dev")[-1] / "venv" / "rez" / "bin" / "rez" / "rez-env")


def break_python(user: Machine) -> None:
    path = user.revisions("dev")[-1] / "venv" / "rez" / "bin" / "python"
    path.unlink()
    path.symlink_to("/nowhere/python")


def lose_link(user: Machine) -> None:
    (user.revisions("dev")[-1] / "venv" / "rez" / "bin" / "python").unlink()


def lose_rez(user: Machine) -> None:
    shutil.rmtree(packages(user) / "rez")


def lose_environment(user: Machine) -> None:
    shutil.rmtree(user.revisions("dev")[-1] / "venv" / "rez")


def break_data(user: Machine) -> None:
    append(next((user.root / "dev" / ".data").glob("*/data/**/package.py")))


def folder_for_file(user: Machine) -> None:
    path = packages(user) / "rez" / "config.py"
    path.unlink()
    path.mkdir()


def file_for_folder(user: Machine) -> None:
    shutil.rmtree(packages(user) / "rez" / "utils")
    (packages(user) / "rez" / "utils").touch()


def link_to_the_same(user: Machine) -> None:
    path = packages(user) / "rez" / "config.py"
    path.unlink()
    path.symlink_to(packages(user, 0) / "rez" / "config.py")


def lose_record(user: Machine) -> None:
    (user.revisions("dev")[-1] / "files.rez.json").unlink()


@pytest.mark.parametrize(
    ("damage", "kinds"),
    [
        (remove_file, {"missing"}),
        (add_file, {"extra"}),
        (add_folder, {"extra"}),
        (lose_bit, {"changed"}),
        (break_script, {"changed"}),
        (break_python, {"link"}),
        (lose_link, {"link"}),
        (lose_rez, {"missing", "link"}),
        (lose_environment, {"missing", "link"}),
        (break_data, {"changed"}),
        (lose_record, {"record"}),
        (folder_for_file, {"missing"}),
        (file_for_folder, {"missing", "extra"}),
        (link_to_the_same, {"changed"}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_damage_is_found_and_mended(user: Machine, damage: Callable[[Machine], None], kinds: set[str]) -> None:
    before = tree_digest(user.revisions("dev")[-1] / "venv")
    damage(user)
    assert {finding["kind"] for finding in findings(user)} == kinds
    user.run("verify", "dev", "--repair")
    assert findings(user, status=0) == []
    assert tree_digest(user.revisions("dev")[-1] / "venv") == before
    assert user.run("use", "dev", "--", "rez-env", "--", "echo", "well").stdout == "well\n"
    assert user.leftovers("dev") == []


def test_a_damaged_cache_is_told_and_mended(user: Machine) -> None:
    path = packages(user) / "rez" / "config.py"
    copy = path.with_name("copy")
    shutil.copy2(path, copy)
    (entry,) = (
        one
        for one in (user.root / ".cache").rglob("*")
        if one.is_file() and one.samefile(path) and "files" in one.parts
    )
    for number in range(2):
        target = packages(user, number) / "rez" / "config.py"
        shutil.copy2(copy, target.with_name("beside"))
        os.replace(target.with_name("beside"), target)
    copy.unlink()
    append(entry)
    assert {finding["kind"] for finding in findings(user)} == {"cache"}
    user.run("verify", "dev", "--repair")
    assert findings(user, status=0) == []
    user.run("add", "dev", "--skip-use")
    assert findings(user, status=0) == []


def test_shared_libraries_are_verified_too(cold_machine: Machine) -> None:
    cold_machine.recipe('[rez]\nurl = "rez==3.4.0"\n[shared]\nname = "studio"\nrequires = ["toml"]\n', "dev")
    cold_machine.run("add", "dev", "--skip-use")
    path = next((cold_machine.root / "dev" / "libs").glob("*/toml/decoder.py"))
    append(path)
    (finding,) = findings(cold_machine)
    assert finding["path"] == str(path)
    cold_machine.run("verify", "dev", "--repair")
    assert findings(cold_machine, status=0) == []


def test_an_interpreter_that_is_another_one_now(user: Machine) -> None:
    record = user.revisions("dev")[-1] / "revision.json"
    document = json.loads(record.read_text(encoding="utf-8"))
    for change, said in (
        ({"python": "3.11.0"}, "now; rez was made with 3.11.0"),
        ({"interpreter": "/nowhere/python"}, "is gone"),
    ):
        environment = {**document["environments"][0], **change}
        record.write_text(json.dumps({**document, "environments": [environment]}), encoding="utf-8")
        (finding,) = findings(user, f"dev@{record.parent.name}")
        assert finding["kind"] == "interpreter"
        assert said in finding["text"]
        assert said in user.run("verify", f"dev@{record.parent.name}", "--repair", status=8).stdout


def test_an_interpreter_that_cannot_be_started_and_a_damaged_list_of_libraries(user: Machine, tmp_path: Path) -> None:
    record = user.revisions("dev")[-1] / "revision.json"
    document = json.loads(record.read_text(encoding="utf-8"))
    (tmp_path / "python").write_text("no program", encoding="utf-8")
    environment = {**document["environments"][0], "interpreter": str(tmp_path / "python")}
    record.write_text(json.dumps({**document, "environments": [environment]}), encoding="utf-8")
    listing = next((user.root / "dev" / ".data").glob("*/files.json"))
    listing.chmod(0o644)
    listing.write_text("nonsense", encoding="utf-8")
    told = user.run("verify", f"dev@{record.parent.name}", "--repair", status=8)
    assert f"{tmp_path / 'python'}: does not run" in told.stdout
    assert f"{listing}: its digests cannot be read" in told.stdout
    assert "Traceback" not in told.stderr


def test_who_may_not_write_can_look_but_not_mend(unprivileged: Machine) -> None:
    path = make_revision(unprivileged.root / "dev", tool="tool")
    tool = path / "venv" / "rez" / "bin" / "rez" / "tool"
    listing = {"format": 1, "files": {"bin/rez/tool": ["0" * 64, 3, 1, 0]}, "links": {}}
    (path / "files.rez.json").write_text(json.dumps(listing), encoding="utf-8")
    assert f"{tool}: is not what was installed" in unprivileged.run("verify", "dev", status=8).stdout
    refused = unprivileged.run("verify", "dev", "--repair", status=6).stderr
    assert "Permission denied" in refused
    assert tool.exists()


def test_an_editable_source_that_has_moved(machine: Machine, tmp_path: Path) -> None:
    source = tmp_path / "studio tool"
    source.mkdir()
    (source / "setup.py").write_text(
        "from setuptools import setup\nsetup(name='studio-tool', version='1', py_modules=['studio_tool'])\n",
        encoding="utf-8",
    )
    (source / "studio_tool.py").touch()
    machine.recipe(f'[[extension]]\nname = "studio-tool"\nurl = "{source}"\nedit = true\n', "dev")
    machine.run("add", "dev", "--skip-use")
    assert findings(machine, status=0) == []
    source.rename(tmp_path / "moved")
    (finding,) = findings(machine)
    assert (finding["kind"], finding["path"]) == ("editable", str(source))


def test_what_no_index_has_any_more_is_told(cold_machine: Machine, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    path = wheel(wheels, "studio-once", {"studio_once.py": "X = 1\n"})
    cold_machine.variables["PIP_FIND_LINKS"] = f"{cold_machine.variables.get('PIP_FIND_LINKS', '')} {wheels}".strip()
    cold_machine.recipe('[rez]\nurl = "rez==3.4.0"\nlib = ["studio-once"]\n', "dev")
    cold_machine.run("add", "dev", "--skip-use")
    path.unlink()
    shutil.rmtree(next((cold_machine.root / ".cache").iterdir()) / "uv")
    append(packages(cold_machine) / "studio_once.py")
    told = cold_machine.run("verify", "dev", "--repair", status=8)
    assert "studio_once.py: is not what was installed" in told.stdout
    assert "cannot be built again" in told.stderr
    assert "Traceback" not in told.stderr


def test_older_revisions_have_no_record(home: Path) -> None:
    user = Machine(home)
    path = make_revision(user.root / "dev", tool="tool")
    (path / "revision.json").write_text('{"rezup_version": "2.6.0", "venvs": ["rez"]}', encoding="utf-8")
    assert "did not record what it installed" in user.run("verify", "dev").stderr
    assert "there is no container other" in user.run("verify", "other", status=4).stderr


def test_killed_at_any_moment_each_file_is_old_or_new(user: Machine) -> None:
    draw = random.Random(int(os.environ.get("REZUP_TESTS_SEED") or time.time_ns() % 1_000_000))
    names = ["config.py", "system.py", "rex.py", "packages.py", "suite.py"]
    paths = [packages(user) / "rez" / name for name in names]
    good = [path.read_bytes() for path in paths]
    killed = 0
    for _ in range(KILLS):
        for path in paths:
            append(path)
        bad = [path.read_bytes() for path in paths]
        with user.start("verify", "dev", "--repair") as running:
            time.sleep(draw.uniform(0.1, 1.5))
            running.kill()
        killed += running.returncode == -signal.SIGKILL
        for path, *states in zip(paths, good, bad, strict=True):
            assert path.read_bytes() in states
    assert killed
    user.run("verify", "dev", "--repair")
    assert findings(user, status=0) == []
    assert [path.read_bytes() for path in paths] == good
    assert user.leftovers("dev") == []
