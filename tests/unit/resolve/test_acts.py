"""Which options of pip and variables of uv are for what an installer is started for."""

from __future__ import annotations

import pytest

from rezup_api.resolve.acts import Purpose, environ_for
from rezup_api.resolve.pip_configuration import parse_options, translate, words_for

EVERY = Purpose.RESOLVE | Purpose.INSTALL | Purpose.BUILD | Purpose.TOOL
ALL_KINDS = ["-c", "limits.txt", "--pre", "--no-deps", "--require-hashes", "--build-constraint=b.txt", "-f", "/wheels"]


@pytest.mark.parametrize(
    ("act", "left_out"),
    [
        (Purpose.RESOLVE, {"--require-hashes"}),
        (Purpose.INSTALL, {"-c", "limits.txt", "--pre", "--no-deps"}),
        (Purpose.BUILD, {"--require-hashes", "--no-deps"}),
        (Purpose.TOOL, {"-c", "limits.txt", "--pre", "--no-deps", "--require-hashes", "--build-constraint=b.txt"}),
        (Purpose.RESOLVE | Purpose.INSTALL, set()),
    ],
)
def test_which_options_are_for_what(act: Purpose, left_out: set[str]) -> None:
    kept = [word for word in ALL_KINDS if word not in left_out]
    assert words_for(act, ALL_KINDS) == kept
    translation = translate(parse_options(ALL_KINDS, "recipe"), {})
    # The same in the words of uv, which takes what is single before what is a list.
    expected = translate(parse_options(kept, "recipe"), {})
    assert translation.arguments(act) == expected.arguments(EVERY)
    assert bool(expected.given)


@pytest.mark.parametrize(
    ("act", "left_out"),
    [
        (Purpose.RESOLVE, {"PIP_REQUIRE_HASHES", "UV_REQUIRE_HASHES"}),
        (
            Purpose.INSTALL,
            {"PIP_CONSTRAINT", "PIP_PRE", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE", "UV_EXCLUDE_NEWER"},
        ),
        (Purpose.BUILD, {"PIP_REQUIRE_HASHES", "UV_REQUIRE_HASHES", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE"}),
    ],
)
def test_which_variables_are_for_what(act: Purpose, left_out: set[str]) -> None:
    names = [
        "HOME",
        "PIP_INDEX_URL",
        "PIP_DEFAULT_TIMEOUT",
        "PIP_CONSTRAINT",
        "PIP_PRE",
        "PIP_REQUIRE_HASHES",
        "UV_INDEX",
    ]
    names += [
        "UV_CONSTRAINT",
        "UV_OVERRIDE",
        "UV_EXCLUDE",
        "UV_EXCLUDE_NEWER",
        "UV_REQUIRE_HASHES",
        "UV_BUILD_CONSTRAINT",
    ]
    assert {*names} - {*environ_for(act, dict.fromkeys(names, "1"))} == left_out


def test_an_option_that_is_left_out_goes_with_its_value() -> None:
    words = [
        "--upgrade-strategy",
        "eager",
        "-U",
        "--index-url",
        "https://a/s",
        "--upgrade-strategy=eager",
        "-f",
        "/a b",
    ]
    kept = words_for(Purpose.RESOLVE, words, {"--upgrade-strategy", "-U"})
    assert kept == ["--index-url", "https://a/s", "-f", "/a b"]
