"""What is installed, read from metadata."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import InstallError
from rezup_api.packages.installed import Distribution, conflicts, damaged, installed

if TYPE_CHECKING:
    from pathlib import Path


def recorded(content: bytes) -> str:
    """The digest of a file as RECORD writes it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def distribution(packages: Path, name: str, files: dict[str, bytes], version: str = "1.0") -> Distribution:
    """Install a distribution of `files` by hand."""
    metadata = packages / f"{name}-{version}.dist-info"
    metadata.mkdir(parents=True)
    lines = []
    for path, content in files.items():
        (packages / path).parent.mkdir(parents=True, exist_ok=True)
        (packages / path).write_bytes(content)
        lines.append(f'"{path}",{recorded(content)},{len(content)}')
    lines += [f"{metadata.name}/RECORD,,", "__pycache__/x.cpython-311.pyc,,"]
    (metadata / "RECORD").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Distribution(name, version, metadata)


def test_all_kinds_of_metadata(tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    for name in (
        "Rez_Foo-1.2.dist-info",
        "six-1.17.0.dist-info",
        "old-2.0-py2.7.egg-info",
        "a.b-1.0rc1+local.dist-info",
    ):
        (packages / name).mkdir()
    (packages / "bare.egg-info").write_text("Metadata-Version: 1.0\nName: bare\nVersion: 0.3\n", encoding="utf-8")
    source = tmp_path / "source" / "src"
    (source / "edited.egg-info").mkdir(parents=True)
    (source / "edited.egg-info" / "PKG-INFO").write_text("Name: edited\nVersion: 4.5\n", encoding="utf-8")
    (packages / "edited.egg-link").write_text(f"{source}\n../\n", encoding="utf-8")
    (packages / "rez").mkdir()
    (packages / "notes.txt").write_text("", encoding="utf-8")
    found = {name: item.version for name, item in installed(packages).items()}
    assert found == {
        "rez-foo": "1.2",
        "six": "1.17.0",
        "old": "2.0",
        "a-b": "1.0rc1+local",
        "edited": "4.5",
        "bare": "",
    }


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("[console_scripts]\nfoo = foo.cli:main\n", {"foo": "foo.cli:main"}),
        (
            "[console_scripts]\nFoo-Bar=foo:a.b [gui]\n\n[gui_scripts]\nno = foo:no\n[rez.plugins.command]\nx = y:z",
            {"Foo-Bar": "foo:a.b [gui]"},
        ),
        ("[console_scripts]\nfoo:bar = a:b\n", {"foo:bar": "a:b"}),
        ("[console_scripts]\npct = a%b:c\n", {"pct": "a%b:c"}),
        ("[gui_scripts]\nfoo = foo:main\n", {}),
        ("", {}),
    ],
)
def test_console_scripts(tmp_path: Path, text: str, scripts: dict[str, str]) -> None:
    (tmp_path / "entry_points.txt").write_text(text, encoding="utf-8")
    assert Distribution("foo", "1", tmp_path).console_scripts() == scripts


def test_a_distribution_without_scripts(tmp_path: Path) -> None:
    assert Distribution("foo", "1", tmp_path).console_scripts() == {}


@pytest.mark.parametrize("data", [b"console_scripts\n", b"[console_scripts]\na = b:c\na = d:e\n", b"[x]\n\xff = 1"])
def test_entry_points_that_cannot_be_read(tmp_path: Path, data: bytes) -> None:
    folder = tmp_path / "foo-1.dist-info"
    folder.mkdir()
    (folder / "entry_points.txt").write_bytes(data)
    with pytest.raises(InstallError, match=r"entry points of foo-1\.dist-info cannot be read") as caught:
        Distribution("foo", "1", folder).console_scripts()
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "origin", "pinned"),
    [
        ('{"url": "file:///dev/foo", "dir_info": {"editable": true}}', "file:///dev/foo", "foo @ file:///dev/foo"),
        (
            '{"url": "https://h/x", "vcs_info": {"vcs": "git", "commit_id": "1f", "requested_revision": "m"}}',
            "https://h/x",
            "foo @ git+https://h/x@1f",
        ),
        (
            '{"url": "https://h/x.zip", "archive_info": {}, "subdirectory": "a/b"}',
            "https://h/x.zip",
            "foo @ https://h/x.zip#subdirectory=a/b",
        ),
        ("[]", "", "foo==1"),
        ("{", "", "foo==1"),
        (None, "", "foo==1"),
    ],
)
def test_where_it_came_from(tmp_path: Path, text: str | None, origin: str, pinned: str) -> None:
    if text is not None:
        (tmp_path / "direct_url.json").write_text(text, encoding="utf-8")
    assert Distribution("foo", "1", tmp_path).origin() == origin
    assert Distribution("foo", "1", tmp_path).pinned() == pinned


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("License-Expression: MIT\nLicense: other\nClassifier: License :: OSI Approved :: BSD License\n", "MIT"),
        ("License: Apache-2.0\nClassifier: License :: OSI Approved :: Apache Software License\n", "Apache-2.0"),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: BSD License\n", "BSD License"),
        ("License: The MIT License\n        Permission is hereby granted\nClassifier: License :: A :: MIT\n", "MIT"),
        (f"License: {'long ' * 40}\nClassifier: License :: One\nClassifier: License :: Two\n", "One, Two"),
        ("Name: foo\n\nLicense: in the description\n", ""),
        ("", ""),
    ],
)
@pytest.mark.parametrize("file", ["METADATA", "PKG-INFO"])
def test_the_licence_is_what_the_author_states(tmp_path: Path, file: str, text: str, told: str) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert Distribution("foo", "1", tmp_path).license() == told


