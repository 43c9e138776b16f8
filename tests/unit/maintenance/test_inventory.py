"""What a revision holds and where each package comes from, by its locks and by what is installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.unit.fake_engine import library_wheel

from rezup_api.errors import NotFoundError
from rezup_api.maintenance.inventory import (
    Package,
    Source,
    _direct_source,
    _packages,
    built_inventory,
    plain_address,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.fake_engine import FakeEngine
    from tests.unit.office import Office

MADE = (
    'version = "1"\n[[packages.wheels]]\nname = "six-1-py3-none-any.whl"\npath = "wheels/six-1-py3-none-any.whl"\n'
    '[packages.wheels.hashes]\nsha256 = "aa"\n[packages.tool.rezup]\nlocal = "six"\n'
)
HEAD = 'lock-version = "1.0"\ncreated-by = "x"\n'
WHEEL = '[[packages.wheels]]\nname = "six-1-py3-none-any.whl"\nurl = "https://ana:s3cret@files.host/six-1-py3-none-any.whl"\n'
DIGEST = '[packages.wheels.hashes]\nsha256 = "aa"\n'


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            f'version = "1"\n{WHEEL}{DIGEST}',
            Package("six", "1", source=Source("index", "https://files.host"), hashes=("sha256:aa",)),
        ),
        (
            f'version = "1"\nindex = "https://ana:s3cret@index.host/simple"\nmarker = "os_name == \'nt\'"\n{WHEEL}{DIGEST}',
            Package(
                "six",
                "1",
                source=Source("index", "https://index.host/simple"),
                hashes=("sha256:aa",),
                marker="os_name == 'nt'",
            ),
        ),
        (
            '[packages.vcs]\ntype = "git"\nurl = "https://ana:s3cret@host/six"\ncommit-id = "1f"\nsubdirectory = "a"\n',
            Package("six", "", source=Source("git", "https://host/six", commit="1f", subdirectory="a")),
        ),
        (
            '[packages.directory]\npath = "/src/six"\neditable = true\n',
            Package("six", "", source=Source("path", "/src/six", editable=True)),
        ),
        (
            '[packages.archive]\nurl = "https://host/six.zip?token=s3cret"\n[packages.archive.hashes]\nsha256 = "bb"\n',
            Package("six", "", source=Source("url", "https://host/six.zip?token=****"), hashes=("sha256:bb",)),
        ),
        (
            MADE,
            Package("six", "1", source=Source("path", "/here/wheels/six-1-py3-none-any.whl"), hashes=("sha256:aa",)),
        ),
    ],
    ids=["server", "index", "git", "editable", "address", "local path"],
)
def test_where_a_lock_has_a_package_from(lines: str, expected: Package) -> None:
    found = list(_packages(f'{HEAD}[[packages]]\nname = "six"\n{lines}', "/here"))
    assert found == [(False, expected)]
    assert "s3cret" not in str(found)


@pytest.mark.parametrize("text", ["", "[", "x = 1"])
def test_a_lock_that_cannot_be_read_says_nothing(text: str) -> None:
    assert list(_packages(text, "/here")) == []


@pytest.mark.parametrize(
    ("document", "source"),
    [
        ({"url": "https://ana:s3cret@host/x.zip"}, Source("url", "https://host/x.zip")),
        ({"url": "file:///src/a%20b", "dir_info": {"editable": True}}, Source("path", "/src/a b", editable=True)),
        ({"url": "file:///src/x", "dir_info": {}}, Source("path", "/src/x")),
        (
            {"url": "ssh://git@host/x", "vcs_info": {"vcs": "git", "commit_id": "1f"}, "subdirectory": "a"},
            Source("git", "ssh://git@host/x", commit="1f", subdirectory="a"),
        ),
    ],
)
def test_where_the_package_itself_says_that_it_comes_from(document: dict[str, object], source: Source) -> None:
    assert _direct_source(document, editable=False) == source


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("https://ana:s3cret@host/x", "https://host/x"),
        ("https://t0ken@host/x", "https://host/x"),
        ("ssh://git@host/x", "ssh://git@host/x"),
        ("https://host/x?token=s3cret", "https://host/x?token=****"),
        ("", ""),
    ],
)
def test_an_address_has_no_credentials(address: str, plain: str) -> None:
    assert plain_address(address) == plain


@pytest.mark.parametrize(
    ("package", "line"),
    [
        (Package("six", "1", hashes=("sha256:aa", "sha256:bb")), "six==1 --hash=sha256:aa --hash=sha256:bb"),
        (Package("six", "1", marker="os_name == 'nt'"), "six==1 ; os_name == 'nt'"),
        (Package("six", "1", source=Source("path", "/src/a b")), "six @ file:///src/a%20b"),
        (Package("six", "1", source=Source("path", "/src", editable=True)), "-e /src"),
        (
            Package("six", "1", source=Source("git", "https://h/x", commit="1f", subdirectory="a")),
            "six @ git+https://h/x@1f#subdirectory=a",
        ),
        (
            Package("six", "1", source=Source("url", "https://h/x.zip"), hashes=("sha256:a",)),
            "six @ https://h/x.zip --hash=sha256:a",
        ),
    ],
)
def test_the_line_for_pip(package: Package, line: str) -> None:
    assert package.requirement == line


def test_what_is_built_has_licences_and_what_is_published_has_not(
    here: Office, engine: FakeEngine, tmp_path: Path
) -> None:
    library_wheel(engine.index, "six", "1.0")
    here.share().recipe('[rez]\nurl = "rez"\nlib = ["six"]\n')
    revision = here.container().add(publish=True)
    (metadata,) = revision.path.glob("venv/rez/lib/*/site-packages/six-1.0.dist-info")
    with open(metadata / "METADATA", "a", encoding="utf-8") as stream:
        stream.write("License-Expression: MIT\n")
    built = here.container().packages()
    assert (str(built), built.built, list(built.environments)) == (str(revision), True, ["rez"])
    six = next(one for one in built.environments["rez"] if one.name == "six")
    assert (six.version, six.license, six.size > 0, len(six.hashes)) == ("1.0", "MIT", True, 1)
    other = here.beside(tmp_path / "other").container().packages()
    assert (str(other), other.built, other.python) == (str(revision), False, {})
    told = next(one for one in other.environments["rez"] if one.name == "six")
    assert (told.version, told.license, told.size, told.hashes) == ("1.0", "", 0, six.hashes)


def test_an_editable_package_is_marked(here: Office) -> None:
    revision = here.container().add()
    (packages,) = revision.path.glob("venv/rez/lib/*/site-packages")
    metadata = packages / "edited-2.dist-info"
    metadata.mkdir()
    document = {"url": "file:///src/edited", "dir_info": {"editable": True}}
    (metadata / "direct_url.json").write_text(json.dumps(document), encoding="utf-8")
    found = {one.name: one for one in built_inventory(revision).environments["rez"]}
    assert str(found["edited"].source) == "/src/edited (editable)"


def test_of_nothing_there_are_no_packages(here: Office) -> None:
    with pytest.raises(NotFoundError, match="there is no container dev"):
        here.container().packages()
