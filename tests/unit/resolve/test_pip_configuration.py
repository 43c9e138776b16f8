"""pip's configuration, held against pip itself, and said in uv's words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup_api.errors import RecipeError
from rezup_api.resolve.acts import Purpose
from rezup_api.resolve.pip_configuration import Option, configured, parse_options, split_options, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVERY = Purpose.RESOLVE | Purpose.INSTALL | Purpose.BUILD | Purpose.TOOL
# What pip makes of the same files, variables and words; `sys.prefix` is where the file of an installation lies.
ASK_PIP = """
import json, os, sys
from pip._internal.commands import create_command
for line in sys.stdin:
    variables, sys.prefix, words = json.loads(line)
    os.environ.clear()
    os.environ.update(variables)
    options, _ = create_command("install").parse_args(words)
    names = "index_url timeout retries cert proxy no_index pre extra_index_urls find_links trusted_hosts constraints"
    answer = {name: getattr(options, name) for name in names.split()}
    kinds = {name: sorted(getattr(options.format_control, name)) for name in ("no_binary", "only_binary")}
    print(json.dumps({**answer, **kinds}), flush=True)
"""
PLURALS = {"extra_index_url": "extra_index_urls", "trusted_host": "trusted_hosts", "constraint": "constraints"}
FILES = {
    "system": "system/pip/pip.conf",
    "old": "home/.pip/pip.conf",
    "user": "home/.config/pip/pip.conf",
    "xdg": "xdg/pip/pip.conf",
    "site": "prefix/pip.conf",
    "named": "named.conf",
}


def environ(top: Path, **variables: str) -> dict[str, str]:
    """Variables of a machine under `top`; `{top}` in a value is that folder."""
    given = {name: value.format(top=top) for name, value in variables.items()}
    return {"HOME": str(top / "home"), "XDG_CONFIG_DIRS": str(top / "system"), **given}


@pytest.fixture(scope="module")
def ask_pip() -> Iterator[Callable[[dict[str, str], Path, list[str]], dict[str, object]]]:
    """Ask one running pip, that of virtualenv's wheel, what its `install` has in effect."""
    from virtualenv.seed.wheels.embed import get_embed_wheel

    wheel = get_embed_wheel("pip", "{}.{}".format(*sys.version_info))
    assert wheel is not None
    with subprocess.Popen(
        [sys.executable, "-c", ASK_PIP],
        env={**os.environ, "PYTHONPATH": str(wheel.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as pip:
        assert pip.stdin is not None
        assert pip.stdout is not None
        questions, answers = pip.stdin, pip.stdout

        def ask(variables: dict[str, str], prefix: Path, words: list[str]) -> dict[str, object]:
            questions.write(json.dumps([variables, str(prefix), words]) + "\n")
            questions.flush()
            answer: dict[str, object] = json.loads(answers.readline())
            return {name: value for name, value in answer.items() if value}

        yield ask
        questions.close()


def of_ours(options: list[Option], default: dict[str, object]) -> dict[str, object]:
    """The same from our list of options, over pip's defaults."""
    told: dict[str, object] = dict(default)
    for option in options:
        name = option.name.replace("-", "_")
        name = PLURALS.get(name, name)
        if name in {"no_binary", "only_binary"}:
            known = told.get(name, [])
            assert isinstance(known, list)
            told[name] = sorted({*known, *option.value.split(",")})
        elif name in {"find_links", *PLURALS.values()}:
            known = told.setdefault(name, [])
            assert isinstance(known, list)
            known.append(option.value)
        elif name in {"timeout", "retries"}:
            told[name] = float(option.value)
        elif name in {"no_index", "pre"}:
            told[name] = option.value.lower() in {"true", "1", "yes", "on"}
        else:
            told[name] = option.value
    return {name: value for name, value in told.items() if value}


@pytest.mark.skipif(os.name == "nt", reason="the places are those of POSIX")
@pytest.mark.parametrize(
    ("files", "variables", "words"),
    [
        ({}, {}, []),
        ({"user": "[global]\nindex-url = https://user/simple\ntimeout = 7"}, {}, []),
        ({"system": "[global]\nindex-url = https://a/s", "user": "[global]\nindex-url = https://b/s"}, {}, []),
        ({"old": "[global]\nretries = 1", "user": "[global]\nretries = 2", "site": "[global]\nretries = 3"}, {}, []),
        ({"xdg": "[global]\nproxy = p:1", "user": "[global]\nproxy = p:2"}, {"XDG_CONFIG_HOME": "{top}/xdg"}, []),
        # A list in a later place takes the place of the earlier one; words on the command line are added.
        (
            {
                "system": "[global]\nextra-index-url = https://a/s https://b/s",
                "user": "[global]\nextra-index-url =\n  https://c/s\n  https://d/s\nfind-links = /x /y",
            },
            {},
            ["--extra-index-url=https://e/s", "--find-links", "/with a blank"],
        ),
        (
            {"user": "[global]\nextra-index-url = https://a/s\ntrusted-host = a"},
            {"PIP_EXTRA_INDEX_URL": "https://b/s https://c/s"},
            ["--trusted-host=b:8080"],
        ),
        # The section of the command wins over the global one, whichever file has it.
        ({"system": "[install]\nindex-url = https://a/s", "user": "[global]\nindex-url = https://b/s"}, {}, []),
        ({"user": "[install]\nindex-url = https://a/s\n[download]\nindex-url = https://no/s"}, {}, []),
        ({"user": "[global]\nindex-url = https://a/s"}, {"PIP_INDEX_URL": "https://b/s"}, []),
        ({"user": "[global]\nindex-url = https://a/s"}, {"PIP_INDEX_URL": ""}, []),
        ({"system": "[global]\nindex-url = https://a/s", "user": "[global]\nindex-url ="}, {}, []),
        ({}, {"PIP_INDEX_URL": "https://b/s", "PIP_TIMEOUT": "3"}, ["-i", "https://c/s", "--timeout", "4"]),
        ({}, {"PIP_DEFAULT_TIMEOUT": "30", "PIP_RETRIES": "0"}, []),
        ({}, {"PIP_NO_INDEX": "1", "PIP_PRE": "yes", "PIP_FIND_LINKS": "/a /b"}, []),
        ({"user": "[global]\nno_index = true\npre = on"}, {"PIP_NO_INDEX": "0"}, []),
        # Who names a file means this one, not the user's.
        (
            {"user": "[global]\nindex-url = https://a/s\nretries = 9", "named": "[global]\ntimeout = 4"},
            {"PIP_CONFIG_FILE": "{top}/named.conf"},
            [],
        ),
        ({"user": "[global]\nindex-url = https://a/s"}, {"PIP_CONFIG_FILE": "{top}/missing.conf"}, []),
        (
            {"user": "[global]\nindex-url = https://a/s", "system": "[global]\nretries = 3"},
            {"PIP_CONFIG_FILE": os.devnull},
            [],
        ),
        (
            {"site": "[global]\nindex-url = https://a/s", "named": "[global]\nindex-url = https://b/s"},
            {"PIP_CONFIG_FILE": "{top}/named.conf"},
            [],
        ),
        (
            {"user": "[global]\nno-binary = foo,bar\n[install]\nno-binary = baz"},
            {"PIP_ONLY_BINARY": "qux"},
            ["--only-binary=other"],
        ),
        ({"user": "[global]\nindex-url = https://%(x)s:${PW}@a/s"}, {}, []),
        ({"user": "[global]\nconstraint = /c.txt"}, {}, ["-c", "/d.txt", "-c/e.txt", "-f/links"]),
    ],
)
def test_pip_agrees(
    tmp_path: Path,
    ask_pip: Callable[[dict[str, str], Path, list[str]], dict[str, object]],
    files: dict[str, str],
    variables: dict[str, str],
    words: list[str],
) -> None:
    for place, text in files.items():
        path = tmp_path / FILES[place]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    given = environ(tmp_path, **variables)
    prefix = tmp_path / "prefix"
    default = ask_pip(environ(tmp_path, PIP_CONFIG_FILE=os.devnull), prefix, [])
    found = configured(given, tmp_path / "home", prefix)
    assert of_ours([*found, *parse_options(words, "recipe")], default) == ask_pip(given, prefix, words)


def test_where_an_option_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "home" / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True)
    path.write_text("[global]\nprefer-binary = true", encoding="utf-8")
    given = environ(tmp_path, PIP_USE_FEATURE="x", APPDATA=str(path.parent.parent))
    (path.parent / "pip.ini").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    found = {option.name: option.origin for option in configured(given, tmp_path / "home", tmp_path / "prefix")}
    assert found["use-feature"] == "PIP_USE_FEATURE"
    assert Path(found["prefer-binary"]).parent == path.parent


@pytest.mark.parametrize("text", ["index-url = x", "[global]\n= 1\n", "[global\nx = 1", "[global]\nx = \udcff"])
def test_a_file_that_pip_could_not_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pip.conf"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(RecipeError) as caught:
        configured(environ(tmp_path, PIP_CONFIG_FILE=str(path)), tmp_path / "home", tmp_path / "prefix")
    (problem,) = caught.value.problems
    assert problem.where == str(path)
    assert "\n" not in problem.message


@pytest.mark.parametrize(
    ("words", "split"),
    [
        (["--index-url https://a/s"], ["--index-url", "https://a/s"]),
        (["--index-url=https://a/s"], ["--index-url=https://a/s"]),
        (["-i https://a/s", "--pre"], ["-i", "https://a/s", "--pre"]),
        (["--constraint=/a b/c.txt"], ["--constraint=/a b/c.txt"]),
        (["--constraint", "/a b/c.txt"], ["--constraint", "/a b/c.txt"]),
        (["--constraint /a b/c.txt"], ["--constraint", "/a b/c.txt"]),
    ],
)
def test_two_words_in_one_text(words: list[str], split: list[str]) -> None:
    assert split_options(words) == split


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["https://a/s"], "https://a/s"),
        (["--pre", "yes"], "yes"),
        (["--timeout=3", "4"], "4"),
        (["--index-url", "https://a/s", "https://b/s"], "https://b/s"),
    ],
)
def test_a_word_that_is_no_option(words: list[str], named: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_options(words, "recipe of dev")
    (problem,) = caught.value.problems
    assert (problem.where, problem.key) == ("recipe of dev", "pip.options")
    assert repr(named) in problem.message


@pytest.mark.parametrize(
    ("words", "arguments", "variables"),
    [
        ([], [], {}),
        (["--index-url=https://a/s"], [], {"UV_DEFAULT_INDEX": "https://a/s"}),
        (["-i", "https://a/s", "-i", "https://b/s"], [], {"UV_DEFAULT_INDEX": "https://b/s"}),
        (["--pypi-url=https://a/s"], [], {"UV_DEFAULT_INDEX": "https://a/s"}),
        (
            ["--extra-index-url=https://a/s", "--extra-index-url=https://b/s", "--extra-index-url=https://a/s"],
            [],
            {"UV_INDEX": "https://a/s https://b/s"},
        ),
        (["--find-links=/a b", "-f/c"], ["--find-links", "/a b", "--find-links", "/c"], {}),
        (["--trusted-host=a:80"], ["--allow-insecure-host", "a:80"], {}),
        (["-c", "c.txt"], ["--constraints", "c.txt"], {}),
        (["--build-constraint=b c.txt"], ["--build-constraints", "b c.txt"], {}),
        (["--no-binary=a,b"], ["--no-binary", "a", "--no-binary", "b"], {}),
        (["--only-binary=:all:", "--no-binary=:none:"], ["--only-binary", ":all:"], {}),
        (["--no-index", "--pre"], ["--no-index", "--prerelease", "allow"], {}),
        (["--no-index=false", "--pre=0"], [], {}),
        (["--timeout=5.5", "--retries=0"], [], {"UV_HTTP_TIMEOUT": "5", "UV_HTTP_RETRIES": "0"}),
        (["--cert=/c.pem", "--client-cert=/d.pem"], [], {"SSL_CERT_FILE": "/c.pem", "SSL_CLIENT_CERT": "/d.pem"}),
        (["--proxy=p:3128"], [], dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://p:3128")),
        (["--proxy=https://p"], [], dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "https://p")),
        (["--keyring-provider=subprocess"], ["--keyring-provider", "subprocess"], {}),
        (["--keyring-provider=auto"], [], {}),
        (["--require-hashes", "--no-build-isolation"], ["--require-hashes", "--no-build-isolation"], {}),
        (["--no-deps"], ["--no-deps"], {}),
        # They change nothing in an environment that rezup makes.
        (["--disable-pip-version-check", "--no-cache-dir", "-q", "--user", "--progress-bar=off"], [], {}),
    ],
)
def test_said_in_the_words_of_uv(words: list[str], arguments: list[str], variables: dict[str, str]) -> None:
    translation = translate(parse_options(words, "recipe"), {})
    assert list(translation.arguments(EVERY)) == arguments
    assert dict(translation.environ) == variables
    assert translation.untranslatable == ()


def test_paths_in_the_home_folder() -> None:
    words = ["--find-links=~/wheels", "-c", "~/limits.txt", "--cert=~/ca.pem", "--find-links=https://h/~ana/"]
    translation = translate(parse_options(words, "recipe"), {"HOME": "/home/ana"})
    assert translation.environ == {"SSL_CERT_FILE": "/home/ana/ca.pem"}
    found = ["--find-links", "/home/ana/wheels", "--find-links", "https://h/~ana/"]
    found += ["--constraints", "/home/ana/limits.txt"]
    assert sorted(translation.arguments(EVERY)) == sorted(found)


@pytest.mark.parametrize(
    "word",
    [
        "--prefer-binary",
        "--use-feature=fast-deps",
        "--requirement=more.txt",
        "--keyring-provider=other",
        "--global-option=x",
        "--unheard-of=false",
        "--isolated",
    ],
)
def test_what_uv_lacks_is_not_dropped(word: str) -> None:
    translation = translate(parse_options([word, "--pre"], "recipe"), {})
    (option,) = translation.untranslatable
    assert f"--{option.name}" == word.partition("=")[0]
    assert list(translation.arguments(EVERY)) == ["--prerelease", "allow"]


def test_a_password_is_never_an_argument() -> None:
    words = ["--index-url=https://u:secret@a/s", "--extra-index-url=https://u:secret@b/s", "--proxy=u:secret@p:1"]
    translation = translate(parse_options(words, "recipe"), {})
    assert "secret" not in " ".join(translation.arguments(EVERY))
    assert sum("secret" in value for value in translation.environ.values()) == 5


@pytest.mark.parametrize(
    ("name", "uv", "value"),
    [
        ("PIP_INDEX_URL", "UV_INDEX_URL", "https://a/s"),
        ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "https://a/s"),
        ("PIP_TIMEOUT", "UV_HTTP_TIMEOUT", "5"),
        ("PIP_RETRIES", "UV_HTTP_RETRIES", "5"),
        ("PIP_CERT", "SSL_CERT_FILE", "/c.pem"),
        ("PIP_KEYRING_PROVIDER", "UV_KEYRING_PROVIDER", "subprocess"),
    ],
)
def test_a_variable_of_uv_wins_over_what_pip_is_configured_for(tmp_path: Path, name: str, uv: str, value: str) -> None:
    quiet = {"PIP_CONFIG_FILE": os.devnull}
    of_uv = {**quiet, name: value, uv: "of uv"}
    assert len(configured({**quiet, name: value}, tmp_path, tmp_path)) == 1
    assert configured(of_uv, tmp_path, tmp_path) == []
    # The recipe is nearer than either.
    given = translate(parse_options([f"--{name[4:].lower().replace('_', '-')}={value}"], "recipe"), of_uv)
    assert value in (*given.arguments(EVERY), *given.environ.values())


@pytest.mark.parametrize(
    ("word", "uv", "told"),
    [
        (
            "--extra-index-url=https://a/s",
            {"UV_INDEX": "https://b/s https://c/s"},
            "https://b/s https://c/s https://a/s",
        ),
        ("--find-links=/a", {"UV_FIND_LINKS": "/b c,/d"}, "--find-links|/b c|--find-links|/d|--find-links|/a"),
        ("--trusted-host=a", {"UV_INSECURE_HOST": "b"}, "--allow-insecure-host|b|--allow-insecure-host|a"),
        ("--constraint=/a", {"UV_CONSTRAINT": "/b /c"}, "--constraints|/b|--constraints|/c|--constraints|/a"),
        ("--build-constraint=/a", {"UV_BUILD_CONSTRAINT": "/b"}, "--build-constraints|/b|--build-constraints|/a"),
    ],
)
def test_lists_of_uv_are_added_to(word: str, uv: dict[str, str], told: str) -> None:
    translation = translate(parse_options([word], "recipe"), uv)
    assert told in ("|".join(translation.arguments(EVERY)), translation.environ.get("UV_INDEX"))
