"""How a page is followed, and its output compared."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.e2e.pages import Block, Reader, Spot, blocks_of, fits, lines_of, normalised, succeeds

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(os.name == "nt", reason="pages show the shells of POSIX")
SCRIPT = """
## Say it

```sh
#!/bin/sh
# ~/bin/say
echo "$@ $WHO"
```
"""


@dataclass
class User:
    """Somebody whose `rezup` only repeats its words."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """What a process needs."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.home)}

    def command(self, *words: str) -> list[str]:
        """A program of every system."""
        return ["echo", *words]


@pytest.mark.parametrize(
    ("expected", "printed", "as_expected"),
    [
        ("a\nb", "a\nb", True),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("...\nd", "d", True),
        ("a\n...\nd", "a\nb", False),
        ("/x/...", "/x/y/z", True),
        ("/x/...", "/y/z", False),
        ("a", "a\nb", False),
        ("", "a", False),
        ("made 1795231690.592420 in (0.1 s)", "made 1895231690.592421 in (2.3 s)", True),
        ("made 1795231690.592420", "made nothing", False),
    ],
)
def test_what_counts_as_expected(expected: str, printed: str, as_expected: bool) -> None:
    assert fits(normalised(expected), normalised(printed)) is as_expected


def test_the_lines_of_a_block() -> None:
    found = list(lines_of("$ one\n(prod) $ two $x\nout\nput\n$ three\n"))
    assert found == [("", "one", ""), ("prod", "two $x", "out\nput\n"), ("", "three", "")]


def test_the_blocks_of_a_page() -> None:
    page = "# One\n```sh\n# a comment\nls\n```\n## Two\n1. Do:\n\n   ```console\n   $ ls\n   a\n   ```\n```toml\na = 1\n```\n"
    found = list(blocks_of(page))
    assert found == [
        Block("One", "sh", "# a comment\nls\n"),
        Block("Two", "console", "$ ls\na\n"),
        Block("Two", "toml", "a = 1\n"),
    ]
    assert [block.is_typed for block in found] == [False, True, False]
    assert [block.spot for block in found] == [Spot("One", "# a comment"), Spot("Two", "ls"), Spot("Two", "a = 1")]


@pytest.mark.parametrize(
    ("printed", "well"),
    [
        ("Added dev", True),
        ("rezup: warning: it is old", True),
        ("rezup: warning: it is old\nrezup: no such thing", False),
        ("Traceback (most recent call last):\n  ...", False),
    ],
)
def test_what_tells_that_a_command_has_failed(printed: str, well: bool) -> None:
    assert succeeds(printed) is well


@posix
def test_a_script_is_no_program_until_the_page_says_so(tmp_path: Path) -> None:
    typed = "```console\n$ WHO=me ~/bin/say it\nit me\n```\n"
    with pytest.raises(AssertionError, match=r"(?i)permission denied"):
        Reader(User(tmp_path)).follow(SCRIPT + typed)
    reader = Reader(User(tmp_path))
    reader.follow(f"{SCRIPT}```sh\nchmod +x ~/bin/say\n```\n{typed}")
    assert reader.commands == 2


@posix
def test_what_a_block_sets_holds_for_those_below(tmp_path: Path) -> None:
    page = "```sh\nmkdir sub\ncd sub\nexport WHO='a b'\n```\n```console\n$ echo $WHO; basename $PWD\na b\nsub\n```\n"
    reader = Reader(User(tmp_path))
    reader.follow(page)
    assert reader.commands == 2


@posix
@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("```console\n$ echo one\ntwo\n```\n", "expected:\ntwo"),
        ("```console\n$ false\n```\n", "false: 1"),
        ("```sh\nfalse\ntrue\n```\n", "false"),
        ("```console\n(dev) $ true\n```\n", "who types it is not there"),
        ("```python\nprint()\n```\n", "give the file a name"),
        ("```console\n$ true\n```\n", "no such lines"),
    ],
)
def test_a_page_that_is_wrong_is_found(page: str, said: str, tmp_path: Path) -> None:
    reader = Reader(User(tmp_path), not_run={Spot("", "gone"): "nobody types it"} if "no such" in said else {})
    with pytest.raises(AssertionError, match=said):
        reader.follow(page)


@posix
def test_a_prompt_says_in_which_container_a_line_is_typed(tmp_path: Path) -> None:
    page = "```console\n$ rezup use dev\nuse dev -- true\n(dev) $ true\nuse dev -- sh ...\n...\n(dev) $ exit\n```\n"
    page += "```text\n$ echo left\nleft\n```\n"
    reader = Reader(User(tmp_path))
    reader.follow(page)
    assert reader.commands == 4
