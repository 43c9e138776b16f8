"""The table of the machine's keys, and the page that describes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup_api.configuration.machine_file import read_machine
from rezup_api.configuration.machine_keys import MACHINE

if TYPE_CHECKING:
    from pathlib import Path


def test_the_page_describes_every_key_and_no_other(checkout: Path) -> None:
    page = (checkout / "docs/reference/machine-configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w\[\].]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)
    told = [(name, kind.strip(), default.strip(), meaning.strip()) for name, kind, default, meaning in rows]
    assert told == [
        (key.name, key.kind.value, "required" if key.required else key.default, key.meaning) for key in MACHINE.keys
    ]


def test_the_example_on_the_page_has_no_problems(checkout: Path, tmp_path: Path) -> None:
    page = (checkout / "docs/reference/machine-configuration.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    path = tmp_path / "config.toml"
    path.write_text(example, encoding="utf-8")
    machine = read_machine({}, (path,))
    assert machine.problems == ()
    assert len(machine.hooks) == example.count("[[hook]]")
