"""Read a studio's configuration of pip where pip reads it, and translate it for uv.

pip's order is (https://pip.pypa.io/en/stable/topics/configuration/): the files of the system, the user and the environment, the
file that PIP_CONFIG_FILE names, PIP_* variables, and then the command line, which here is the recipe's `[pip] options`. Of files
and variables the last one counts, also for lists; the command line adds to lists. If an option has no counterpart in uv, pip
installs the environment.

`purpose` says which options are for resolving, which for installing and which for building.
"""

from __future__ import annotations

import os
import re
import sys
from configparser import ConfigParser, Error
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.errors import Problem, RecipeError
from rezup_api.resolve.purpose import Purpose, concerns, normal_name, option_of
from rezup_api.settings import expand

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

_SHORT = {
    "-i": "index-url",
    "-f": "find-links",
    "-c": "constraint",
    "-r": "requirement",
    "-v": "verbose",
    "-q": "quiet",
}
_FLAGS = {
    "no-index", "pre", "no-build-isolation", "no-cache-dir", "require-hashes", "no-deps", "disable-pip-version-check",
    "no-input", "no-color", "quiet", "verbose", "no-warn-script-location", "no-warn-conflicts", "no-python-version-warning",
    "no-compile", "compile", "prefer-binary", "upgrade", "force-reinstall", "ignore-installed", "user", "use-pep517",
    "no-clean", "debug", "isolated", "require-virtualenv", "no-user", "build-isolation", "use-deprecated-build",
}  # fmt: skip
# These change what pip shows or where it keeps its files, but not what it installs in an environment that rezup makes.
_WITHOUT_MEANING = {
    "disable-pip-version-check", "no-input", "no-color", "quiet", "verbose", "no-warn-script-location", "progress-bar",
    "no-warn-conflicts", "no-python-version-warning", "no-compile", "compile", "log", "cache-dir", "no-cache-dir", "format",
    "require-virtualenv", "user", "no-user", "target", "prefix", "root", "python", "exists-action", "build-isolation",
    "root-user-action", "upgrade", "upgrade-strategy", "use-pep517", "resume-retries", "config-file", "no-clean", "debug",
}  # fmt: skip
_LISTS = {"extra-index-url", "find-links", "trusted-host", "constraint", "build-constraint", "no-binary", "only-binary"}
_SPACED = re.compile(r"-[^\s=]+\s")
_ADDED_UP = {"no-binary", "only-binary"}
# Options whose value pip expands when it begins with `~`; uv takes `~` for the name of a folder.
_PATHS = {"find-links", "constraint", "build-constraint", "cert", "client-cert"}
# uv's own variables for lists, and the separator of their items. They add to pip's lists. rezup has to add them itself, because
# uv ignores the variable as soon as it gets the argument.
_UV_LISTS = {
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "constraint": ("UV_CONSTRAINT", " "),
    "build-constraint": ("UV_BUILD_CONSTRAINT", " "),
}
# uv's own variables for single values; where one of them is set, it wins over pip's configuration.
_UV_OWN = {
    "index-url": ("UV_INDEX_URL", "UV_DEFAULT_INDEX"),
    "timeout": ("UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT"),
    "retries": ("UV_HTTP_RETRIES",),
    "cert": ("UV_CERT", "SSL_CERT_FILE"),
    "keyring-provider": ("UV_KEYRING_PROVIDER",),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One option of pip: `name` without dashes, `value` ("true" for a flag), and `origin`, the file or variable that has it."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Translation:
    """pip's options for uv: arguments, environment variables, and the options that have no counterpart in uv.

    Args:
        given: arguments, each group with the option of pip that it stands for.
        environ: variables.
        untranslatable: the options that have no counterpart.
    """

    given: tuple[tuple[str, tuple[str, ...]], ...]
    environ: Mapping[str, str]
    untranslatable: tuple[Option, ...]

    def arguments(self, act: Purpose) -> tuple[str, ...]:
        """The arguments that are for an act."""
        return tuple(word for name, words in self.given if concerns(name, act) for word in words)


def configured(environ: Mapping[str, str], home: Path, prefix: Path) -> list[Option]:
    """Every option that pip's files and variables set, the weakest first, without those that a variable of uv's own replaces.

    Args:
        environ: the variables, of which PIP_*, UV_* and XDG_* count.
        home: the user's home folder.
        prefix: the installation that has a pip.conf of its own (pip's "site" level).

    Raises:
        RecipeError: a file of pip's configuration cannot be read.
    """
    chosen = environ.get("PIP_CONFIG_FILE", "")
    # With PIP_CONFIG_FILE=/dev/null pip reads no file at all.
    files = [] if chosen == os.devnull else [*_files(environ, home, prefix), *([Path(chosen)] if chosen else [])]
    sections: dict[str, dict[str, Option]] = {"global": {}, "install": {}, "variables": {}}
    for path in files:
        for section, option in _read(path):
            sections[section][option.name] = option
    for name, value in environ.items():
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE":
            option = Option(option_of(name), value, name)
            sections["variables"][option.name] = option
    found = [option for section in sections.values() for option in section.values() if option.value]
    standing = {option.name: option for option in found}
    return [
        Option(option.name, value, option.origin)
        for option in found
        if option.name in _ADDED_UP or standing[option.name] is option
        if not any(environ.get(variable) for variable in _UV_OWN.get(option.name, ()))
        for value in (option.value.split() if option.name in _LISTS else [option.value])
    ]


def _files(environ: Mapping[str, str], home: Path, prefix: Path) -> list[Path]:
    """The files that pip reads on this platform, the weakest first, without the one that PIP_CONFIG_FILE names."""
    # pip ignores the user's own files if PIP_CONFIG_FILE names a file that exists.
    users = not os.path.exists(environ.get("PIP_CONFIG_FILE") or os.devnull + "/none")
    if os.name == "nt":
        program_data = Path(environ.get("PROGRAMDATA", r"C:\ProgramData"))
        roaming = Path(environ.get("APPDATA", str(home)))
        own = [home / "pip" / "pip.ini", roaming / "pip" / "pip.ini"]
        return [program_data / "pip" / "pip.ini", *(own if users else []), prefix / "pip.ini"]
    shared = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    system = [*(Path(folder) / "pip" / "pip.conf" for folder in shared.split(":")), Path("/etc/pip.conf")]
    if sys.platform == "darwin":
        system.insert(0, Path("/Library/Application Support/pip/pip.conf"))
    folder = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip"
    if sys.platform == "darwin" and (home / "Library/Application Support/pip").is_dir():
        folder = home / "Library/Application Support/pip"
    own = [home / ".pip" / "pip.conf", folder / "pip.conf"]
    return [*system, *(own if users else []), prefix / "pip.conf"]


def _read(path: Path) -> list[tuple[str, Option]]:
    parser = ConfigParser(interpolation=None)
    try:
        if not parser.read(path, encoding="utf-8"):
            return []
    except (Error, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        problem = Problem(str(path), "", f"cannot be read: {reason}")
        raise RecipeError([problem], subject="pip's configuration") from error
    sections = [name for name in ("global", "install") if parser.has_section(name)]
    return [
        (section, Option(normal_name(key.replace("_", "-")), value.strip(), str(path)))
        for section in sections
        for key, value in parser.items(section)
    ]


def split_options(words: Iterable[str]) -> list[str]:
    """Split options into words, as pip takes them: the text `--name value` becomes two words, `--name=a value` stays one."""
    return [part for word in words for part in (word.split(None, 1) if _SPACED.match(word) else [word])]


def parse_options(words: Sequence[str], where: str) -> list[Option]:
    """Parse the recipe's `[pip] options`: `--name=value`, `--name value`, `-i value`, and flags.

    Args:
        words: the options.
        where: the recipe, as messages name it.

    Raises:
        RecipeError: a word is not an option.
    """
    return [option for option, _ in _grouped(words, where)]


def words_for(
    act: Purpose, words: Sequence[str], without: Collection[str] = (), hidden: Collection[str] = ()
) -> list[str]:
    """The words of those of the recipe's options that are for an act.

    Args:
        without: words whose options are left out, each with its value.
        hidden: names of options that are left out.
    """
    return [
        word
        for option, group in _grouped(words, "")
        if concerns(option.name, act) and option.name not in hidden and group[0].partition("=")[0] not in without
        for word in group
    ]


def _grouped(words: Sequence[str], where: str) -> list[tuple[Option, tuple[str, ...]]]:
    """The options that words are, each with its words."""
    found: list[tuple[Option, tuple[str, ...]]] = []
    rest = split_options(words)
    while rest:
        before = tuple(rest)
        word = rest.pop(0)
        if not word.startswith("-"):
            raise RecipeError([Problem(where, "pip.options", f"{word!r} is not an option of pip")])
        name, mark, value = word.partition("=")
        name = _SHORT.get(name[:2], name) if not name.startswith("--") else normal_name(name[2:])
        if not mark and not word.startswith("--") and len(word) > 2:
            value, mark = word[2:], "="
        # The next word is the value, unless the option is a known flag. Without that table `--pre rez` would be ambiguous.
        if not mark:
            value = "true" if name in _FLAGS or not rest or rest[0].startswith("-") else rest.pop(0)
        found.append((Option(name, value.strip(), where), before[: len(before) - len(rest)]))
    return found


def translate(options: Iterable[Option], environ: Mapping[str, str]) -> Translation:
    """Translate options of pip for uv.

    Args:
        options: the options, the weakest first.
        environ: the variables, of which the home folder and uv's own lists (UV_INDEX and the like) count.
    """
    single: dict[str, Option] = {}
    lists: dict[str, list[str]] = {}
    for option in (_at_home(option, environ) for option in options):
        if option.name in _LISTS:
            lists.setdefault(option.name, []).append(option.value)
        elif option.name in _FLAGS and option.value.lower() in {"false", "0", "no", "off", "n", "f"}:
            single.pop(option.name, None)
        else:
            single[option.name] = option
    given: list[tuple[str, tuple[str, ...]]] = []
    variables: dict[str, str] = {}
    unknown: list[Option] = []
    for name, option in single.items():
        arguments: list[str] = []
        if name not in _WITHOUT_MEANING and not _translate_one(option, arguments, variables):
            unknown.append(option)
        given.append((name, tuple(arguments)))
    for name, values in lists.items():
        variable, between = _UV_LISTS.get(name, ("", None))
        every = list(dict.fromkeys([*filter(None, environ.get(variable, "").split(between)), *values]))
        if name == "extra-index-url":
            # The URL may hold a password. Every user of the machine can read the arguments of a process, but not its variables.
            variables[variable] = " ".join(every)
        else:
            given.append((name, tuple(_translate_list(name, every))))
    return Translation(tuple(given), variables, tuple(unknown))


def _at_home(option: Option, environ: Mapping[str, str]) -> Option:
    if option.name not in _PATHS or not option.value.startswith("~"):
        return option
    return replace(option, value=expand(option.value, environ))


def _translate_one(option: Option, arguments: list[str], variables: dict[str, str]) -> bool:
    """Add the counterpart of one option to `arguments` or `variables`; False if uv has no counterpart."""
    flags = {
        "no-index": "--no-index",
        "no-build-isolation": "--no-build-isolation",
        "require-hashes": "--require-hashes",
        "no-deps": "--no-deps",
    }
    values = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE", "client-cert": "SSL_CLIENT_CERT"}
    numbers = {"timeout": "UV_HTTP_TIMEOUT", "retries": "UV_HTTP_RETRIES"}
    if option.name in values:
        variables[values[option.name]] = option.value
    elif option.name in flags:
        arguments.append(flags[option.name])
    elif option.name in numbers:
        variables[numbers[option.name]] = option.value.split(".")[0]
    elif option.name == "proxy":
        address = option.value if "://" in option.value else f"http://{option.value}"
        variables.update(dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), address))
    elif option.name == "pre":
        arguments.extend(("--prerelease", "allow"))
    elif option.name == "keyring-provider":
        provider = {"disabled": "disabled", "subprocess": "subprocess", "auto": "", "import": ""}.get(option.value)
        if provider:
            arguments.extend(("--keyring-provider", provider))
        return provider is not None
    else:
        return False
    return True


def _translate_list(name: str, values: list[str]) -> list[str]:
    words = {
        "find-links": "--find-links",
        "trusted-host": "--allow-insecure-host",
        "constraint": "--constraints",
        "build-constraint": "--build-constraints",
    }
    word = words.get(name)
    if word is not None:
        return [part for value in values for part in (word, value)]
    packages = [package for value in values for package in value.split(",") if package not in {":none:", ""}]
    return [part for package in packages for part in (f"--{name}", package)]


def constraint_files(options: Iterable[Option], environ: Mapping[str, str]) -> list[str]:
    """The paths and addresses of all constraints."""
    return [_at_home(option, environ).value for option in options if option.name == "constraint"]
