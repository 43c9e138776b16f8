"""Command lines in a help are broken between their words, and never inside of brackets or quotes."""

from __future__ import annotations

from rezup.cli.wrapping import wrapped_example, wrapped_usage


def test_a_usage_that_fits_stays() -> None:
    assert wrapped_usage("rezup x [-a] [B]\n       rezup x --c", 80) == "rezup x [-a] [B]\n       rezup x --c"


def test_a_usage_is_broken_between_its_arguments() -> None:
    assert wrapped_usage("rezup x [NAME[@REV]] [--platform P ...] [-- COMMAND ...]", 38) == (
        "rezup x [NAME[@REV]]\n           [--platform P ...]\n           [-- COMMAND ...]"
    )


def test_an_example_is_broken_as_a_shell_takes_it() -> None:
    assert wrapped_example("rezup add -m 'a b c d' --remote", 20) == [
        "  rezup add -m \\",
        "      'a b c d' \\",
        "      --remote",
    ]
    assert wrapped_example('eval "$(rezup env dev)"', 80) == ['  eval "$(rezup env dev)"']
    assert wrapped_example("rezup frobnicate-everything", 10) == ["  rezup \\", "      frobnicate-everything"]
