"""The page "rezup's own versions" (upgrade.md), followed by somebody whose studio offers newer releases."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.e2e.desk import MAYA
from tests.e2e.pages import Reader, Spot
from tests.e2e.releases import Installation, look_again, offer
from tests.e2e.repositories import package

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX")
PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "upgrade.md"


def test_the_page(user: Installation, source: Path, wheels: dict[str, Path], tmp_path: Path, warm_caches: Path) -> None:
    candidate = shutil.copytree(wheels["3.2.0"], tmp_path / "candidate")
    package(user.home / "packages", "maya", "2019", MAYA, {"bin/maya": "#!/bin/sh\n"})
    (user.home / ".rezup").mkdir()
    (user.home / ".rezup" / ".cache").symlink_to(warm_caches, target_is_directory=True)
    (user.home / "rezup.prod.toml").write_text('[rez]\nurl = "rez==3.4.0"\n', encoding="utf-8")
    user.run("add", "prod", "--skip-use")

    def release(_: Reader) -> None:
        offer(source, wheels["3.1.0"])
        look_again(user)

    reader = Reader(
        user,
        changed={
            "/studio/wheels/rezup-candidate": str(candidate),
            "/studio/wheels/rezup": str(source),
            "/opt/rezup": str(user.path),
        },
        varying=((r"[\w]+-\w+-cpython-\d+", "PLATFORM"), (r"VERSION-\w+", "RELEASE")),
        before={Spot("What happens then", "rezup use prod -- rez --version"): release},
    )
    reader.follow(PAGE.read_text(encoding="utf-8"))
    assert reader.commands == 3
    assert user.version() == "3.2.0"
