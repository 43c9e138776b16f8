"""Every parser of documents that others can write, with documents damaged by chance: only its own error comes out.

A run of all tests tries 20,000 documents for each parser, any other run a few hundred, always the same.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.unit.parsers import PARSERS, Parser

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = bool(os.environ.get("REZUP_TESTS_WHOLE"))
TIMES = 20_000 if WHOLE else 200

# What has been trouble somewhere: each is put into documents, as bytes and as the text of a value.
NASTY = [
    *(
        b"",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x1b[2J",
        b"\xed\xa0\x80",
        b"\xe2\x80\xae",
        b"\\ud800",
        b"\n",
        b'"',
        b"'''",
    ),
    *(
        b"[" * 3000,
        b"{" * 300,
        b'{"a":' * 2000,
        b"]" * 50,
        b"(" * 2000,
        b"1" * 5000,
        b"-",
        b"1e999",
        b"NaN",
        b"Infinity",
    ),
    *(b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"99999999999.999999999", b"../../x", b"/etc/passwd"),
    *(b"~999999999999", b"a.b." * 500, b"[[a]]", b"9" * 20, b"null", b"true", b"{}", b"[]"),
]
VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1 << 62,
        1 << 64,
        10**400,
        1.5,
        float("inf"),
        float("nan"),
        1e300,
        "",
        "x",
        "\ud800",
        "\0",
    ),
    *(
        [],
        {},
        [[]],
        [None],
        {"": {}},
        {"a": {"b": {"c": [1]}}},
        "../x",
        "1e999",
        "0001-01-01T00:00:00+14:00",
        "1700000001.000000",
        "a" * 3000,
    ),
]


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """A good document with a few places changed: cut off, cut out, overwritten, doubled, or with something nasty in them."""
    data = good
    for _ in range(draw(st.integers(1, 3))):
        place, length = draw(st.integers(0, len(data))), draw(st.integers(0, 12))
        piece = draw(st.sampled_from(NASTY) | st.binary(max_size=4))
        way = draw(st.sampled_from(["put", "replace", "cut", "double"]))
        if way == "cut":
            data = data[:place]
        elif way == "double":
            data = data[:place] + data[max(0, place - 40) :]
        else:
            data = data[:place] + piece + data[place + (length if way == "replace" else 0) :]
    return data


@st.composite
def misplaced(draw: st.DrawFn, good: bytes) -> bytes:
    """A good JSON document in which one value is of another kind, or missing."""
    document = json.loads(good)
    inside: Any = document
    while inside:
        key = draw(st.sampled_from(sorted(inside) if isinstance(inside, dict) else list(range(len(inside)))))
        if draw(st.booleans()) or not isinstance(inside[key], dict | list) or not inside[key]:
            if draw(st.integers(0, 9)):
                inside[key] = draw(st.sampled_from(VALUES))
            else:
                del inside[key]
            break
        inside = inside[key]
    return json.dumps(document).encode("utf-8")


def documents(good: bytes) -> st.SearchStrategy[bytes]:
    found = (
        damaged(good) | st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
    )
    return found | misplaced(good) if good.startswith(b"{") else found


def refuses(parser: Parser, data: bytes, folder: Path) -> bool:
    """Whether a parser refuses a document, by its own error; any other one fails the test."""
    try:
        parser.parse(data, folder)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("name", PARSERS)
def test_a_good_document_is_read(name: str, tmp_path: Path) -> None:
    assert not refuses(PARSERS[name], PARSERS[name].good, tmp_path)


@pytest.mark.parametrize("name", PARSERS)
def test_only_the_error_of_the_parser_comes_out(name: str, tmp_path: Path) -> None:
    parser = PARSERS[name]
    tried = []

    @settings(
        max_examples=TIMES, deadline=None, database=None, derandomize=not WHOLE, suppress_health_check=list(HealthCheck)
    )
    @given(documents(parser.good))
    def attempt(data: bytes) -> None:
        tried.append(refuses(parser, data, tmp_path))

    attempt()
    assert len(tried) >= TIMES // 2
