"""A revision from another one: exactly what was tested, under the recipe of the container that gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.fake_engine import FakeEngine, library_wheel, rez_wheel

from rezup_api.errors import NotFoundError, RezupError

if TYPE_CHECKING:
    from tests.unit.office import Office

    from rezup_api.store.revision import Revision


def promote(office: Office, source: str, *upgrades: str) -> Revision:
    """Make a revision of `prod`."""
    studio = office.studio
    return studio.container("prod").add(source=studio.source(source), upgrades=upgrades, message="tested")


def rez_of(revision: Revision) -> str:
    """The version of the Rez inside."""
    assert revision.metadata is not None
    return revision.metadata.rez_version


def test_it_holds_what_was_tested(here: Office, engine: FakeEngine) -> None:
    here.recipe('description = "the tested one"\n[env]\nA = "tested"\n', "staging")
    here.recipe('description = "for all"\n', "prod")
    tested = here.container("staging").add()
    rez_wheel(engine.index, "3.5.0")
    made = promote(here, "staging")
    assert rez_of(made) == "3.4.0"
    assert made.metadata is not None
    assert (made.metadata.origin, made.metadata.message) == (str(tested), "tested")
    session = here.container("prod").enter()
    assert (session.environ["A"], session.environ["REZUP_CONTAINER"]) == ("tested", "prod")
    session.lease.release()


@pytest.mark.parametrize("upgrade", ["rez", "six"])
def test_only_what_is_named_is_resolved_anew(here: Office, engine: FakeEngine, upgrade: str) -> None:
    here.recipe('[rez]\nlib = ["six"]\n', "staging")
    library_wheel(engine.index, "six", "1.0")
    here.container("staging").add()
    library_wheel(engine.index, "six", "2.0")
    rez_wheel(engine.index, "3.5.0")
    made = promote(here, "staging", upgrade)
    assert rez_of(made) == ("3.5.0" if upgrade == "rez" else "3.4.0")
    (six,) = made.path.glob("venv/rez/lib/*/site-packages/six-*.dist-info")
    assert six.name.startswith("six-2.0" if upgrade == "six" else "six-1.0")


def test_the_folder_of_a_revision_will_do(here: Office) -> None:
    tested = here.container("staging").add()
    assert rez_of(promote(here, str(tested.path))) == "3.4.0"


@pytest.mark.parametrize(
    ("source", "said"),
    [("staging@~1", "staging"), ("nothing", "there is no container nothing"), ("/nowhere/x", "is neither a bundle")],
)
def test_what_is_not_there_is_said(here: Office, source: str, said: str) -> None:
    here.container("staging").add()
    with pytest.raises(NotFoundError, match=said):
        promote(here, source)


def test_without_locks_nobody_knows_what_it_held(here: Office, engine: FakeEngine) -> None:
    engine.locks = False
    here.container("staging").add()
    with pytest.raises(NotFoundError, match="has no locks"):
        promote(here, "staging")


def test_a_lock_without_what_is_upgraded_is_an_error(here: Office) -> None:
    here.container("staging").add()
    with pytest.raises(RezupError, match="there is no nonsense in staging@"):
        promote(here, "staging", "nonsense")
