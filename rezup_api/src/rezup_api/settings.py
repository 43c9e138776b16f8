"""Read the settings that users make in environment variables.

One table lists every variable that rezup reads. The reference page of the variables is made from that table.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_api.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


# The folder of the package `rezup_api`.
LIBRARY = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its name, what it means, and which value holds when it is unset."""

    name: str
    meaning: str
    default: str = ""


VARIABLES = (
    Variable(
        "REZUP_ROOT_LOCAL", "The local root, where revisions are built. A recipe's `root.local` wins.", "`~/.rezup`"
    ),
    Variable(
        "REZUP_ROOT_REMOTE", "The remote root, to which revisions are published. A recipe's `root.remote` wins.", "none"
    ),
    Variable("REZUP_RECIPES", "The folder searched for recipes.", "the home folder"),
    Variable("REZUP_DEFAULT_SHELL", "The shell to open: a name or a path.", "the shell from which you call rezup"),
    Variable("REZUP_PROMPT", "The mark before the prompt of an interactive session.", "the container's name"),
    Variable("REZUP_DISABLE_PROMPT", "Any non-empty value: do not change the prompt.", "unset"),
    Variable(
        "REZUP_PYTHON_PATH",
        "Interpreters, or folders of interpreters, that are searched before all others; separated as in `PATH`.",
        "none",
    ),
    Variable("REZUP_WHEELHOUSE", "A folder of wheels to install from, before an index is asked.", "none"),
    Variable(
        "REZUP_CLEAN_AFTER",
        "The age, such as `30d`, after which rezup removes revisions by itself, if a recipe has no `[retention]`.",
        "none: rezup removes nothing",
    ),
    Variable("REZUP_NO_UPGRADE", "Any non-empty value: do not look for newer releases of rezup.", "unset"),
    Variable("REZUP_UPGRADE_PAUSE", "Seconds between two looks for a newer release of rezup.", "86400, a day"),
    Variable(
        "REZUP_UPGRADE_SOURCE",
        "Where newer releases of rezup come from: a checkout, a folder of wheels, or the URL of an index.",
        "none",
    ),
    Variable("REZUP_SKIP_INIT", "Any non-empty value: do not run the site-customize script.", "unset"),
    Variable(
        "REZUP_HOOK",
        "The event for which a hook runs. Set in the commands of hooks: a rezup that they start starts no hooks.",
        "unset",
    ),
    Variable(
        "REZUP_EDIT_IN_PRODUCTION",
        "Accepted for rezup 2.x, and has no effect: an editable Rez is always a production install.",
        "unset",
    ),
)
SESSION_VARIABLES = (
    Variable("REZUP_CONTAINER", "The name of the session's container."),
    Variable("REZUP_REVISION", "The absolute path of the session's revision."),
    Variable("REZUP_USING_REMOTE", '"yes" if the revision comes from the remote root, else empty.'),
    Variable("REZUP_SESSION", "What the session has changed, as JSON, so that a nested `rezup use` can take it back."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment asks for. Paths have `~` expanded; None means that the environment does not say.

    The two roots are as the user wrote them, because a root may be a URL; see `storage.address`.
    """

    home: Path
    root_local: str
    root_remote: str | None
    recipes: Path
    default_shell: str | None
    python_path: tuple[Path, ...]
    wheelhouse: Path | None
    clean_after: str | None
    skip_init: bool

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings.

        Args:
            environ: usually `os.environ`, after the site-customize script has run.
        """
        home = home_folder(environ)

        def path(name: str) -> Path | None:
            value = environ.get(name)
            return absolute(value, environ) if value else None

        searched = environ.get("REZUP_PYTHON_PATH", "").split(os.pathsep)
        return cls(
            home=home,
            root_local=environ.get("REZUP_ROOT_LOCAL") or str(home / ".rezup"),
            root_remote=environ.get("REZUP_ROOT_REMOTE") or None,
            recipes=path("REZUP_RECIPES") or home,
            default_shell=environ.get("REZUP_DEFAULT_SHELL") or None,
            python_path=tuple(absolute(item, environ) for item in searched if item),
            wheelhouse=path("REZUP_WHEELHOUSE"),
            clean_after=environ.get("REZUP_CLEAN_AFTER") or None,
            skip_init=bool(environ.get("REZUP_SKIP_INIT")),
        )


def home_folder(environ: Mapping[str, str]) -> Path:
    """The user's home folder: HOME (USERPROFILE on Windows) if it is set, otherwise the folder that the system names."""
    value = environ.get("USERPROFILE" if os.name == "nt" else "HOME")
    return Path(value) if value else Path(os.path.expanduser("~"))


def state_folder(environ: Mapping[str, str]) -> Path:
    """The folder for what rezup notes for this user: in XDG_STATE_HOME, else in `~/.local/state`; on Windows in LOCALAPPDATA."""
    return _base_folder(environ, "XDG_STATE_HOME", ".local", "state")


def config_folder(environ: Mapping[str, str]) -> Path:
    """The folder of this user's configuration of rezup: in XDG_CONFIG_HOME, else in `~/.config`; on Windows in LOCALAPPDATA."""
    return _base_folder(environ, "XDG_CONFIG_HOME", ".config")


def _base_folder(environ: Mapping[str, str], variable: str, *below_home: str) -> Path:
    """rezup's folder in a base folder of the user, by the XDG Base Directory Specification, which ignores relative paths."""
    found = environ.get("LOCALAPPDATA" if os.name == "nt" else variable, "")
    above = Path(found) if os.path.isabs(found) else home_folder(environ).joinpath(*below_home)
    return above / "rezup"


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Expand a leading `~`, and `$VAR` and `${VAR}`, in a path; a variable that is not set stays as the user wrote it.

    Args:
        text: the path, as it stands in a variable or a recipe.
        environ: the values of the variables, and the home folder.
    """
    # Not `os.path.expandvars`: that one reads `os.environ` and not the environment that the caller gives.

    def value(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2)
        return environ.get(name, match.group(0))

    text = re.sub(r"\$(?:\{(\w+)\}|(\w+))", value, text)
    if text == "~" or text.startswith(("~/", "~\\")):
        return str(home_folder(environ)) + text[1:]
    return os.path.expanduser(text)


def absolute(text: str, environ: Mapping[str, str], base: Path | None = None) -> Path:
    """`text` as an absolute path, expanded.

    Args:
        text: a path, which may begin with `~` and hold variables.
        environ: for `expand`.
        base: the folder from which a relative path starts, by default the working folder.
    """
    expanded = expand(text, environ)
    if not os.path.isabs(expanded):
        expanded = os.path.join(base or os.getcwd(), expanded)
    return Path(os.path.normpath(expanded))
