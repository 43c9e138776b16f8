"""The verbs of the command, as scripts call them: they look, choose and clean up, and get values back."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import A, B, C, label

from rezup_api import Container, NotFoundError, Studio, UsageError
from rezup_api.disk.flock import claim
from rezup_api.events import Event, Warned
from rezup_api.store.revision import hold

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.studio import Studio as Files


@pytest.fixture
def container(studio: Files, home: Path) -> Container:
    """The container `dev` of a machine without a remote root, with three revisions."""
    studio.build(A, B, C)
    return of(studio, home)


def of(files: Files, home: Path, *, remote: bool = False) -> Container:
    """The container `dev`, as scripts get it."""
    environ = {"HOME": str(home), "REZUP_ROOT_LOCAL": str(files.here.root)}
    if remote:
        environ["REZUP_ROOT_REMOTE"] = str(files.there.root)

    def report(event: Event) -> None:
        if isinstance(event, Warned):
            files.told.append(event.text)

    return Studio.from_environ(environ, report).container("dev")


def test_a_rollback_shows_in_status_and_history(container: Container) -> None:
    change = container.rollback(message="menus are gone")
    assert (change.revision, change.previous) == (B, C)
    status = container.status()
    assert status.summary.revision == B
    assert status.why == "rolled back to it, until the next `add`"
    assert [(one.timestamp, one.current) for one in status.revisions] == [(C, False), (B, True), (A, False)]
    newest = container.history()[0]
    assert (newest.place, newest.act.act, newest.act.message) == ("local", "rollback", "menus are gone")


def test_pins_and_labels(container: Container) -> None:
    assert container.pin("~1").revision == B
    assert container.tag("latest", "tested").revision == C
    assert container.status().labels == {"tested": C}
    assert container.unpin().previous == B
    assert container.untag("tested").revision == C
    assert container.current() == C
    assert [one.act.act for one in container.history()][:4] == ["untag", "unpin", "tag", "pin"]


def test_what_is_not_needed_goes(container: Container) -> None:
    done = container.gc(keep=2, dry_run=True)
    assert [(one.timestamp, one.stays) for one in done.verdicts] == [(C, True), (B, True), (A, False)]
    assert len(container.revisions()) == 3
    assert container.gc(keep=2).policy.keep == 2
    assert [one.timestamp for one in container.revisions()] == [C, B]


def test_a_published_container_asks_which_root_is_meant(studio: Files, home: Path) -> None:
    studio.publish(A, B)
    studio.pull(A, B)
    container = of(studio, home, remote=True)
    for act in (container.rollback, container.gc, container.drop, container.dropping):
        with pytest.raises(UsageError, match="also published"):
            act()
    assert container.rollback(remote=True).revision == A
    newest = container.history()[0]
    assert (newest.place, newest.act.act) == ("remote", "rollback")


def test_a_remote_root_that_is_away_is_told_once_for_each_question(studio: Files, home: Path) -> None:
    studio.build(A)
    container = of(studio, home, remote=True)
    studio.unmount()
    assert [one.act.revision for one in container.history()] == [A]
    assert len(studio.told) == 1
    assert container.status().summary.published is None


def test_drop_tells_what_it_means_first(container: Container) -> None:
    meant = container.dropping()
    assert (meant.place, meant.revisions, meant.exists) == ("", 3, True)
    assert container.drop().left is None
    assert not container.exists
    with pytest.raises(NotFoundError, match="there is no container dev"):
        container.status()


def test_a_container_that_is_nowhere_has_no_history(studio: Files, home: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no container dev"):
        of(studio, home).history()


def test_the_session_one_is_in(container: Container) -> None:
    studio = Studio(container.settings, container.environ)
    inside = {"REZUP_CONTAINER": "dev", "REZUP_REVISION": str(container.folder.revisions / A)}
    session = studio.session(inside)
    assert session is not None
    assert (session.exists, session.current, session.given, session.newer) == (True, False, C, 2)
    assert studio.session({}) is None


def test_a_studio_lists_its_containers(container: Container) -> None:
    studio = Studio(container.settings, container.environ)
    assert [(one.name, one.revision, one.revision_count) for one in studio.status()] == [("dev", C, 3)]


def test_two_revisions_are_compared(container: Container) -> None:
    (container.folder.revisions / C / "rezup.toml").write_text('[env]\nSHOW = "spiderman"\n', encoding="utf-8")
    found = Studio(container.settings, container.environ).diff("dev@~1", "dev")
    assert (str(found.old), str(found.new)) == (f"dev@{B}", f"dev@{C}")
    assert [(one.name, one.old, one.new) for one in found.difference.variables] == [("SHOW", None, "spiderman")]


def test_a_source_is_a_revision_or_a_path(container: Container, tmp_path: Path) -> None:
    studio = Studio(container.settings, container.environ)
    label(container.folder, "tested", B)
    assert str(studio.source("dev@tested")) == f"dev@{B}"
    assert studio.source(f"{tmp_path}/x.zip") == tmp_path / "x.zip"
    with pytest.raises(NotFoundError, match="neither a bundle nor the folder of a revision"):
        container.add(source=tmp_path / "x.zip")


def test_a_source_that_vanishes_meanwhile_is_not_found(container: Container) -> None:
    source = container.find("~1")
    shutil.rmtree(source.path)
    with pytest.raises(NotFoundError, match=f"dev@{B} is gone"):
        container.add(source=source)


def test_a_source_that_is_being_removed_is_not_found(container: Container) -> None:
    source = container.find("~1")
    removing = claim(source.lock_file)
    assert removing is not None
    removal = threading.Timer(0.2, shutil.rmtree, [source.path])
    removal.start()
    with removing, pytest.raises(NotFoundError, match=f"dev@{B} is gone"):
        container.add(source=source)
    removal.join()


def test_what_is_held_is_not_removed(container: Container) -> None:
    oldest = container.revisions()[-1]
    with hold(oldest):
        assert [one.reason for one in container.gc(keep=1).verdicts if one.timestamp == A] == ["in use"]
    assert A not in [one.timestamp for one in container.gc(keep=1).verdicts if one.stays]
    with pytest.raises(NotFoundError, match="is gone"):
        hold(replace(oldest))


def test_what_is_present_is_never_built(studio: Files, home: Path) -> None:
    studio.publish(A, B)
    studio.pull(A)
    container = of(studio, home, remote=True)
    assert container.present().timestamp == A
    assert studio.told == [f"dev@{B} is not built here, taking dev@{A} instead; to build it: rezup pull dev"]
    with pytest.raises(NotFoundError, match="is not built here"):
        container.present(fallback=False)
