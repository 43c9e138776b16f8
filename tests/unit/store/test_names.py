"""Names: what is a container, a label, a revision, and what `NAME@REV` asks for."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from rezup_api.errors import UsageError
from rezup_api.store import names

NOW = 1_619_780_350_588_625_999  # nanoseconds


@pytest.mark.parametrize("name", ["dev", ".main", "dev-2", "a_b", "maya.2024", "A", "1", "x" * 60])
def test_container_names(name: str) -> None:
    assert names.check_container(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden",
        "../x",
        "a/b",
        "a\\b",
        "a b",
        "a@b",
        "dev\n",
        "a\0b",
        "ä",
        "/abs",
        "~",
        ".main/",
        "-x\n",
    ],
)
def test_no_container_names(name: str) -> None:
    with pytest.raises(UsageError, match="is not a container name"):
        names.check_container(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("1619780350.588625", True),
        ("1795227415.0140116", True),  # rezup 2.x wrote as many digits as a float has
        ("1619780350.5", True),
        ("1619780350.588625999", True),
        ("0.1", True),
        ("99999999999.999999", True),
        ("1619780350", False),
        ("1619780350.", False),
        (".588625", False),
        ("1619780350.5886259991", False),
        ("999999999999.0", False),
        ("-1.5", False),
        ("1e9.5", False),
        ("1619780350.588625 ", False),
        ("1619780350.588625\n", False),
        ("1619780350.588625.tmp", False),
        ("161978035\N{ARABIC-INDIC DIGIT ZERO}.5", False),
        (".staging", False),
        ("", False),
    ],
)
def test_timestamps(name: str, expected: bool) -> None:
    assert names.is_timestamp(name) is expected


@pytest.mark.parametrize("name", ["0.0", "1619780350.588625", "1619780350.588625999", "99999999999.999999"])
def test_every_timestamp_is_a_moment(name: str) -> None:
    seconds, _, fraction = name.partition(".")
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    expected = epoch + timedelta(seconds=int(seconds), microseconds=int(fraction.ljust(6, "0")[:6]))
    assert names.moment(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("staging", True), ("v1-2_x", True), ("L", True), ("latest", False), ("1st", False), ("", False), ("a.b", False)],
)
def test_labels(name: str, expected: bool) -> None:
    assert names.is_label(name) is expected


def test_timestamps_are_ordered_as_numbers_and_exactly() -> None:
    ordered = [
        "9.5",
        "10.000001",
        "10.00001",
        "10.1",
        "1619780350.588625",
        "1619780350.588625001",  # as floats, these two are equal
        "1619780350.5886251",
        "1619780350.588626",
    ]
    shuffled = [*ordered[5:], *ordered[:5]]
    assert sorted(shuffled, key=names.timestamp_order) == ordered


@pytest.mark.parametrize(
    ("nanoseconds", "expected"),
    [(0, "0.000000"), (999, "0.000000"), (1000, "0.000001"), (NOW, "1619780350.588625"), (10**18, "1000000000.000000")],
)
def test_a_moment_is_a_name_of_six_decimals(nanoseconds: int, expected: str) -> None:
    assert names.format_timestamp(nanoseconds) == expected


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        (None, "1619780350.588625"),
        ("1519780350.588625", "1619780350.588625"),
        ("1619780350.588624", "1619780350.588625"),
        ("1619780350.588625", "1619780350.588626"),
        ("1619780350.588625999", "1619780350.588626"),
        ("1619780350.6", "1619780350.600001"),
        ("1619780350.999999", "1619780351.000000"),
        ("9999999999.999999", "10000000000.000000"),
    ],
)
def test_the_following_timestamp_is_now_or_just_after_the_newest(newest: str | None, expected: str) -> None:
    following = names.following_timestamp(NOW, newest)
    assert following == expected
    assert names.is_timestamp(following)
    assert newest is None or names.timestamp_order(following) > names.timestamp_order(newest)


@pytest.mark.parametrize(
    ("text", "container", "revision"),
    [
        ("dev", "dev", ""),
        (".main", ".main", ""),
        ("dev@latest", "dev", "latest"),
        ("dev@~0", "dev", "~0"),
        ("dev@~12", "dev", "~12"),
        ("dev@1619780350.588625", "dev", "1619780350.588625"),
        ("dev@16197", "dev", "16197"),
        ("dev@1619780350.", "dev", "1619780350."),
        ("dev@staging", "dev", "staging"),
    ],
)
def test_targets(text: str, container: str, revision: str) -> None:
    target = names.parse_target(text)
    assert (target.container, target.revision) == (container, revision)
    assert str(target) == text


@pytest.mark.parametrize(
    "text", ["dev@", "dev@~", "dev@~x", "dev@../1", "dev@1.2.3", "dev@.5", "dev@a@b", "dev@-1", "dev@~1\n"]
)
def test_no_revision(text: str) -> None:
    with pytest.raises(UsageError, match="does not name a revision"):
        names.parse_target(text)


@pytest.mark.parametrize("text", ["", "@latest", "../x@latest", ".hidden"])
def test_no_target(text: str) -> None:
    with pytest.raises(UsageError, match="is not a container name"):
        names.parse_target(text)
