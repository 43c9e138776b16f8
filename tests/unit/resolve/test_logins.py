"""How logins reach uv, pip and git without a command line, held against git and Python's netrc themselves."""

from __future__ import annotations

import netrc
import os
import stat
import subprocess
from pathlib import Path

import pytest

from rezup_api.resolve.logins import GitLogins, has_login, hidden_from_pip, hidden_from_uv, write_private
from rezup_api.resolve.pip_configuration import Option

pytestmark = pytest.mark.skipif(os.name == "nt", reason="it looks at modes of POSIX and runs sh")


def options(**values: str) -> list[Option]:
    """Options of pip, with an underscore for each dash in a name."""
    return [
        Option(name.replace("_", "-"), value, "the recipe") for name, given in values.items() for value in given.split()
    ]


def asked(git: GitLogins, address: str, environ: dict[str, str]) -> dict[str, str]:
    """What git itself finds for an address."""
    told = subprocess.run(
        ["git", "credential", "fill"],
        input=f"url={address}\n\n",
        env={
            "PATH": os.environ["PATH"],
            "GIT_TERMINAL_PROMPT": "0",
            "HOME": "/nowhere",
            **environ,
            **git.environ(environ),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return dict(line.partition("=")[::2] for line in told.stdout.splitlines())


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ("https://ana:secret@h/simple", True),
        ("https://token@h/simple", True),
        ("ana:secret@proxy:3128", True),
        ("https://h/simple", False),
        ("/dev/.staging/12ab@host/wheels", False),
        ("file:///dev/12ab@host", False),
        ("proxy:3128", False),
        ("true", False),
    ],
)
def test_what_may_hold_a_login(value: str, holds: bool) -> None:
    assert has_login(value) == holds


def test_a_private_file_is_closed_to_others_also_where_it_was_open(tmp_path: Path) -> None:
    path = tmp_path / "wanted.txt"
    path.write_text("older and longer", encoding="utf-8")
    path.chmod(0o666)
    write_private(path, "six\n")
    assert (path.read_text(encoding="utf-8"), stat.S_IMODE(path.stat().st_mode)) == ("six\n", 0o600)


def test_git_finds_the_login_that_no_line_has() -> None:
    git = GitLogins()
    lines = ["six", "tool @ git+https://ana:se%3Acret%25@h:81/tool.git@main#subdirectory=python", "git+https://h/open"]
    assert git.without(lines) == [
        "six",
        "tool @ git+https://h:81/tool.git@main#subdirectory=python",
        "git+https://h/open",
    ]
    found = asked(git, "https://h:81/tool.git", {})
    assert (found["username"], found["password"]) == ("ana", "se:cret%")
    assert asked(git, "https://h:81/submodule.git", {})["username"] == "ana"
    assert "password" not in asked(git, "https://h/tool.git", {}), "another server"
    assert not [value for name, value in git.environ({}).items() if name.startswith("GIT_") and "cret" in value]


def test_two_repositories_of_a_server_may_have_two_logins() -> None:
    git = GitLogins()
    git.without(["git+https://ana:one@h/a", "git+https://ben:two@h/b", "git+https://token@other/c"])
    assert asked(git, "https://h/a", {})["password"] == "one"
    assert asked(git, "https://h/b", {})["password"] == "two"
    found = asked(git, "https://other/c", {})
    assert (found["username"], found["password"]) == ("token", "")


def test_what_git_was_told_already_stays() -> None:
    git = GitLogins()
    assert git.environ({"GIT_CONFIG_COUNT": "1"}) == {}
    git.without(["git+https://ana:one@h/a"])
    before = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.proxy", "GIT_CONFIG_VALUE_0": "http://p"}
    found = git.environ(before)
    assert found["GIT_CONFIG_COUNT"] == "5"
    assert "GIT_CONFIG_KEY_0" not in found
    assert asked(git, "https://h/a", before)["password"] == "one"


def test_ssh_keeps_its_user() -> None:
    git = GitLogins()
    assert git.without(["git+ssh://git@h/a"]) == ["git+ssh://git@h/a"]
    assert git.environ({}) == {}


def test_uv_gets_places_with_a_login_in_a_variable(tmp_path: Path) -> None:
    words = ["uv", "pip", "--find-links", "/a b", "x", "--find-links", "https://ana:one@h/f", "--find-links", "/a,b"]
    command, variables = hidden_from_uv(words, tmp_path)
    assert command == ["uv", "pip", "x"]
    assert variables == {"UV_FIND_LINKS": "/a b,https://ana:one@h/f,file:///a%2Cb"}


def test_uv_gets_what_holds_no_login_as_it_is(tmp_path: Path) -> None:
    words = ["uv", "x", "--constraints", "/a@b.txt", "--find-links", "/1@h/wheels"]
    assert hidden_from_uv(words, tmp_path) == (words, {})


def test_uv_gets_constraints_with_a_login_in_a_private_file(tmp_path: Path) -> None:
    command, variables = hidden_from_uv(["uv", "--constraints", "https://ana:one@h/c.txt"], tmp_path)
    path = Path(command[-1])
    assert path.read_text(encoding="utf-8") == "-c https://ana:one@h/c.txt\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert variables == {}


def test_pip_gets_logins_in_a_netrc_file_beside_those_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("machine own login eva password three\ndefault login any password any\n", "utf-8")
    given = options(
        index_url="https://old:x@h/old https://ana:on%23e@h:81/s", extra_index_url="https://o/s https://ben:two@k/s"
    )
    hidden, variables = hidden_from_pip(given, {"NETRC": str(tmp_path / "own")}, tmp_path)
    assert hidden == {"index-url", "extra-index-url"}
    file = variables.pop("NETRC")
    assert variables == {"PIP_INDEX_URL": "https://h:81/s", "PIP_EXTRA_INDEX_URL": "https://o/s https://k/s"}
    read = netrc.netrc(file)
    assert [read.authenticators(host)[::2] for host in ("h", "k", "own")] == [  # type: ignore[index]
        ("ana", "on#e"),
        ("ben", "two"),
        ("eva", "three"),
    ]
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600


@pytest.mark.parametrize("login", ["token", "ana:a%20b", "ana:a%22b", "ana:"])
def test_what_a_netrc_file_cannot_hold_stays_in_a_variable(login: str, tmp_path: Path) -> None:
    hidden, variables = hidden_from_pip(options(index_url=f"https://{login}@h/s"), {"NETRC": "/nowhere"}, tmp_path)
    assert hidden == {"index-url"}
    assert variables == {"PIP_INDEX_URL": f"https://{login}@h/s"}


def test_the_second_login_of_a_host_stays_in_a_variable(tmp_path: Path) -> None:
    given = options(find_links="https://ana:one@h/s https://ben:two@h/s")
    _, variables = hidden_from_pip(given, {"NETRC": "/nowhere"}, tmp_path)
    assert variables["PIP_FIND_LINKS"] == "https://h/s https://ben:two@h/s"


def test_pip_gets_a_proxy_with_a_login_in_the_variables_of_proxies(tmp_path: Path) -> None:
    hidden, variables = hidden_from_pip(options(proxy="ana:one@p:3128"), {}, tmp_path)
    assert hidden == {"proxy"}
    assert variables["HTTPS_PROXY"] == variables["http_proxy"] == "http://ana:one@p:3128"


def test_options_without_a_login_are_left_alone(tmp_path: Path) -> None:
    given = options(index_url="https://h/s", find_links="/a@b https://h/f", constraint="/x@y.txt", proxy="p:1")
    assert hidden_from_pip(given, {}, tmp_path) == (frozenset(), {})
    assert not list(tmp_path.iterdir())
