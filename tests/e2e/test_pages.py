"""The pages of the documentation, followed from top to bottom: every file is written, every line typed, all output compared."""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e import desks
from tests.e2e.desk import Desk
from tests.e2e.pages import NAMED, SHELLS, Reader, Spot, blocks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the pages show the shells and paths of Linux")
DOCS = Path(__file__).resolve().parents[2] / "docs"
TOLD = ["studio.md", "tutorial.md", *sorted(f"how-to/{path.name}" for path in DOCS.glob("how-to/*.md"))]
# What each page presupposes.
PAGES: dict[str, Callable[[Desk], Reader]] = {
    "how-to/air-gapped.md": desks.air_gapped,
    "how-to/expose-tools.md": desks.expose_tools,
    "how-to/keep-disks-tidy.md": desks.keep_disks_tidy,
    "how-to/move-from-2.md": desks.move_from_2,
    "how-to/odd-machine.md": desks.odd_machine,
    "how-to/private-index.md": desks.private_index,
    "how-to/prompts.md": desks.prompts,
    "how-to/python-versions.md": desks.python_versions,
    "how-to/roll-out.md": desks.roll_out,
    "how-to/scripts-and-ides.md": desks.scripts_and_ides,
    "how-to/shared-roots.md": desks.shared_roots,
    "how-to/staging-to-production.md": desks.staging_to_production,
    "how-to/troubleshoot.md": desks.troubleshoot,
    "how-to/wrong-rollout.md": desks.wrong_rollout,
    "tutorial.md": desks.tutorial,
}
# Pages that are followed where the server, the desktop or the releases are that they are about.
ELSEWHERE = {
    "how-to/hooks.md": "tests/e2e/test_hooks.py",
    "how-to/memcached.md": "tests/e2e/rez/test_memcached.py",
    "how-to/upgrade.md": "tests/e2e/upgrade/test_upgrade_page.py",
    "studio.md": "tests/e2e/rez/test_studio.py",
}
# Blocks that nobody types here, and why.
NOT_RUN: dict[tuple[str, Spot], str] = {
    ("how-to/move-from-2.md", Spot("Steps", "pip uninstall rezup rezup-api")): (
        "it would exchange the rezup that runs these tests; tests/contract/test_distributions.py installs both"
    ),
    ("how-to/python-versions.md", Spot("Pythons that a machine lacks", "rezup python install 3.12")): (
        "it downloads an interpreter from GitHub; tests/e2e/test_provided_pythons.py does the same with a server of its own"
    ),
}
# What the shell does not take for its own lines: the text between the words of `<<'EOF'`.
HEREDOC = re.compile(r"<<'(\w+)'\n.*?^\1$", re.MULTILINE | re.DOTALL)
MOST_NOT_RUN = 5


def test_every_page_is_followed() -> None:
    for page in TOLD:
        assert page in {*PAGES, *ELSEWHERE}, (
            f"nobody follows docs/{page}: write a function into tests/e2e/desks.py that gives a Reader the containers, folders "
            "and programs which the page presupposes, and name it in PAGES; or name the test that follows it in ELSEWHERE"
        )
    assert {*PAGES, *ELSEWHERE} <= set(TOLD), "a page that is gone"
    assert {page for page, _ in NOT_RUN} <= set(PAGES)
    for page, file in ELSEWHERE.items():
        assert Path(page).name in (DOCS.parent / file).read_text(encoding="utf-8")
    assert len(NOT_RUN) <= MOST_NOT_RUN, "rather let the page say something that can be typed"


@pytest.mark.parametrize("page", TOLD)
def test_who_writes_a_script_is_told_to_make_it_a_program(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    for block in blocks_of(text):
        named = NAMED.match(block.text)
        if named is not None and block.text.startswith("#!"):
            below = text.partition(block.text.splitlines()[-1])[2]
            assert f"chmod +x {named['path']}\n" in below


@pytest.mark.parametrize("page", TOLD)
def test_nobody_types_a_comment(page: str) -> None:
    """An interactive zsh takes `#` for a word, so what stands behind it would be an argument."""
    for block in blocks_of((DOCS / page).read_text(encoding="utf-8")):
        if block.kind in SHELLS and NAMED.match(block.text) is None:
            assert re.search(r"(^|\s)#", HEREDOC.sub("", block.text)) is None, block.text


@pytest.fixture
def desk(
    machine: Machine, tmp_path: Path, new_machine: Callable[[], Machine], need_program: Callable[[str], Path]
) -> Iterator[Desk]:
    """Where one page is followed."""
    with ExitStack() as until_then:
        yield Desk(machine, tmp_path, new_machine, need_program, until_then)


def follow(page: str, desk: Desk, shell: str = "sh") -> Reader:
    """Let somebody with that shell do all that the page says."""
    reader = PAGES[page](desk)
    reader.shell = shell
    reader.not_run = {spot: why for (name, spot), why in NOT_RUN.items() if name == page}
    reader.follow((DOCS / page).read_text(encoding="utf-8"))
    return reader


@pytest.mark.parametrize("page", PAGES)
def test_a_page(page: str, desk: Desk) -> None:
    assert follow(page, desk).commands > 0


@pytest.mark.parametrize("page", ["how-to/prompts.md", "how-to/scripts-and-ides.md"])
def test_a_page_about_shells_in_zsh(page: str, desk: Desk, need_program: Callable[[str], Path]) -> None:
    assert follow(page, desk, str(need_program("zsh"))).commands > 0
