"""What was tested in one container is exactly what another one gets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import tomli
from tests.e2e.studio import make_revision, publish
from tests.packages import Index, project, wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.conftest import Machine

RECIPE = '[rez]\nurl = "rez==3.4.0"\nlib = ["studio-colours", "studio-shapes"]\n[env]\nTESTED = "yes"\n'
SHOW = "import studio_colours, studio_shapes; print(studio_colours.NAME, studio_shapes.NAME)"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """The studio's own index, with a first version of both packages."""
    with Index(tmp_path / "index") as serving:
        release(serving, "1")
        yield serving


def release(index: Index, version: str) -> None:
    for name in ("colours", "shapes"):
        wheel(index.folder, f"studio-{name}", {f"studio_{name}.py": f"NAME = '{name}{version}'\n"}, version=version)


@pytest.fixture
def studio(publisher: Machine, index: Index) -> Machine:
    """A machine of a studio with the recipe of `staging`."""
    publisher.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    publisher.recipe(RECIPE, "staging")
    publisher.recipe('description = "what all have"\n[retention]\nkeep = 7\n', "prod")
    return publisher


def shown(machine: Machine, target: str) -> str:
    return machine.run("use", target, "--", "rez-python", "-c", SHOW).stdout.strip()


def metadata(machine: Machine, container: str) -> dict[str, object]:
    text = (machine.revisions(container)[-1] / "revision.json").read_text(encoding="utf-8")
    document: dict[str, object] = json.loads(text)
    return document


def test_prod_gets_what_staging_has(studio: Machine, consumer: Machine, remote: Path, index: Index) -> None:
    tested = publish(studio, "staging")
    release(index, "2")
    promoted = publish(studio, "prod", "--from", "staging", "-m", "tested")
    locks = [
        remote / name / "revisions" / stamp / "pylock.rez.toml"
        for name, stamp in (("staging", tested), ("prod", promoted))
    ]
    assert locks[0].read_bytes() == locks[1].read_bytes()
    assert metadata(studio, "prod")["origin"] == f"staging@{tested}"
    assert f"from staging@{tested}" in studio.run("history", "prod").stdout
    recipe = tomli.loads((studio.revisions("prod")[-1] / "rezup.toml").read_text(encoding="utf-8"))
    assert (recipe["description"], recipe["retention"]) == ("what all have", {"keep": 7})
    assert recipe["rez"]["lib"] == ["studio-colours", "studio-shapes"]
    consumer.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    assert shown(studio, "prod") == shown(consumer, "prod") == "colours1 shapes1"
    assert consumer.run("use", "prod", "--", "sh", "-c", "echo $TESTED").stdout == "yes\n"
    assert studio.run("diff", "staging", "prod").stdout.splitlines()[2:] != []


def test_only_one_package_is_upgraded(studio: Machine, index: Index) -> None:
    studio.run("add", "staging", "--skip-use")
    (first,) = studio.revisions("staging")
    release(index, "2")
    told = studio.run("add", "staging", "--upgrade", "Studio_Shapes", "--skip-use").stderr
    assert "studio-shapes 1 to 2 (" in told
    assert shown(studio, "staging") == "colours1 shapes2"
    packages = [
        {one["name"]: one for one in tomli.loads((path / "pylock.rez.toml").read_text(encoding="utf-8"))["packages"]}
        for path in (first, studio.revisions("staging")[-1])
    ]
    same = [name for name in packages[0] if packages[0][name] == packages[1][name]]
    assert sorted(same) == sorted({*packages[0]} - {"studio-shapes"})
    studio.run("add", "prod", "--from", str(first), "--upgrade", "studio-colours", "--skip-use")
    assert shown(studio, "prod") == "colours2 shapes1"


def test_what_would_change_nothing_is_not_added(studio: Machine, remote: Path) -> None:
    studio.run("add", "staging", "--remote", "--skip-use")
    (only,) = studio.revisions("staging")
    told = studio.run("add", "staging", "--upgrade", "studio-shapes", "--remote", "--skip-use").stderr
    assert f"Nothing is newer than what staging@{only.name} has of studio-shapes; nothing was added\n" in told
    assert studio.revisions("staging") == [only]
    assert [path.name for path in (remote / "staging" / "revisions").iterdir()] == [only.name]
    assert studio.leftovers("staging") == []
    studio.run("add", "prod", "--from", f"staging@{only.name}", "--upgrade", "studio-shapes", "--skip-use")
    assert len(studio.revisions("prod")) == 1, "for another container it is news"


def test_what_is_asked_for_must_be_there(studio: Machine, tmp_path: Path) -> None:
    studio.run("add", "staging", "--skip-use")
    for words, status, told in (
        (("--from", "nonesuch"), 4, "there is no container nonesuch"),
        (("--from", "staging@nonesuch"), 4, "nonesuch"),
        (("--from", "./none"), 4, "is neither a bundle nor the folder of a revision"),
        (("--from", str(tmp_path)), 4, "is neither a bundle nor the folder of a revision"),
        (("--from", "staging", "--upgrade", "nonesuch"), 4, "there is no nonesuch in staging@"),
        (("--from", "staging", "--file", "rezup.toml"), 2, "leave one of them out"),
        (("--from", "a b"), 2, "is not a container name"),
        (("--upgrade", "rez"), 4, "there is no container prod"),
    ):
        refused = studio.run("add", "prod", "--skip-use", *words, status=status).stderr
        assert told in refused, words
    assert not studio.revisions("prod")
    assert not studio.leftovers("prod")