def test_the_licence_of_metadata_that_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "foo.egg-info").write_text("License: zlib\n", encoding="utf-8")
    assert Distribution("foo", "1", tmp_path / "foo.egg-info").license() == "zlib"
    assert Distribution("foo", "1", tmp_path / "none.egg-info").license() == ""


@pytest.mark.parametrize(("text", "size"), [("a,sha256=x,12\nb,,\nc,sha256=y,30\n", 42), ("a,b,x\n", 0), (None, 0)])
def test_the_size_is_what_the_record_lists(tmp_path: Path, text: str | None, size: int) -> None:
    if text is not None:
        (tmp_path / "RECORD").write_text(text, encoding="utf-8")
    assert Distribution("foo", "1", tmp_path).size() == size


def test_record_with_commas_and_quotes(tmp_path: Path) -> None:
    (tmp_path / "RECORD").write_text('"a, b.py",sha256=x,1\n"c""d.py",,\nalone\n\ne.py,sha256=y,2\n', encoding="utf-8")
    assert Distribution("foo", "1", tmp_path).record() == {"a, b.py": "sha256=x", 'c"d.py': "", "e.py": "sha256=y"}


@pytest.mark.parametrize("harm", ["write", "append", "empty", "remove"])
def test_a_file_that_was_written_to_is_found(tmp_path: Path, harm: str) -> None:
    good = distribution(tmp_path, "good", {"good/__init__.py": b"x = 1\n", "good/b, c.txt": b""})
    bad = distribution(tmp_path, "bad", {"bad/__init__.py": b"x = 1\n", "bad/data.bin": b"\0\1"})
    assert damaged(tmp_path, [good, bad]) == []
    path = tmp_path / "bad" / "__init__.py"
    if harm == "remove":
        path.unlink()
    else:
        path.write_bytes({"write": b"x = 2\n", "append": b"x = 1\n#", "empty": b""}[harm])
    assert damaged(tmp_path, [good, bad]) == ["bad"]


def test_without_a_record_nothing_can_be_told(tmp_path: Path) -> None:
    assert damaged(tmp_path, [Distribution("old", "1", tmp_path / "old-1.egg-info")]) == []


def test_two_owners_of_one_file(tmp_path: Path) -> None:
    rez = distribution(tmp_path, "rez", {"rez/__init__.py": b"1", "rez/cli.py": b"1", "rezgui/a.py": b"1"})
    other = distribution(tmp_path, "bleeding-rez", {"rez/__init__.py": b"2", "rez/cli.py": b"2", "rez/same.py": b""})
    third = distribution(tmp_path, "foo", {"foo.py": b"1"})
    assert conflicts([rez, other, third]) == ["rez and bleeding-rez both own rez/__init__.py and 1 more files"]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({"a/x.py": b"1"}, {"b/x.py": b"2"}, []),
        # A namespace package's file is in each of its parts, and is the same in all.
        ({"ns/__init__.py": b"same"}, {"ns/__init__.py": b"same"}, []),
        ({"ns/__init__.py": b"one"}, {"ns/__init__.py": b"two"}, ["one and two both own ns/__init__.py"]),
        ({"../../../bin/tool": b"one"}, {"../../../bin/tool": b"two"}, ["one and two both own ../../../bin/tool"]),
        ({"x/../a.py": b"one"}, {"a.py": b"two"}, ["one and two both own a.py"]),
    ],
)
def test_conflicts(tmp_path: Path, first: dict[str, bytes], second: dict[str, bytes], told: list[str]) -> None:
    packages = tmp_path / "lib" / "python" / "site-packages"
    found = [distribution(packages, "one", first), distribution(packages, "two", second)]
    assert conflicts(found) == told
