"""Platforms: how they are named, what is true there, and which wheels fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from rezup_api.errors import UsageError
from rezup_api.packages.platforms import (
    PLATFORMS,
    PlatformTarget,
    fits,
    limited,
    marker,
    marker_environment,
    parse_platforms,
    pip_options,
    tags_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

LINUX = PlatformTarget("linux", "x86_64", (3, 11, 7))
MAC = PlatformTarget("macos", "arm64", (3, 9))
WINDOWS = PlatformTarget("windows", "amd64", (3, 13, 0))


def values(target: PlatformTarget) -> Mapping[str, str]:
    return cast("Mapping[str, str]", marker_environment(target))


def test_platforms_are_named_with_or_without_a_machine() -> None:
    assert parse_platforms(["linux", "linux-aarch64"]) == [("linux", "x86_64"), ("linux", "aarch64")]
    assert parse_platforms(["macos", "macos-arm64"]) == [("macos", "arm64"), ("macos", "x86_64")]
    assert parse_platforms(["windows"]) == [("windows", "amd64")]


@pytest.mark.parametrize("word", ["", "beos", "linux-", "linux-vax", "windows-x86_64", "Linux"])
def test_what_is_no_platform_is_an_error(word: str) -> None:
    with pytest.raises(UsageError, match="there is no platform"):
        parse_platforms([word])


@pytest.mark.parametrize(
    ("target", "system", "version"), [(LINUX, "linux", "3.11"), (MAC, "darwin", "3.9"), (WINDOWS, "win32", "3.13")]
)
def test_markers_are_judged_for_the_platform_that_is_meant(target: PlatformTarget, system: str, version: str) -> None:
    environment = values(target)
    assert Marker(f"sys_platform == '{system}' and python_version == '{version}'").evaluate(environment)
    every = {name: Marker(marker([name])).evaluate(environment) for name in PLATFORMS}
    assert every == {name: name == target.platform for name in PLATFORMS}


@pytest.mark.parametrize(
    ("file", "where"),
    [
        ("a-1-py3-none-any.whl", {LINUX, MAC, WINDOWS}),
        ("a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", {LINUX}),
        ("a-1-cp39-abi3-manylinux_2_39_x86_64.whl", {LINUX}),
        ("a-1-cp311-cp311-manylinux_2_17_aarch64.whl", set()),
        ("a-1-cp311-cp311-musllinux_1_2_x86_64.whl", set()),
        ("a-1-cp39-cp39-macosx_11_0_arm64.whl", {MAC}),
        ("a-1-cp39-cp39-macosx_10_9_universal2.whl", {MAC}),
        ("a-1-cp39-cp39-macosx_10_9_x86_64.whl", set()),
        ("a-1-cp313-cp313-win_amd64.whl", {WINDOWS}),
        ("a-1-cp313-cp313t-win_amd64.whl", set()),
        ("a-1-cp312-cp312-win_amd64.whl", set()),
    ],
)
def test_which_wheels_fit(file: str, where: set[PlatformTarget]) -> None:
    assert {target for target in (LINUX, MAC, WINDOWS) if fits(file, tags_of(target))} == where


@pytest.mark.parametrize(
    ("line", "requirement"),
    [
        ("rez>=3", "rez>=3"),
        ("six; python_version < '3'", "six"),
        ("foo[gui] @ https://example.com/foo.zip", "foo"),
        ("foo @ https://example.com/foo.zip ; os_name == 'nt'", "foo"),
        ("rez==3.4.0 --hash=sha256:ab", "rez==3.4.0"),
    ],
)
def test_a_line_for_some_platforms_only(line: str, requirement: str) -> None:
    assert limited(line, []) == line
    told = limited(line, ["macos", "linux"])
    assert told.endswith(line.partition(" --hash")[2])
    parsed = Requirement(told.partition(" --hash")[0])
    assert parsed.name == Requirement(requirement).name
    assert 'sys_platform == "linux" or sys_platform == "darwin"' in str(parsed.marker)
    assert not Marker(str(parsed.marker)).evaluate(values(WINDOWS))


def test_pip_is_told_the_oldest_systems_first() -> None:
    words = pip_options(LINUX)
    platforms = [words[at + 1] for at, word in enumerate(words) if word == "--platform"]
    assert platforms.index("manylinux2014_x86_64") < platforms.index("manylinux_2_28_x86_64")
    assert words[words.index("--python-version") + 1] == "3.11"
