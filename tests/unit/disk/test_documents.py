"""Documents from outside: what is within the limits is read, and whatever else it is, the error is ValueError."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone

import pytest

from rezup_api.disk.documents import DEPTH, parse_json, parse_moment, parse_toml


@pytest.mark.parametrize("data", ['{"a": [1, -2.5, "ü", null, true]}', '{"a": [1, -2.5, "\\u00fc", null, true]}'])
def test_a_json_document_is_read(data: str) -> None:
    assert parse_json(data) == parse_json(data.encode()) == {"a": [1, -2.5, "ü", None, True]}


@pytest.mark.parametrize(
    "data",
    [
        *("", "{", '{"a": 1', "[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 5000 + "1" + "}" * 5000),
        *("1" * 5000, "1e999", "-1e999", "NaN", "Infinity", str(1 << 63), f"[{-(1 << 63) - 1}]"),
        *('"\\ud800"', '{"\\uDFFF": 1}', '{"a": 1, "a": 2}', b'"\xff"', '"'.encode("utf-16"), b"[" * (DEPTH + 1)),
        "[" * (DEPTH + 1) + "]" * (DEPTH + 1),
    ],
    ids=lambda data: f"{data[:12]!r}x{len(data)}",
)
def test_a_json_document_beyond_the_limits_is_refused(data: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(data)


def test_the_limits_themselves_are_allowed() -> None:
    assert parse_json("[" * DEPTH + "]" * DEPTH)
    assert parse_json(f"[{(1 << 63) - 1}, {-(1 << 63)}]") == [(1 << 63) - 1, -(1 << 63)]
    with pytest.raises(ValueError, match="more than 4 bytes"):
        parse_json("[1,2]", limit=4)


def test_a_path_that_is_not_utf8_is_read_where_paths_are_expected() -> None:
    text = json.dumps([os.fsdecode(b"caf\xe9"), "\U0001f600"])
    assert parse_json(text, paths=True) == [os.fsdecode(b"caf\xe9"), "\U0001f600"]
    for refused, paths in ((text, False), ('"\\ud800"', True)):
        with pytest.raises(ValueError, match="surrogates"):
            parse_json(refused, paths=paths)


def test_a_toml_document_is_read() -> None:
    assert parse_toml('a = 1.5\nb = ["ü"]\n[c]\nd = 0x10\n') == {"a": 1.5, "b": ["ü"], "c": {"d": 16}}
    assert parse_toml("a = 3.10", parse_float=str) == {"a": "3.10"}


@pytest.mark.parametrize(
    "text",
    [
        *("a", "a = ", "a = 1\na = 2", "a = 2021-13-01", "a = " + "[" * 100_000, "a = " + "{a = " * 3000, "a = '\0'"),
        *("a = " + "1" * 5000, "a = 1e999", "a = -inf", "a = nan", f"a = {1 << 63}", "a = [0xffffffffffffffffff]"),
        *(
            ".".join("a" * 5000) + " = 1",
            "[[" + ".".join("a" * 3000) + "]]",
            "a = " + "[" * 80 + "]" * 80,
            "#" * (17 << 20),
        ),
    ],
    ids=lambda text: f"{text[:12]!r}x{len(text)}",
)
def test_a_toml_document_beyond_the_limits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_toml(text)


def test_a_moment_is_given_in_utc() -> None:
    assert parse_moment("2026-01-31T10:00:00+02:00") == datetime(2026, 1, 31, 8, tzinfo=timezone.utc)
    assert parse_moment("2026-01-31T10:00:00.123456+00:00").tzinfo is timezone.utc


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2026-01-31T10:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
        *("1970-01-01T00:00:00+00:00", None, 5, "2026-01-31T10:00:00+99:00"),
    ],
)
def test_a_moment_far_away_or_without_a_time_zone_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_moment(text)
