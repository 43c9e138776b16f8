"""Before the whole studio feels something: on a terminal it is shown, and asked; a script is not held up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.e2e.studio import publish, published

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine
    from tests.e2e.terminal import Terminal


def answer(screen: Terminal, text: str) -> str:
    """Answer the question; all that is shown until the end, which has status 0."""
    screen.expect(r"\? \[y/N\] ")
    screen.type(text)
    assert screen.wait() == 0, screen.shown
    return screen.shown


def test_a_rollback_shows_both_revisions_and_asks(
    publisher: Machine, remote: Path, terminal: Callable[..., Terminal]
) -> None:
    old = publish(publisher, "dev", "-m", "the good one")
    new = publish(publisher, "dev", "-m", "the bad one")
    with terminal(publisher, "rollback", "dev", "--remote") as screen:
        shown = answer(screen, "n")
    assert f"Would roll dev back from {new} to {old} on {remote}" in shown
    assert f"- dev@{new}, made " in shown
    assert ": the bad one\n" in shown
    assert f"+ dev@{old}, made " in shown
    assert shown.endswith("Nothing was changed\n")
    assert publisher.json("status", "dev")["revision"] == new
    with terminal(publisher, "rollback", "dev", "--remote") as screen:
        assert f"Rolled dev back from {new} to {old}" in answer(screen, "y")
    assert publisher.json("status", "dev")["revision"] == old
    with terminal(publisher, "unpin", "dev", "--remote") as screen:
        assert f"Unpinned dev on {remote}" in answer(screen, "yes")
    with terminal(publisher, "unpin", "dev", "--remote") as screen:
        assert screen.wait() == 0
    assert "[y/N]" not in screen.shown, "there is nothing to change"
    with terminal(publisher, "pin", f"dev@{old}", "--remote") as screen:
        screen.expect(r"\[y/N\] ")
        screen.end_input()
        assert screen.wait() == 0
    assert publisher.json("status", "dev")["revision"] == new


def test_nobody_is_asked_where_nobody_would_answer(publisher: Machine, terminal: Callable[..., Terminal]) -> None:
    old, new = publish(publisher), publish(publisher)
    asked = {"CI": "true"}
    for words, variables in (
        (("pin", f"dev@{old}", "--remote", "--yes"), {}),
        (("unpin", "dev", "--remote"), asked),
        (("rollback", "dev", "--remote", "--json"), {}),
        (("rollback", "dev", "--remote", "--to", "latest", "--dry-run"), {}),
        (("pin", "dev", "--local"), {}),
    ):
        with terminal(publisher, *words, **variables) as screen:
            assert screen.wait() == 0, screen.shown
        assert "[y/N]" not in screen.shown, words
    publisher.run("unpin", "dev", "--local")
    assert publisher.json("status", "dev")["revision"] == old
    publisher.run("unpin", "dev", "--remote")
    assert publisher.json("status", "dev")["revision"] == new
    with terminal(publisher, "drop", "dev", "--remote", **asked) as screen:
        assert screen.wait() == 2
    assert "rezup drop dev --remote --yes" in screen.shown


def test_a_cleanup_shows_what_would_go(publisher: Machine, terminal: Callable[..., Terminal]) -> None:
    old, new = publish(publisher), publish(publisher)
    with terminal(publisher, "gc", "dev", "--remote", "--keep", "1") as screen:
        shown = answer(screen, "")
    assert f"Would remove:\n  dev@{old}  beyond the newest 1\n" in shown
    assert published(publisher) == [old, new]
    with terminal(publisher, "gc", "dev", "--remote", "--keep", "1") as screen:
        answer(screen, "y")
    assert published(publisher) == [new]
    with terminal(publisher, "gc", "dev", "--remote", "--keep", "1") as screen:
        assert screen.wait() == 0
    assert "[y/N]" not in screen.shown, "nothing would go"


def test_a_publication_shows_what_is_in_force_before_anything_is_made(
    publisher: Machine, remote: Path, terminal: Callable[..., Terminal]
) -> None:
    with terminal(publisher, "add", "dev", "--remote", "--skip-use") as screen:
        shown = answer(screen, "no")
    assert f"Nothing is published of dev on {remote} yet." in shown
    assert published(publisher) == []
    assert publisher.revisions("dev") == []
    first = publish(publisher, "dev", "-m", "the first")
    text = publisher.home.joinpath("rezup.dev.toml")
    text.write_text(
        (text.read_text(encoding="utf-8") if text.exists() else "") + '[env]\nSHOW = "spiderman"\n', encoding="utf-8"
    )
    with terminal(publisher, "add", "dev", "--remote", "--skip-use") as screen:
        shown = answer(screen, "n")
    assert f"In force on {remote}: dev@{first}, made " in shown
    assert "  + SHOW spiderman\n" in shown
    assert published(publisher) == [first]
    with terminal(publisher, "add", "dev", "--remote", "--skip-use", "--yes") as screen:
        assert screen.wait() == 0
    assert "[y/N]" not in screen.shown
    assert len(published(publisher)) == 2
    with terminal(publisher, "add", "dev", "--skip-use") as screen:
        assert screen.wait() == 0
    assert "[y/N]" not in screen.shown, "it is for this machine alone"


@pytest.mark.parametrize("said", ["y", "n"])
def test_a_name_that_is_like_another_is_asked_for(
    machine: Machine, terminal: Callable[..., Terminal], said: str
) -> None:
    machine.run("add", "dev", "--skip-use")
    with terminal(machine, "add", "dve", "--skip-use") as screen:
        shown = answer(screen, said)
    assert "Make a new container dve? [y/N]" in shown
    assert (len(machine.revisions("dve")), "Nothing was added" in shown) == ((1, False) if said == "y" else (0, True))
