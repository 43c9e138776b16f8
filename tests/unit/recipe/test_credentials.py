"""Literal credentials: found where they are, struck out of any text, and never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup_api.recipe.credentials import literal_credentials, redact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.recipe.model import Recipe

    Load = Callable[[str], Recipe]

REDACTED = [
    ("https://ana:geheim@host/simple", "https://****@host/simple"),
    ("https://ana:geheim@host:8080/a@b", "https://****@host:8080/a@b"),
    ("https://ana:p@ss:geheim@host/", "https://****@host/"),
    ("https://ana:pa/geheim@host/", "https://****@host/"),
    ("https://ana:geheim?x#y@host/", "https://****@host/"),
    ("https://:geheim@host", "https://****@host"),
    ("https://geheim@host", "https://****@host"),
    ("https://geheim:@host", "https://****@host"),
    ("https://geheim:x-oauth-basic@github.com/a/b", "https://****@github.com/a/b"),
    ("https://ana:${PASS}geheim@host", "https://****@host"),
    ("https://${USER}:geheim@host", "https://****@host"),
    ("https://ana:${PASS:-geheim}@host", "https://****@host"),
    ("https://ana:$geheim@host", "https://****@host"),
    ("git+https://geheim@github.com/a/b@v1#egg=b", "git+https://****@github.com/a/b@v1#egg=b"),
    ("git+ssh://git:geheim@host/a", "git+ssh://****@host/a"),
    ("b @ https://ana:geheim@host/b.whl", "b @ https://****@host/b.whl"),
    ("--index-url=https://ana:geheim@host", "--index-url=https://****@host"),
    ("--index studio=https://ana:geheim@host", "--index studio=https://****@host"),
    ("--proxy=ana:geheim@host:3128", "--proxy=****@host:3128"),
    ("--proxy ana:geheim@host:3128", "--proxy ****@host:3128"),
    ("['pip', '--proxy', 'ana:geheim@host:3128']", "['pip', '--proxy', '****@host:3128']"),
    ("HTTPS_PROXY=ana:geheim@host:3128", "HTTPS_PROXY=****@host:3128"),
    ("--password=geheim,geheim", "--password=****"),
    ("x=1,--password=geheim&geheim", "x=1,--password=****"),
    ("MY_PASSWORD='gehe im;geheim'", "MY_PASSWORD=****"),
    ("UV_PUBLISH_TOKEN=geheim", "UV_PUBLISH_TOKEN=****"),
    ("https://host/a.whl?x=1&access_token=geheim&y=2", "https://host/a.whl?x=1&access_token=****&y=2"),
    ("https://host/a.whl?sig=geheim", "https://host/a.whl?sig=****"),
    ("Authorization: Bearer geheim", "Authorization: Bearer ****"),
    ("two: https://a:geheim@b/c and http://d:geheim@e", "two: https://****@b/c and http://****@e"),
    ("failed for 'https://a:geheim@b/c'\nagain", "failed for 'https://****@b/c'\nagain"),
]
KEPT = [
    "",
    "rez>=2.83",
    "https://pypi.example.com/simple",
    "https://${USER}:${PASS}@host/simple",
    "https://ana:${PASS}@host/simple",
    "https://${TOKEN}@host",
    "https://__token__:${PYPI_TOKEN}@host",
    "https://oauth2accesstoken@europe-python.pkg.dev/a/b/simple",
    "git+https://github.com/a/b@v1.0#egg=b",
    "git+https://host:8443/a/b@v1.0",
    "git+ssh://git@github.com/a/b",
    "ssh://ana@host/a",
    "git+https://git@github.com/a/b",
    "http://proxy:3128",
    "http://[::1]:8080/a@b",
    "see https://host:8080 or mail ana@example.com",
    "--proxy=${PROXY_USER}:${PROXY_PASS}@host:3128",
    "--keyring-provider=subprocess",
    "--token-file=/run/secrets/token",
    "https://host/a.whl#sha256=0123456789abcdef",
    "https://host/a.whl?token=${TOKEN}",
    "rezup use dev@1619780350.588625",
    "line 3: column 4 at https://host/x: 404",
]


@pytest.mark.parametrize(("text", "struck"), REDACTED)
def test_credentials_are_struck_out_of_any_text(text: str, struck: str) -> None:
    assert redact(text) == struck
    assert redact(struck) == struck
    assert "geheim" not in redact(f"before {text} after")


@pytest.mark.parametrize(
    ("word", "struck"),
    [
        ("ana:geheim@host:3128", "****@host:3128"),
        ("ana:geheim@host", "****@host"),
        ("--password=ge heim", "--password=****"),
        ("${USER}:${PASS}@host:3128", "${USER}:${PASS}@host:3128"),
    ],
)
def test_a_word_of_a_command_is_read_as_a_whole(word: str, struck: str) -> None:
    assert redact(word) == struck


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_literal_credential_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text", ["://" * 30_000, "a" * 100_000, "token" * 20_000, "a:" * 50_000, "x=" * 50_000, "@" * 100_000]
)
def test_striking_out_takes_no_longer_for_odd_texts(text: str) -> None:
    assert redact(text) == text


def keys(recipe: Recipe) -> list[str]:
    return [problem.key for problem in literal_credentials(recipe)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[pip]\noptions = ["-v", "--index-url=https://ana:geheim@host"]', ["pip.options[1]"]),
        ('[pip]\noptions = ["--proxy", "ana:geheim@host:3128"]', ["pip.options[1]"]),
        ('[pip]\noptions = ["--password", "geheim", "-v"]', ["pip.options[1]"]),
        ('[pip]\noptions = ["--password geheim"]', ["pip.options[0]"]),
        ('[pip]\noptions = ["--token=geheim"]', ["pip.options[0]"]),
        ('[pip.env]\nPIP_INDEX_URL = "https://ana:geheim@host"', ["pip.env.PIP_INDEX_URL"]),
        ('[pip.env]\nHTTPS_PROXY = "ana:geheim@host:3128"', ["pip.env.HTTPS_PROXY"]),
        ('[pip.env]\nUV_INDEX_STUDIO_PASSWORD = "gehei m"', ["pip.env.UV_INDEX_STUDIO_PASSWORD"]),
        ('[pip.env]\nGITHUB_TOKEN = "geheim"\nmy_secret = 3', ["pip.env.GITHUB_TOKEN", "pip.env.my_secret"]),
        ('[pip.env]\n"A.CREDENTIALS" = "geheim"', ['pip.env."A.CREDENTIALS"']),
        ('[pip.env]\nGITHUB_PAT = "geheim"', ["pip.env.GITHUB_PAT"]),
        ('[rez]\nurl = "git+https://geheim@github.com/a/rez"', ["rez.url"]),
        ('[rez]\nlib = ["six", "b @ https://a:geheim@host/b.whl"]', ["rez.lib[1]"]),
        (
            '[[extension]]\nname = "a"\n[[extension]]\nname = "b"\nurl = "https://a:geheim@h/b.whl"',
            ["extension[1].url"],
        ),
        ('[shared]\nname = "x"\nrequires = ["https://a:geheim@h/b.whl"]', ["shared.requires[0]"]),
    ],
)
def test_a_literal_credential_is_found_with_the_ways_out(
    load: Load, tmp_path: Path, text: str, expected: object
) -> None:
    recipe = load(text)
    assert keys(recipe) == expected
    for problem in literal_credentials(recipe):
        assert problem.where == str(tmp_path / "rezup.toml")
        assert all(way in problem.suggestion for way in ("${VAR}", "netrc", "keyring"))
        assert "gehei" not in str(problem)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[pip]\noptions = ["--index-url=https://${USER}:${PASS}@host", "--timeout=5"]',
        '[pip]\noptions = ["--proxy", "${PROXY}"]',
        '[pip]\noptions = ["--password", "${PASS}"]',
        '[pip.env]\nUV_INDEX_STUDIO_PASSWORD = "${PASS}"\nGITHUB_TOKEN = ""',
        '[pip.env]\nGIT_ASKPASS = "/usr/bin/askpass"\nTOKEN_FILE = "/run/token"\nSSH_AUTH_SOCK = "/run/agent"',
        '[pip.env]\nPIP_INDEX_URL = "https://pypi.example.com/simple"\nHTTPS_PROXY = "http://proxy:3128"',
        # Stored as written, as the reference says.
        '[env]\nLICENSE_PASSWORD = "geheim"\nURL = "https://a:geheim@host"',
    ],
)
def test_what_may_be_published(load: Load, text: str) -> None:
    assert keys(load(text)) == []


def test_a_warning_shows_no_credential(load: Load) -> None:
    (warning,) = load('[rez]\nurl = "git+git://ana:geheim@github.com/a/b"').warnings
    assert "****@github.com" in warning
    assert "geheim" not in warning