def test_a_revision_without_locks_is_made_from_its_recipe(machine: Machine) -> None:
    old = make_revision(machine.root / "dev", recipe='[rez]\nurl = "rez"\n')
    refused = machine.run("add", "dev", "--from", "dev", "--skip-use", status=4).stderr
    assert "dev@1700000000.000000 has no locks" in refused
    assert f"rezup add dev --file {old / 'rezup.toml'}" in refused


def test_a_local_path_is_published_as_a_wheel(
    studio: Machine, consumer: Machine, remote: Path, tmp_path: Path, index: Index
) -> None:
    source = project(
        tmp_path / "src ü" / "tools", "tools", {"studio_tools/__init__.py": "NAME = 'tools'\ndef main(): print(NAME)\n"},
        entry_points={"console_scripts": ["studio-tool=studio_tools:main"]}, requires=["studio-colours"],
    )  # fmt: skip
    studio.recipe(f'[rez]\nurl = "rez==3.4.0"\n[[extension]]\nname = "tools"\nurl = "{source}"\n', "dev")
    told = studio.run("add", "dev", "--remote", "--skip-use").stderr
    assert "Built tools-1.0-py3-none-any.whl" in told
    assert "may get other files" not in told
    (published,) = (remote / "dev" / "revisions").iterdir()
    assert [path.name for path in (published / "wheels").iterdir()] == ["tools-1.0-py3-none-any.whl"], (
        "PyPI has another of that name"
    )
    (source / "studio_tools" / "__init__.py").write_text("NAME = 'other'\ndef main(): print(NAME)\n", encoding="utf-8")
    (tmp_path / "src ü").rename(tmp_path / "gone")
    consumer.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    for machine in (studio, consumer):
        assert machine.run("use", "dev", "--", "studio-tool").stdout == "tools\n"
    studio.run("add", "prod", "--from", "dev", "--remote", "--skip-use")
    assert consumer.run("use", "prod", "--", "studio-tool").stdout == "tools\n"


def test_a_wheel_that_was_changed_on_the_share_is_refused(
    studio: Machine, new_machine: Callable[[], Machine], remote: Path, tmp_path: Path
) -> None:
    source = project(tmp_path / "tools", "studio-tools", {"studio_tools/__init__.py": ""})
    studio.recipe(f'[rez]\nurl = "rez==3.4.0"\nlib = ["{source}"]\n', "dev")
    timestamp = publish(studio)
    (made,) = (remote / "dev" / "revisions" / timestamp / "wheels").iterdir()
    wheel(made.parent, "studio-tools", {"studio_tools/__init__.py": "evil = True\n"}).rename(made)
    other = new_machine()
    other.variables["REZUP_ROOT_REMOTE"] = str(remote)
    assert f"{made} is not the file that was published" in other.run("pull", "dev", status=6).stderr
    made.unlink()
    assert f"{made.name} is missing beside the lock of dev@{timestamp}" in other.run("pull", "dev", status=6).stderr
    assert not other.revisions("dev")
    assert not other.leftovers("dev")


def test_the_same_sources_are_built_to_the_same_wheel(machine: Machine, tmp_path: Path) -> None:
    source = project(tmp_path / "tools", "studio-tools", {"studio_tools/__init__.py": ""})
    machine.recipe(f'[rez]\nurl = "rez==3.4.0"\nlib = ["{source}"]\n', "dev")
    machine.run("add", "dev", "--skip-use")
    assert "Installed" not in machine.run("add", "dev", "--skip-use").stderr, "the second one comes from the cache"
    (source / "studio_tools" / "__init__.py").write_text("changed = True\n", encoding="utf-8")
    machine.run("add", "dev", "--skip-use")
    words = ("use", "dev", "--", "rez-python", "-c", "import studio_tools; print(studio_tools.changed)")
    assert machine.run(*words).stdout == "True\n"


def test_what_is_editable_is_told_where_it_is_published(studio: Machine, tmp_path: Path) -> None:
    source = project(tmp_path / "tools", "studio-tools", {"studio_tools/__init__.py": ""})
    recipe = f'[rez]\nurl = "rez==3.4.0"\n[[extension]]\nname = "studio-tools"\nurl = "{source}"\nedit = true\n'
    studio.recipe(recipe, "dev")
    assert "may get other files" not in studio.run("add", "dev", "--skip-use").stderr
    told = studio.run("add", "dev", "--remote", "--skip-use").stderr
    assert "machines that pull this revision may get other files (editable packages: studio-tools)" in told
    assert "editable packages: studio-tools" in studio.run("status", "dev").stdout
    assert studio.json("status", "dev")["revisions"][0]["loose"] == "editable packages: studio-tools"
