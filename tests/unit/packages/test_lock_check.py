"""What a lock may hold, so that no line for an installer and no path that is made of it means something else."""

from __future__ import annotations

import pytest

from rezup_api.packages.pylock import parse_lock

HASH = "ab" * 32
COMMIT = "0" * 40


def lock(package: str, name: str = "rez") -> str:
    return f"""
lock-version = "1.0"
created-by = "uv"
[[packages]]
name = "{name}"
{package}
"""


def wheels(name: str = "", url: str = "https://pypi.studio/rez-3.4.0-py3-none-any.whl", digest: str = HASH) -> str:
    stated = f'name = "{name}", ' if name else ""
    return f'version = "3.4.0"\nwheels = [{{ {stated}url = "{url}", hashes = {{ sha256 = "{digest}" }} }}]'


def vcs(commit: str = COMMIT, url: str = "https://git.studio/rez", kind: str = "git", folder: str = "a") -> str:
    return f'vcs = {{ type = "{kind}", url = "{url}", commit-id = "{commit}", subdirectory = "{folder}" }}'


@pytest.mark.parametrize(
    "package",
    [
        *(wheels(), wheels("rez-3.4.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")),
        *(vcs(), vcs("deadbeef"), vcs("12", kind="svn"), wheels(url="https://a/rez%2D3.4.0-py3-none-any.whl")),
    ],
)
def test_what_belongs_in_a_lock_is_read(package: str) -> None:
    assert [one["name"] for one in parse_lock(lock(package)).packages] == ["rez"]


@pytest.mark.parametrize(
    "package",
    [
        *(
            vcs("0\\n--index-url https://evil"),
            vcs("\\u001b[31m"),
            vcs("a b"),
            vcs("-x"),
            vcs(""),
            vcs("a#b"),
            vcs("a@b"),
        ),
        *(
            vcs(url="https://a/b --extra-index-url https://evil"),
            vcs(url="https://a/\\n-r /etc/passwd"),
            vcs(kind="g t"),
        ),
        *(vcs(folder="a b"), vcs(folder="a\\u0085b")),
        *(wheels("../rez-3.4.0-py3-none-any.whl"), wheels("a/rez-3.4.0-py3-none-any.whl"), wheels("a\\\\b.whl")),
        *(wheels("/etc/passwd"), wheels(".."), wheels("-rez.whl"), wheels("a\\u0000.whl"), wheels("a\\u202e\\n.whl")),
        *(wheels(url="https://a/b%2Frez-3.4.0-py3-none-any.whl"), wheels(url="https://a/..%2f..%2fx.whl")),
        *(wheels(url="https://a/"), wheels(url="https://a/a b.whl"), wheels(url="http://[")),
        *(wheels(digest="zz"), wheels(digest="ab --index-url=https://evil"), wheels(digest="")),
        f'version = "3.4.0"\nsdist = {{ name = "a/b.tar.gz", url = "https://a/b", hashes = {{ sha256 = "{HASH}" }} }}',
        f'archive = {{ url = "https://a/b.zip", hashes = {{ "sha256 --x" = "{HASH}" }} }}',
        'version = "3.4.0"\nmarker = "' + "(" * 5000 + '"',
        'version = "' + "9" * 5000 + '"',
        'version = "3.4.0"\n[packages.tool.rezup]\nlocal = "a\\u009bb"',
    ],
)
def test_what_means_something_else_elsewhere_is_refused(package: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_lock(lock(package))


@pytest.mark.parametrize("name", ["re z", "../rez", "-rez", "rez\\n", "Rez"])
def test_a_name_that_is_not_normalised_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_lock(lock(wheels(), name))
