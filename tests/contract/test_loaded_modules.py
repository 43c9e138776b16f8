"""Which modules commands load that only look: each module more is felt by whoever types them, and by scripts that ask often."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

# Run in a child: the command, then the modules that were loaded for it, on stderr.
COMMAND = """
import sys
before = set(sys.modules)
import rezup.__main__
status = rezup.__main__.main(sys.argv[1:])
print(*sorted(set(sys.modules) - before), file=sys.stderr)
sys.exit(status)
"""
OURS = {
    "rezup",
    "rezup.__main__",
    "rezup._version",
    "rezup.fastpath",
    "rezup.fastpath.current_release",
    "rezup.fastpath.version",
}
# What resolves, builds, installs, launches, deletes, draws, or starts processes.
HEAVY = {
    *("rich", "packaging", "tomli_w", "virtualenv", "dotenv", "filelock", "shellingham", "argcomplete"),
    *(
        "subprocess",
        "tempfile",
        "shutil",
        "pickle",
        "hashlib",
        "shlex",
        "dataclasses",
        "inspect",
        "asyncio",
        "importlib.metadata",
        "urllib.request",
    ),
    *("rezup.fastpath.prepare", "rezup.newer_release", "rezup.completion"),
    *("rezup_api.rez", "rezup_api.promotion", "rezup_api.bundles.archive", "rezup_api.builder.revision_builder"),
    *("rezup_api.resolve", "rezup_api.environments", "rezup_api.cache", "rezup_api.packages", "rezup_api.pythons"),
    *("rezup_api.process.runner", "rezup_api.session.entry", "rezup_api.session.launch", "rezup_api.selection.chooser"),
    *("rezup_api.maintenance.gc", "rezup_api.maintenance.diff", "rezup_api.recipe.credentials", "rezup_api.selfupdate"),
}


def loaded(home: Path, *words: str) -> set[str]:
    """The modules that a command loads beyond those of bare Python."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("REZUP_")}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        env={**environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.fixture
def container(home: Path) -> Path:
    """The home folder of a user who has a recipe and a revision."""
    revision = home / ".rezup" / "dev" / "revisions" / "1700000000.000000"
    revision.mkdir(parents=True)
    (revision / "rezup.toml").touch()
    (revision / "revision.json").write_text('{"format": 1, "rezup_version": "3.0.0"}', encoding="utf-8")
    (home / "rezup.dev.toml").write_text('[rez]\nurl = "rez>=2.83"\n[env]\nSHOW = "spiderman"\n', encoding="utf-8")
    return home


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_loads_next_to_nothing(home: Path, word: str) -> None:
    # Part of Python itself in many builds: what the file of a taken release is read with.
    assert loaded(home, word) - {"_imp", "marshal", "time"} <= OURS


@pytest.mark.parametrize(
    "words", [["status"], ["status", "dev"], ["status", "dev", "--json"], ["history", "dev"]], ids=" ".join
)
def test_looking_loads_nothing_that_does_more(container: Path, words: list[str]) -> None:
    found = loaded(container, *words)
    assert "rezup_api.recipe.load" in found, "it has looked"
    assert {name for name in found if any(f"{name}.".startswith(f"{heavy}.") for heavy in HEAVY)} - ROOMS == set()


# Importing a room loads nothing; see test_public_names.
ROOMS = {
    f"rezup_api.{name}" for name in ("bundles", "cache", "packages", "pythons", "resolve", "environments", "selfupdate")
}
