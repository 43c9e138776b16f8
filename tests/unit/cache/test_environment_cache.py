"""Environments of last time: guessed, confirmed or thrown away, and never half there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rezup_api.cache.content_store import FileStore, Listing
from rezup_api.cache.environment_cache import Template
from rezup_api.packages.request import EnvironmentRequest, Requirement
from rezup_api.pythons.interpreter import Interpreter

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = Interpreter("/usr/bin/python", (3, 11, 7), "CPython", "x86_64")
REQUEST = EnvironmentRequest("rez", PYTHON, (Requirement("rez", "rez"),), (), (), "", (("-E",),))


class Place:
    """Caches, and where an environment goes.

    Args:
        folder: an empty folder for all of it.
    """

    def __init__(self, folder: Path) -> None:
        self.lists = folder / "lists"
        self.path = folder / "environment"
        (folder / "files").mkdir()
        self.lists.mkdir()
        self.store = FileStore(folder / "files")

    def template(self, request: EnvironmentRequest = REQUEST) -> Template:
        """What is asked for."""
        return Template(self.lists, request, self.store, self.path)

    def make(self, text: str) -> Listing:
        """Make an environment of one file."""
        (self.path / "bin").mkdir(parents=True)
        (self.path / "bin" / "tool").write_text(text, encoding="utf-8")
        return self.store.adopt(self.path)

    @property
    def text(self) -> str | None:
        """What lies there."""
        file = self.path / "bin" / "tool"
        return file.read_text(encoding="utf-8") if file.exists() else None


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place where an environment of key `one`, and before it one of key `older`, was made."""
    made = Place(tmp_path)
    for key in ("older", "one"):
        template = made.template()
        template.remember(key, made.make(key))
        template.discard()
    return made


def test_the_guess_is_there_before_the_answer(place: Place) -> None:
    template = place.template()
    template.prepare()
    assert place.text == "one"
    listing = template.confirm("one")
    assert listing is not None
    assert list(listing.files) == ["bin/tool"]
    assert place.text == "one"


@pytest.mark.parametrize(("key", "text"), [("older", "older"), ("unknown", None)])
def test_a_wrong_guess_gives_way_to_what_is_known_of_the_answer(place: Place, key: str, text: str | None) -> None:
    template = place.template()
    template.prepare()
    assert (template.confirm(key) is not None) is (text is not None)
    assert place.text == text


def test_without_a_guess_the_answer_is_still_known(place: Place) -> None:
    assert place.template().confirm("one") is not None
    assert place.text == "one"


@pytest.mark.parametrize(
    "request_",
    [
        replace(REQUEST, tools=(Requirement("rez>3", "rez"),)),
        replace(REQUEST, flags=(("-s",),)),
        replace(REQUEST, interpreter=replace(PYTHON, version=(3, 12, 0))),
    ],
    ids=["another line", "another flag", "another interpreter"],
)
def test_another_question_has_no_guess(place: Place, request_: EnvironmentRequest) -> None:
    place.template(request_).prepare()
    assert not place.path.exists()


def test_a_content_that_is_gone_leaves_nothing_half_made(place: Place, tmp_path: Path) -> None:
    for file in (tmp_path / "files").rglob("*"):
        if file.is_file():
            file.unlink()
    template = place.template()
    template.prepare()
    assert not place.path.exists()
    assert template.confirm("one") is None
    assert not place.path.exists()


@pytest.mark.parametrize("damage", ["", "{", '{"files": 1}'])
def test_a_damaged_list_is_none(place: Place, damage: str) -> None:
    (place.lists / "one.json").write_text(damage, encoding="utf-8")
    assert place.template().confirm("one") is None
    assert not place.path.exists()


def test_nothing_is_known_at_first(tmp_path: Path) -> None:
    template = Place(tmp_path).template()
    template.prepare()
    template.discard()
    assert template.confirm("one") is None
