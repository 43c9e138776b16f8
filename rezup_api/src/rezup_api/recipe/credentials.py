"""Find literal credentials in recipes, and strike them out of texts.

One rule serves both purposes: a text holds a credential if striking out would change it. In doubt, a text counts as a credential:
the word before the `@` of a web address may be a user's name or a token, and only a few words are known to be users' names. A
reference (`${VAR}`) is no credential.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rezup_api.errors import Problem
from rezup_api.recipe.merge import BUILT_IN
from rezup_api.recipe.schema import join_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rezup_api.recipe.model import Recipe

STRUCK = "****"
WAYS_OUT = "write ${VAR} and set VAR where rezup runs, or leave it to netrc or the keyring"

# Names that indexes and version control prescribe for every user; the secret itself comes from the keyring or the agent.
_KNOWN_USERS = frozenset(
    ("__token__", "oauth2accesstoken", "vsssessiontoken", "aws", "git", "hg", "svn", "user", "username")
)
_REFERENCE = re.compile(r"\$\{\w+\}")
_USERINFO = re.compile(r"://([^\s/?#]*)@")
# Users write passwords with / ? or # in them without percent-encoding them, although such a URL is invalid (RFC 3986). A number
# alone is a port and no password.
_BROKEN_USERINFO = re.compile(r"://([^\s/?#@:\[]+:(?!\d+(?:[/?#\s]|$)|\$\{)[^\s@]+)@")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*$")
_BARE_PROXY = re.compile(r"(?i)(proxy[^\w\s]{0,3}[\s=]['\"]?)([^\s:/@]+:[^\s/]+)@")
_BARE_USERINFO = re.compile(r"^()([^\s:/@]+:[^\s/]+)@(?=[\w.-]+(?::\d+)?/?$)")
_AUTHORIZATION = re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:[a-z]+\s+)?)([^\s'\"]+)")
_OPTION = re.compile(r"^(--?[\w.-]+)=(.+)$", re.DOTALL)
_NAME = re.compile(r"(?<![\w.-])([\w.-]+)=")
_VALUE = re.compile(r""""[^"]*"|'[^']*'|[^\s'"]+""")
_QUERY_VALUE = re.compile(r"[^\s&#'\"]+")
_SECRET_NAME = re.compile(
    r"token|passw(or)?d|passphrase|secret|credential|signature|api_?key|access_?key|(^|[_-])(pat|pass|pwd|auth|sig)$"
)
_NAME_OF_A_PLACE = re.compile(r"[_-](file|path|dir|url|uri|provider|helper)$")


def literal_credentials(recipe: Recipe) -> tuple[Problem, ...]:
    """Every literal credential in `[pip]` and in the URLs and requirements of Rez, the extensions and the shared libraries.

    The problems name the keys, never the credentials. `[env]` is not searched: its values are meant for the session, and are
    stored as the author wrote them.
    """
    problems = []
    for key, holder in _places(recipe.data):
        where = recipe.origins.get(holder, BUILT_IN)
        problems.append(Problem(where, key, "holds a literal credential", WAYS_OUT))
    return tuple(problems)


def redact(text: str) -> str:
    """`text` with its passwords and tokens struck out, in URLs and after names such as PASSWORD=; references stay."""
    text = _USERINFO.sub(_strike_userinfo, text)
    text = _BROKEN_USERINFO.sub(_strike_userinfo, text)
    text = _BARE_PROXY.sub(_strike_pair, text)
    text = _BARE_USERINFO.sub(_strike_pair, text)
    text = _OPTION.sub(_strike_option, text)
    text = _AUTHORIZATION.sub(_strike_second, text)
    return _strike_assigned(text)


def redact_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's document with the credentials that `literal_credentials` finds struck out; everything else as it is."""
    result = dict(document)
    if "pip" in document:
        pip = document["pip"]
        result["pip"] = {**pip, "options": _redact_options(pip["options"]), "env": _redact_variables(pip["env"])}
    if "rez" in document:
        result["rez"] = _redact_tool(document["rez"])
    if "extension" in document:
        result["extension"] = [_redact_tool(extension) for extension in document["extension"]]
    if "shared" in document:
        result["shared"] = _redact_tool(document["shared"])
    return result


