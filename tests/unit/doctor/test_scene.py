"""What the checks look at: the roots that settings and recipes name, and a container that leaves no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.studio import A, B

from rezup_api.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.studio import Studio

    from rezup_api.doctor.scene import Scene


def places(scene: Scene) -> tuple[list[str], list[str]]:
    return [str(root) for root in scene.local_roots], [root.place for root in scene.remote_roots]


def test_without_recipes_it_is_the_roots_of_the_settings(scene: Callable[..., Scene], home: Path) -> None:
    assert places(scene()) == ([str(home / ".rezup")], [])
    assert places(scene(REZUP_ROOT_REMOTE="/studio", REZUP_ROOT_LOCAL="/here")) == (["/here"], ["/studio"])


def test_the_roots_of_all_recipes_count_each_once(scene: Callable[..., Scene], home: Path) -> None:
    (home / "rezup.toml").write_text('[root]\nremote = "/studio"\n', encoding="utf-8")
    (home / "rezup.dev.toml").write_text('[root]\nlocal = "~/dev"\nremote = "file:///other"\n', encoding="utf-8")
    (home / "rezup.bad.toml").write_text("[root]\nlocal = [[\n", encoding="utf-8")
    (home / "rezup.s3.toml").write_text('[root]\nremote = "s3://bucket"\n', encoding="utf-8")
    local, remote = places(scene())
    assert local == [str(home / ".rezup"), str(home / "dev")]
    assert remote == ["/studio", "/other"]


def test_of_one_container_only_its_own_roots_count(scene: Callable[..., Scene], home: Path) -> None:
    (home / "rezup.toml").write_text('[root]\nremote = "/studio"\n', encoding="utf-8")
    (home / "rezup.dev.toml").write_text('[root]\nlocal = "~/dev"\nremote = "file:///other"\n', encoding="utf-8")
    assert places(scene("dev")) == ([str(home / "dev")], ["/other"])


def test_a_container_with_a_broken_recipe_is_not_looked_at(scene: Callable[..., Scene], home: Path) -> None:
    (home / "rezup.dev.toml").write_text("wrong = 1\n", encoding="utf-8")
    assert scene("dev").container is None


def test_a_container_must_exist_or_have_a_recipe_or_be_published(
    scene: Callable[..., Scene], studio: Studio, home: Path, tmp_path: Path
) -> None:
    with pytest.raises(NotFoundError, match="there is no container dev"):
        scene("dev")
    with pytest.raises(UsageError):
        scene("../dev")
    assert scene(".main").container is not None
    studio.publish(A)
    assert scene("dev", REZUP_ROOT_REMOTE=str(studio.there.root)).container is not None
    assert scene("dev", REZUP_ROOT_REMOTE=str(tmp_path / "away")).container is not None, "nobody can know"
    (home / "rezup.dev.toml").touch()
    assert scene("dev").container is not None


def test_looking_at_a_container_leaves_no_trace(scene: Callable[..., Scene], studio: Studio, home: Path) -> None:
    studio.publish(A, B)
    studio.pull(A)
    here, there = str(studio.here.root), str(studio.there.root)
    container = scene("dev", REZUP_ROOT_LOCAL=here, REZUP_ROOT_REMOTE=there).container
    assert container is not None

    def files() -> list[Path]:
        return sorted(path for folder in (home, studio.here.root, studio.there.root) for path in folder.rglob("*"))

    before = files()
    assert container.current() == B
    assert container.published() == B
    assert container.pins() == (None, None)
    assert container.remote is not None
    assert container.remote.newest_name() == B
    assert files() == before
    assert container.local.published() == (None, ())
