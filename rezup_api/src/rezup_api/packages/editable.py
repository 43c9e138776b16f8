"""Editable installs: extensions that Rez finds, and a Rez that stays a production install.

setuptools' import finder hides a flat-layout `rezplugins` from Rez and doubles every start of the interpreter; its older way, a
plain path in a .pth file, does neither.

A modern editable install leaves only a path in a .pth file; Rez then looks for its scripts beside its sources, finds none, and
drops production behaviour. Links of its packages in `site-packages` keep the place from which Rez looks.
"""

from __future__ import annotations

import ast
import re
import warnings
from configparser import ConfigParser, Error as ConfigParserError
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.packages.request import EnvironmentRequest

# https://setuptools.pypa.io/en/latest/userguide/development_mode.html
PLAIN_PATH = "editable_mode=compat"
# https://packaging.python.org/en/latest/specifications/name-normalization/
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def plain_path_projects(request: EnvironmentRequest) -> list[str]:
    """The editable projects that setuptools builds, by name; other build backends may refuse its settings.

    A recipe may call an extension otherwise than its project calls itself; both names are given.
    """
    named = []
    for requirement in request.requirements:
        if requirement.editable and requirement.local is not None:
            project = _document(requirement.local / "pyproject.toml")
            if _built_by_setuptools(project):
                named += [requirement.name, *_declared(requirement.local, project)]
    return list(dict.fromkeys(named))


def _document(path: Path) -> Mapping[str, Any]:
    import tomli

    try:
        return tomli.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _built_by_setuptools(project: Mapping[str, Any]) -> bool:
    """Whether it is; so is a project that names no backend (PEP 517)."""
    return "setuptools" in str(_table(project, "build-system").get("build-backend", "setuptools"))


def _declared(folder: Path, project: Mapping[str, Any]) -> list[str]:
    """The name that a project gives itself, where setuptools looks for it; none where it is only known by running it."""
    found = (
        _table(project, "project").get("name")
        or _name_in_code(folder / "setup.py")
        or _name_in_settings(folder / "setup.cfg")
    )
    return [found] if isinstance(found, str) and _NAME.fullmatch(found) else []


def _name_in_code(file: Path) -> object:
    """What the call of `setup` names, where it is written there."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old code, which is not ours to judge
            tree = ast.parse(file.read_bytes())
    except (OSError, ValueError, SyntaxError):
        return None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("setup")]
    words = [word.value for call in calls for word in call.keywords if word.arg == "name"]
    return next((word.value for word in words if isinstance(word, ast.Constant)), None)


def _name_in_settings(file: Path) -> str | None:
    configured = ConfigParser(interpolation=None)
    try:
        configured.read(file, encoding="utf-8")
    except (OSError, ValueError, ConfigParserError):
        return None
    return configured.get("metadata", "name", fallback=None)
