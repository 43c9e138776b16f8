"""Hand logins to uv, pip and git where no other user of the machine can read them: in variables and in private files.

Every user can read the command line of a process (`/proc/PID/cmdline`, `ps`), and only its owner the variables. It is not enough
to give uv and pip a login in this way: both start git with the address that they were given, and pip starts itself with the
addresses of its indexes to build a package from sources. So git asks a credential helper, and pip a netrc file.
"""

from __future__ import annotations

import netrc
import os
import re
import tempfile
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from rezup_api.resolve.pip_configuration import Option

# The address of a requirement that comes from git: scheme, login, host, and path without revision and fragment.
_GIT = re.compile(r"git\+(https?)://([^\s/]+)@([^\s/@]+)(/[^\s@#]*)?")
# A credential helper of git (gitcredentials(7)). Its text has only the names of variables, because git starts a shell with it.
_HELPER = (
    "!f() {{ test \"$1\" != get || printf 'username=%s\\npassword=%s\\n' "
    '"$REZUP_GIT_USER_{0}" "$REZUP_GIT_PASSWORD_{0}"; }}; f'
)
# Files of netrc know no quotes before Python 3.11, so nothing else can stand in them.
_FIT_FOR_NETRC = re.compile(r"[!#-\[\]-~]+")
_BARE = re.compile(r"[^\s:/@]+:[^\s/]+@")
_PIP_LISTS = ("index-url", "extra-index-url", "find-links", "build-constraint")
_UV_FIND_LINKS = "--find-links"
_UV_FILES = ("--constraints", "--build-constraints")


def has_login(value: str) -> bool:
    """Whether a value may hold a login: an address or a proxy with something before an `@`. A path holds none."""
    scheme, mark, rest = value.partition("://")
    return "@" in rest and scheme.lower() != "file" if mark else _BARE.match(value) is not None


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, also where a file of that name is there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        if os.name != "nt":
            os.fchmod(descriptor, 0o600)
        stream.write(text)


class GitLogins:
    """The logins that stand in the addresses of git, and that git gets in another way.

    One object serves all commands of a build, because a program that got a line without its login may answer with that line.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}

    def without(self, lines: Iterable[str]) -> list[str]:
        """The lines of a requirements file without the logins in the addresses of git, which are kept for `environ`."""
        return [_GIT.sub(self._keep, line) for line in lines]

    def _keep(self, match: re.Match[str]) -> str:
        scheme, login, host, path = match.groups(default="")
        user, _, password = login.partition(":")
        # The host too, for submodules; of several logins for it, the first. The order counts: the longer address comes later.
        for address in (f"{scheme}://{host}", f"{scheme}://{host}{path}"):
            self._known.setdefault(address, (unquote(user), unquote(password)))
        return f"git+{scheme}://{host}{path}"

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The variables that let git ask for the logins, beside what it is told already. It needs git 2.31 or newer."""
        found: dict[str, str] = {}
        count = _number(environ.get("GIT_CONFIG_COUNT", ""))
        for index, address in enumerate(sorted(self._known, key=len)):
            found[f"REZUP_GIT_USER_{index}"], found[f"REZUP_GIT_PASSWORD_{index}"] = self._known[address]
            for value in (
                "",
                _HELPER.format(index),
            ):  # the empty one takes other helpers away, which might answer first
                found[f"GIT_CONFIG_KEY_{count}"] = f"credential.{address}.helper"
                found[f"GIT_CONFIG_VALUE_{count}"] = value
                count += 1
        return {**found, "GIT_CONFIG_COUNT": str(count)} if found else {}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def hidden_from_uv(command: Sequence[str], work: Path) -> tuple[list[str], dict[str, str]]:
    """A command for uv without the addresses that hold a login.

    Args:
        command: the program and its arguments.
        work: a folder of this user's for the files that hold such addresses instead.

    Returns:
        The command, and the variables that it needs.
    """
    words: list[str] = []
    links: list[str] = []
    told = ""
    for index, word in enumerate(command):
        before = command[index - 1] if index else ""
        if before == _UV_FIND_LINKS:
            words.pop()
            links.append(word)
        elif before in _UV_FILES and "://" in word and has_login(word):
            path = work / f"private{index}.txt"
            write_private(path, f"-c {word}\n")
            words.append(str(path))
        else:
            words.append(word)
    # uv takes its variable only where no argument names a place, so all go the same way.
    if any(map(has_login, links)):
        told = ",".join(_as_address(link) if "," in link and "://" not in link else link for link in links)
        return words, {"UV_FIND_LINKS": told}
    return [*words, *(word for link in links for word in (_UV_FIND_LINKS, link))], {}


def _as_address(path: str) -> str:
    """A path as an address, in which neither a comma nor a blank separates."""
    from pathlib import Path

    return Path(path).absolute().as_uri().replace(",", "%2C")


def hidden_from_pip(
    options: Sequence[Option], environ: Mapping[str, str], work: Path
) -> tuple[frozenset[str], dict[str, str]]:
    """What pip gets in place of options that hold a login.

    Args:
        options: all options for pip, from files, variables and the recipe; the weakest first.
        environ: the variables of the caller, in which NETRC may name a file of logins.
        work: a folder of this user's for the file of logins.

    Returns:
        The names of the options that must not stand on the command line, and the variables.
    """
    names = frozenset(option.name for option in options if has_login(option.value))
    logins: dict[str, tuple[str, str]] = {}
    variables: dict[str, str] = {}
    for name in [name for name in _PIP_LISTS if name in names]:
        values = [option.value for option in options if option.name == name][-1 if name == "index-url" else 0 :]
        places = [_given_to_netrc(value, logins) for value in values]
        # pip takes a blank for the end of a path.
        told = [place if "://" in place or " " not in place else _as_address(place) for place in places]
        variables["PIP_" + name.upper().replace("-", "_")] = " ".join(dict.fromkeys(told))
    for option in options:
        if option.name == "proxy" and has_login(option.value):
            address = option.value if "://" in option.value else f"http://{option.value}"
            variables.update(dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), address))
    if logins:
        # Each engine of a build has one of its own, because the configuration of pip depends on the interpreter.
        descriptor, variables["NETRC"] = tempfile.mkstemp(prefix="netrc.", dir=work)
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(_own_netrc(environ) + "".join(_entry(host, *login) for host, login in logins.items()))
    return names & {*_PIP_LISTS, "proxy", "constraint"}, variables


def _given_to_netrc(address: str, logins: dict[str, tuple[str, str]]) -> str:
    """An address without its login, which goes to `logins`; as it is where a netrc file cannot hold the login."""
    parts = urlsplit(address)
    login, mark, host = parts.netloc.rpartition("@")
    user, colon, password = login.partition(":")
    given = unquote(user), unquote(password)
    if not mark or not colon or not all(map(_FIT_FOR_NETRC.fullmatch, given)):
        return address
    # A netrc file knows one login for each host.
    name = host.partition(":")[0]
    return urlunsplit(parts._replace(netloc=host)) if logins.setdefault(name, given) == given else address


def _own_netrc(environ: Mapping[str, str]) -> str:
    """The text of the user's netrc file, which goes on to count; empty where there is none that can be read."""
    for path in (environ.get("NETRC") or "", os.path.expanduser("~/.netrc"), os.path.expanduser("~/_netrc")):
        try:
            netrc.netrc(path or os.devnull)
            with open(path, encoding="utf-8") as stream:
                return stream.read() + "\n\n"
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            continue
    return ""


def _entry(host: str, user: str, password: str) -> str:
    return f"machine {host} login {user} password {password}\n"
