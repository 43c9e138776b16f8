"""Recipes, interpreters, caches, the configuration of the machine, and the failures of its hooks."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from rezup_api.cache.folders import open_caches
from rezup_api.doctor.machine_checks import (
    check_caches,
    check_hooks,
    check_interpreters,
    check_machine_configuration,
    check_recipes,
)
from rezup_api.hooks.hook_log import HookFailure, hook_log, note_hook_failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.doctor.scene import Scene


def test_recipes_that_can_be_read_are_named(scene: Callable[..., Scene], home: Path) -> None:
    (seen,) = check_recipes(scene())
    assert (seen.level, "none, so that the built-in one counts" in seen.text) == ("ok", True)
    (home / "rezup.toml").touch()
    (home / "rezup.dev.toml").touch()
    (seen,) = check_recipes(scene())
    assert (seen.level, "(.main, dev)" in seen.text) == ("ok", True)


def test_each_recipe_that_is_wrong_is_told(scene: Callable[..., Scene], home: Path) -> None:
    (home / "rezup.dev.toml").write_text("x = 1\n", encoding="utf-8")
    (home / "rezup.s3.toml").write_text('[root]\nremote = "s3://bucket"\n', encoding="utf-8")
    first, second = check_recipes(scene())
    assert (first.level, first.way_out) == ("wrong", "see: rezup recipe check dev")
    assert "x: unknown key" in first.text
    assert (second.level, "s3://bucket" in second.text) == ("wrong", True)
    assert check_recipes(scene("dev")) == [], "then the check of the one recipe says it"


def test_interpreters_are_listed(scene: Callable[..., Scene]) -> None:
    seen = check_interpreters(scene(PATH="/nothing", PYENV_ROOT="/nothing"))
    assert seen.level == "ok"
    assert ".".join(map(str, sys.version_info[:3])) in seen.text


def test_a_place_for_interpreters_that_is_not_there_is_a_warning(scene: Callable[..., Scene]) -> None:
    seen = check_interpreters(scene(PATH="/nothing", PYENV_ROOT="/nothing", REZUP_PYTHON_PATH="/nothing/here"))
    assert seen.level == "warning"
    assert seen.text.startswith("REZUP_PYTHON_PATH names what is not there: /nothing/here; found: ")


def test_caches_say_how_large_they_are(scene: Callable[..., Scene], home: Path) -> None:
    (seen,) = check_caches(scene())
    assert (seen.level, seen.text) == ("ok", f"there are none for {home}/.rezup yet")
    caches = open_caches(home / ".rezup")
    (caches.files / "one").write_bytes(b"x" * (3 << 20))
    (caches.files / "link").symlink_to(home)
    (seen,) = check_caches(scene())
    assert (seen.level, seen.text) == ("ok", f"{caches.path} is yours, and holds 3 MiB")


@pytest.mark.skipif(os.name == "nt", reason="rights are of another kind there")
def test_a_cache_that_others_can_write_to_is_a_warning(scene: Callable[..., Scene], home: Path) -> None:
    caches = open_caches(home / ".rezup")
    caches.path.chmod(0o777)
    (seen,) = check_caches(scene())
    assert seen.level == "warning"
    assert "others can write to it" in seen.text
    assert str(home / ".cache" / "rezup" / "roots") in seen.text


def test_the_configuration_of_the_machine_is_read_whole(scene: Callable[..., Scene], home: Path) -> None:
    (seen,) = check_machine_configuration(scene())
    assert (seen.level, seen.text) == ("ok", "there is none")
    path = home / ".config" / "rezup" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[[hook]]\non = "added"\ncommand = "true"\n', encoding="utf-8")
    (seen,) = check_machine_configuration(scene())
    assert (seen.level, seen.text) == ("ok", f"read from {path}; hooks: 1")
    path.write_text('[[hook]]\non = "addd"\n', encoding="utf-8")
    seen, other = check_machine_configuration(scene())
    assert {seen.level, other.level} == {"wrong"}
    assert "hook[0].on: 'addd' is not a value" in seen.text
    assert other.text == f"{path}: hook[0].command: is missing"


def test_failures_of_hooks_are_shown_for_a_week(scene: Callable[..., Scene]) -> None:
    around = scene()
    assert check_hooks(around)[0].level == "ok"

    def fail(days: float, number: int = 0) -> None:
        when = (datetime.now(timezone.utc) - timedelta(days=days)).isoformat(timespec="seconds")
        failure = HookFailure(when, f"x: hook[{number}]", "added", "dev", "1.5", "exit status 3", "secret words")
        note_hook_failure(hook_log(around.environ), failure)

    fail(8)
    assert check_hooks(around)[0].level == "ok"
    fail(1)
    (seen,) = check_hooks(around)
    assert seen.level == "warning"
    assert seen.text.startswith("x: hook[0] has failed, last at added of dev on ")
    assert seen.text.endswith(": exit status 3"), "what it has printed may be a secret"
    assert str(hook_log(around.environ)) in seen.way_out
    fail(0, 1)
    fail(0)
    seen, other = check_hooks(around)
    assert seen.text.startswith("x: hook[0] has failed 2 times, last at ")
    assert other.subject == "x: hook[1]"
