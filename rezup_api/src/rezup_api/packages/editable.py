"""Find the editable projects for which setuptools must write a plain path.

By default setuptools writes an import finder for an editable project. That finder hides a flat-layout `rezplugins` from Rez, and
doubles the time in which the interpreter starts. Its older way, a plain path in a .pth file ("compat"), has neither fault. For an
editable Rez itself see `environments/rez_links`.
"""

from __future__ import annotations

import ast
import re
import warnings
from configparser import ConfigParser, Error as ConfigParserError
from typing import TYPE_CHECKING, Any

from rezup_api.disk.documents import parse_toml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup_api.packages.request import EnvironmentRequest

# https://setuptools.pypa.io/en/latest/userguide/development_mode.html
PLAIN_PATH = "editable_mode=compat"
# https://packaging.python.org/en/latest/specifications/name-normalization/
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def plain_path_projects(request: EnvironmentRequest) -> list[str]:
    """The names of the editable projects that setuptools builds; other build backends may refuse its settings.

    A recipe may give an extension another name than its project has. Then the result has both names, because the installers look
    for the project's own one.
    """
    named = []
    for requirement in request.requirements:
        if requirement.editable and requirement.local is not None:
            project = _document(requirement.local / "pyproject.toml")
            if _built_by_setuptools(project):
                named += [requirement.name, *_declared(requirement.local, project)]
    return list(dict.fromkeys(named))


def _document(path: Path) -> Mapping[str, Any]:
    try:
        return parse_toml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _built_by_setuptools(project: Mapping[str, Any]) -> bool:
    """Whether setuptools builds a project; it also builds one that names no backend (PEP 517)."""
    return "setuptools" in str(_table(project, "build-system").get("build-backend", "setuptools"))


def _declared(folder: Path, project: Mapping[str, Any]) -> list[str]:
    """The name that a project gives itself, from the files where setuptools looks; empty if only running `setup.py` tells it."""
    found = (
        _table(project, "project").get("name")
        or _name_in_code(folder / "setup.py")
        or _name_in_settings(folder / "setup.cfg")
    )
    return [found] if isinstance(found, str) and _NAME.fullmatch(found) else []


def _name_in_code(file: Path) -> object:
    """The name in the call of `setup`, where it is a literal; None otherwise."""
    try:
        with warnings.catch_warnings():
            # Old code has invalid escape sequences and the like. They are not the user's fault and not our business.
            warnings.simplefilter("ignore")
            tree = ast.parse(file.read_bytes())  # parsed and not run: the file may do anything
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