def _places(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The key of each credential, and the key under which `Recipe.origins` has it."""
    redacted = redact_document(document)
    tables: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = [
        (name, document[name], redacted[name]) for name in ("pip", "rez", "shared") if name in document
    ]
    tables += [
        (f"extension[{index}]", table, redacted["extension"][index])
        for index, table in enumerate(document.get("extension", []))
    ]
    for path, before, after in tables:
        for name, value in before.items():
            yield from _differences(f"{path}.{name}", value, after[name])


def _differences(key: str, before: Any, after: Any) -> Iterator[tuple[str, str]]:
    if before == after:
        return
    if isinstance(before, list):
        yield from ((f"{key}[{index}]", key) for index, item in enumerate(before) if item != after[index])
    elif isinstance(before, dict):
        yield from ((join_key(key, name), join_key(key, name)) for name, item in before.items() if item != after[name])
    else:
        yield key, key


def _redact_tool(table: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(table)
    if "url" in table:
        result["url"] = redact(table["url"])
    for name in ("lib", "requires"):
        if name in table:
            result[name] = [redact(requirement) for requirement in table[name]]
    return result


def _redact_options(options: Sequence[str]) -> list[str]:
    result = []
    before = ""
    for option in options:
        behind_a_name = before.startswith("-") and "=" not in before and _is_secret_name(before) and _is_literal(option)
        result.append(STRUCK if behind_a_name else redact(_redact_spaced(option)))
        before = option
    return result


def _redact_spaced(option: str) -> str:
    """Strike out the value of `--password abc` in one text; pip refuses that form, but users write it."""
    name, space, value = option.partition(" ")
    if space and name.startswith("-") and "=" not in name and _is_secret_name(name) and _is_literal(value):
        return f"{name} {STRUCK}"
    return option


def _redact_variables(variables: Mapping[str, str]) -> dict[str, str]:
    return {
        name: STRUCK if _is_secret_name(name) and _is_literal(value) else redact(value)
        for name, value in variables.items()
    }


def _is_secret_name(name: str) -> bool:
    lower = name.lower()
    return bool(_SECRET_NAME.search(lower)) and not _NAME_OF_A_PLACE.search(lower)


def _is_literal(value: str) -> bool:
    return bool(_REFERENCE.sub("", value).strip())


def _strike_userinfo(match: re.Match[str]) -> str:
    scheme = _SCHEME.search(match.string[max(0, match.start() - 20) : match.start()])
    user, _, password = match.group(1).partition(":")
    if password:
        struck = _is_literal(password)
    elif scheme and scheme.group().lower().endswith("ssh"):
        struck = False  # with ssh the secret is a key in a file, and the word here is a user's name
    else:
        struck = _is_literal(user) and user.lower() not in _KNOWN_USERS
    return f"://{STRUCK}@" if struck else match.group()


def _strike_pair(match: re.Match[str]) -> str:
    before, pair = match.groups()
    return f"{before}{STRUCK}@" if _is_literal(pair.partition(":")[2]) else match.group()


def _strike_second(match: re.Match[str]) -> str:
    before, secret = match.groups()
    return before + STRUCK if _is_literal(secret) else match.group()


def _strike_option(match: re.Match[str]) -> str:
    name, value = match.groups()
    return f"{name}={STRUCK}" if _is_secret_name(name) and _is_literal(value) else match.group()


def _strike_assigned(text: str) -> str:
    """Strike out the value after the name of a secret and `=`: in a query up to the next parameter, elsewhere up to a blank."""
    kept = []
    done = 0
    for match in _NAME.finditer(text):
        if match.start() < done or not _is_secret_name(match.group(1)):
            continue
        in_query = text[match.start() - 1 : match.start()] in ("?", "&")
        value = (_QUERY_VALUE if in_query else _VALUE).match(text, match.end())
        if value and _is_literal(value.group().strip("'\"")):
            kept += [text[done : value.start()], STRUCK]
            done = value.end()
    return "".join([*kept, text[done:]])
