"""What an act would do, told beforehand: it is what the act then does, and nothing has changed meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.fake_engine import FakeEngine, library_wheel, rez_wheel

from rezup_api.errors import InstallError, NotFoundError, RecipeError, RemoteError
from rezup_api.maintenance.diff import ValueChange

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.office import Office


def files(*roots: Path) -> dict[str, bytes]:
    """Every file below some folders, but for the caches and what was accepted, with its content."""
    found = (path for root in roots for path in root.rglob("*") if not {".cache", ".local"} & set(path.parts))
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in found}


def test_a_plan_is_what_is_then_made(here: Office, engine: FakeEngine) -> None:
    here.recipe('[rez]\nlib = ["six"]\n')
    library_wheel(engine.index, "six", "1.0")
    container = here.container()
    first = container.add()
    library_wheel(engine.index, "six", "2.0")
    here.recipe('[rez]\nlib = ["six"]\n[env]\nSHOW = "x"\n')
    container = here.container()
    before = files(here.home, here.remote)
    planned = container.plan()
    assert files(here.home, here.remote) == before
    assert planned.current is not None
    assert planned.current.timestamp == first.timestamp
    assert planned.difference.packages == {"rez": (ValueChange("six", "1.0", "2.0"),)}
    assert planned.difference.variables == (ValueChange("SHOW", None, "x"),)
    assert planned.contents.python["rez"].startswith("3.")
    container.add()
    assert not container.plan().difference


def test_a_first_revision_is_compared_with_nothing(here: Office, engine: FakeEngine) -> None:
    planned = here.container("new").plan()
    assert planned.current is None
    assert planned.contents.packages["rez"]["rez"] == "3.4.0"
    assert not (here.home / ".rezup" / "new").exists()


def test_without_locks_the_versions_of_this_machine_are_told(here: Office, engine: FakeEngine) -> None:
    engine.locks = False
    here.recipe("", "dev")
    container = here.container()
    assert container.plan().contents.packages["rez"]["rez"] == "3.4.0"
    container.add()
    rez_wheel(engine.index, "3.5.0")
    # What is installed stands in for the locks that the revision does not have.
    assert ValueChange("rez", "3.4.0", "3.5.0") in container.plan().difference.packages["rez"]


def test_an_upgrade_is_planned_from_the_locks(here: Office, engine: FakeEngine) -> None:
    here.recipe('[rez]\nlib = ["six"]\n')
    library_wheel(engine.index, "six", "1.0")
    container = here.container()
    container.add()
    library_wheel(engine.index, "six", "2.0")
    rez_wheel(engine.index, "3.5.0")
    assert container.plan(upgrades=["six"]).difference.packages == {"rez": (ValueChange("six", "1.0", "2.0"),)}
    other = here.container("prod").plan(source=here.studio.source("dev"))
    assert other.contents.packages["rez"]["six"] == "1.0"


def test_what_cannot_be_made_is_refused_as_it_would_be(here: Office, engine: FakeEngine) -> None:
    with pytest.raises(RemoteError, match="no remote root to publish to"):
        here.container().plan(publish=True)
    here.recipe('[rez]\nlib = ["nonesuch"]\n')
    with pytest.raises(InstallError):
        here.container().plan()
    here.share().recipe('[pip]\noptions = ["--index-url=https://ana:s3cret@host/simple"]\n')
    with pytest.raises(RecipeError):
        here.container().plan(publish=True)


def test_what_pull_would_build(here: Office, engine: FakeEngine, tmp_path: Path) -> None:
    made = here.share().container().add(message="for all", publish=True)
    other = here.beside(tmp_path / "other")
    before = files(here.remote)
    meant = other.container().pulling()
    assert (meant.revision.timestamp, meant.revision.ready) == (made.timestamp, False)
    assert meant.published.message == "for all"
    assert files(here.remote) == before
    assert other.container().revisions() == []
    other.container().pull()
    assert other.container().pulling().revision.ready
    with pytest.raises(NotFoundError):
        other.container().pulling("nonesuch")
    with pytest.raises(NotFoundError):
        other.container("nonesuch").pulling()


def test_an_outline_compares_the_recipe_with_what_is_in_force_and_resolves_nothing(
    here: Office, engine: FakeEngine
) -> None:
    here.share().recipe('[env]\nSHOW = "one"\n')
    first = here.container().outline()
    assert first.current is None
    made = here.container().add(publish=True, message="why")
    here.container().add(message="of this machine alone")
    engine.calls.clear()
    same = here.container().outline()
    assert same.current is not None
    assert (same.current.timestamp, same.current.metadata.message) == (made.timestamp, "why")
    assert not same.difference
    here.recipe('[env]\nSHOW = "two"\n[rez]\nlib = ["six"]\n')
    difference = here.container().outline().difference
    assert [(one.name, one.old, one.new) for one in difference.variables] == [("SHOW", "one", "two")]
    assert [one.name for one in difference.recipe] == ["rez.lib"]
    assert (difference.packages, difference.python) == ({}, ())
    assert not here.container().outline(upgrades=["rez"]).difference, "its own recipe is taken over"
    assert engine.calls == []


def test_an_outline_of_another_revision_has_the_packages_of_its_locks(here: Office, engine: FakeEngine) -> None:
    library_wheel(engine.index, "six", "1.0")
    here.share().container().add(publish=True)
    here.recipe('[rez]\nlib = ["six"]\n', "staging")
    source = here.container("staging").add()
    difference = here.container().outline(source=source).difference
    assert [(one.name, one.new) for one in difference.packages["rez"]] == [("six", "1.0")]


def test_an_outline_is_refused_where_the_publication_would_be(here: Office) -> None:
    with pytest.raises(RemoteError, match="no remote root to publish to"):
        here.container().outline()
    here.share().recipe('[pip]\noptions = ["--index-url=https://ana:s3cret@host/simple"]\n')
    with pytest.raises(RecipeError):
        here.container().outline()
