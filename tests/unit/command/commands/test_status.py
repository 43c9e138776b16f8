"""`rezup status --remote`: what is published, of all containers and of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.command.conftest import Rezup


def published(rezup: Rezup, message: str) -> str:
    """Publish a revision of `dev`; its timestamp."""
    found: str = rezup.json("add", "dev", "--skip-use", "--remote", "-m", message)["revision"]
    return found


def test_what_is_published_is_shown(rezup: Rezup) -> None:
    assert "Nothing is published" in rezup.run("status", "--remote")[0]
    first, second = published(rezup, "one"), published(rezup, "two")
    rezup.run("pin", f"dev@{first}", "--remote", "-m", "why")
    lines = rezup.run("status", "--remote")[0].splitlines()
    assert lines[1].split()[:2] == ["dev", first]
    assert lines[1].endswith("built  current; pinned; one")
    lines = rezup.run("status", "dev", "--remote")[0].splitlines()
    assert lines[0] == f"dev on {rezup.office.remote}"
    assert [line.split()[0] for line in lines[2:]] == [second, first]
    assert rezup.json("status", "dev", "--remote")["pin"] == {"revision": first, "rollback": False}
    assert rezup.json("status", "--remote")["containers"][0]["published"] == first
    assert "not published" in rezup.run("status", "own", "--remote", status=4)[1]
    for name in ("revisions/1700000000.000000", "labels"):
        (rezup.office.remote / "old" / name).mkdir(parents=True)
    (rezup.office.remote / "old" / "labels" / ".pin").write_text("nonsense", encoding="utf-8")
    out, err = rezup.run("status", "--remote")
    assert out.splitlines()[1].split()[:2] == ["dev", first], "the others are listed all the same"
    assert "rezup: warning: old: " in err
