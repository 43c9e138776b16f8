"""An editable Rez: links to the packages of a checkout in place of a path."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.environments.rez_links import link_sources
from rezup_api.errors import InstallError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a privilege")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A `site-packages` folder with the path that an installer has left, and that of another project."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    for name in ("rez-3.4.0", "rez_other-1.0"):
        (folder / f"__editable__.{name}.pth").write_text("/dev/x\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("inside", ["src", "."])
def test_the_packages_of_a_checkout_are_linked(packages: Path, tmp_path: Path, inside: str) -> None:
    source = tmp_path / "checkout" / inside
    for name in ("rez", "rezplugins", "tests"):
        (source / name).mkdir(parents=True)
        (source / name / "__init__.py").touch()
    link_sources(packages, tmp_path / "checkout")
    assert sorted(os.listdir(packages)) == ["__editable__.rez_other-1.0.pth", "rez", "rezplugins"]
    assert (packages / "rez").is_symlink()
    (source / "rez" / "new.py").touch()
    assert (packages / "rez" / "new.py").exists(), "a change of the sources is seen at once"


def test_what_is_no_checkout_is_said(packages: Path, tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="is not a checkout of Rez"):
        link_sources(packages, tmp_path)
    assert len(os.listdir(packages)) == 2


def test_links_that_are_refused_are_said(packages: Path, tmp_path: Path) -> None:
    (tmp_path / "rez").mkdir()
    (tmp_path / "rez" / "__init__.py").touch()
    (packages / "rez").mkdir()  # something is there already
    with pytest.raises(InstallError, match=r"cannot link .*: File exists") as caught:
        link_sources(packages, tmp_path)
    assert "without edit" in caught.value.hint
