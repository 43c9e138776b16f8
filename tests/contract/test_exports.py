"""What `import rezup` and `import rezup_api` offer, and what they cost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import rezup
import rezup_api

if TYPE_CHECKING:
    from pathlib import Path

LOADED = """
import json, sys
sys.path[:0] = {paths!r}
before = set(sys.modules)
{statement}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def loaded(checkout: Path, statement: str) -> set[str]:
    """The modules that a statement loads in a Python with nothing but the sources on its path."""
    paths = [str(checkout / "rezup/src"), str(checkout / "rezup_api/src")]
    code = LOADED.format(paths=paths, statement=statement)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_every_public_name_resolves() -> None:
    assert rezup_api.__all__
    assert [name for name in rezup_api.__all__ if not hasattr(rezup_api, name)] == []
    assert len(set(rezup_api.__all__)) == len(rezup_api.__all__)


def test_rezup_offers_the_public_names_of_the_library() -> None:
    for name in rezup_api.__all__:
        assert getattr(rezup, name) == getattr(rezup_api, name)
    assert set(rezup_api.__all__) <= set(dir(rezup))
    offered: dict[str, object] = {}
    exec("from rezup import *", offered)
    assert set(rezup_api.__all__) <= set(offered)


def test_rezup_offers_nothing_else() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        rezup.nonsense  # noqa: B018
    with pytest.raises(ImportError):
        exec("from rezup import TYPES_OF_NOTHING")


def test_importing_rezup_loads_nothing_else(checkout: Path) -> None:
    assert loaded(checkout, "import rezup") == {"rezup"}
    assert loaded(checkout, "import rezup; rezup.__version__") == {"rezup", "rezup._version"}


def test_importing_the_library_loads_nothing_heavy(checkout: Path) -> None:
    names = {name.split(".")[0] for name in loaded(checkout, "import rezup_api")}
    assert names.isdisjoint(
        {"argparse", "asyncio", "dotenv", "filelock", "packaging", "rich", "tomli_w", "uv", "virtualenv"}
    )
