"""Two revisions side by side, for people and for programs."""

from __future__ import annotations

from rezup.output.difference import difference_data, difference_lines
from rezup_api.maintenance.diff import Contents, compare_contents

OLD = Contents({"rez": {"rez": "3.3.0", "six": "1.0"}}, {"rez": "3.10.1"}, {"A": "1"}, {"rez.url": "rez"})
NEW = Contents({"rez": {"rez": "3.4.0", "toml": "2.0"}}, {"rez": "3.10.1"}, {"B": "1"}, {"rez.url": "rez"})


def test_lines_for_people() -> None:
    assert list(difference_lines(compare_contents(OLD, NEW))) == [
        "packages of rez:",
        "  ~ rez 3.3.0 -> 3.4.0",
        "  - six 1.0",
        "  + toml 2.0",
        "environment:",
        "  - A 1",
        "  + B 1",
    ]
    assert list(difference_lines(compare_contents(OLD, OLD))) == ["Nothing differs"]


def test_keys_for_programs() -> None:
    data = difference_data(compare_contents(OLD, NEW))
    assert data["packages"]["rez"][0] == {"name": "rez", "old": "3.3.0", "new": "3.4.0"}
    assert data["environment"][1] == {"name": "B", "old": None, "new": "1"}
    assert (data["python"], data["recipe"]) == ([], [])
