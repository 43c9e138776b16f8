"""Write what an editor or a type checker has to know of a revision, so that `import rez` works there.

The text names the folders of one revision. A link that moves to the next one would not do: a language server, and programs that
are started from the editor, load modules long after they have begun.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from rezup_api.errors import NotFoundError, UsageError
from rezup_api.store.layout import BIN, platform_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rezup_api.store.revision import Revision

    Changes = Mapping[str, str | None]

# https://code.visualstudio.com/docs/reference/default-settings: `terminal.integrated.env.osx`
_TERMINALS = {"linux": "linux", "darwin": "osx", "windows": "windows"}
# https://microsoft.github.io/pyright/#/configuration?id=environment-options: `pythonPlatform`
_PLATFORMS = {"linux": "Linux", "darwin": "Darwin", "windows": "Windows"}
_MAIN = "rez"
EDITORS = ("vscode", "pyright")


def editor_settings(form: str, revision: Revision, changed: Changes, path: str) -> str:
    """The settings as JSON text.

    Args:
        form: one of `EDITORS`.
        revision: the revision.
        changed: the variables that a session in it changes; see `formats.changes`.
        path: the caller's PATH, which is replaced by a reference to that of the editor where the format has one.

    Raises:
        NotFoundError: the revision has no virtual environment that rezup knows, as those of rezup 1.x.
        UsageError: a value is not UTF-8.
    """
    environment = revision.path / "venv" / _MAIN
    packages = _site_packages(environment)
    if packages is None:
        raise NotFoundError(f"{revision} has no environment for an editor", "make a new revision: rezup add")
    text = json.dumps(_WRITERS[form](environment, packages, changed, path), indent=2, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"the format {form} cannot hold what is not UTF-8: {text[error.start - 20 : error.start]!r} ..."
        raise UsageError(message, "use --format sh, fish, csh or json") from error
    return text + "\n"


def _vscode(environment: Path, packages: Path, changed: Changes, path: str) -> dict[str, Any]:
    """For `settings.json` of Visual Studio Code. Its terminals get the variables of the session, and PATH behind the tools.

    Activating the environment in them would put its unwrapped scripts before those of a session.
    """
    variables = dict(changed)
    found = variables.get("PATH")
    if found and path and found.endswith(os.pathsep + path):
        variables["PATH"] = found[: -len(path)] + "${env:PATH}"
    return {
        "python.defaultInterpreterPath": str(environment / BIN / ("python.exe" if os.name == "nt" else "python")),
        "python.terminal.activateEnvironment": False,
        "python.analysis.extraPaths": [str(packages), *linked_folders(packages)],
        f"terminal.integrated.env.{_TERMINALS[platform_name()]}": variables,
    }


def _pyright(environment: Path, packages: Path, _changed: Changes, _path: str) -> dict[str, Any]:
    """For `pyrightconfig.json`."""
    version = re.search(r"python([0-9]+\.[0-9]+)", packages.parent.name)
    return {
        "venvPath": str(environment.parent),
        "venv": environment.name,
        "extraPaths": linked_folders(packages),
        **({"pythonVersion": version[1]} if version else {}),
        "pythonPlatform": _PLATFORMS[platform_name()],
    }


def _site_packages(environment: Path) -> Path | None:
    """Where the packages of an environment are; None if it is none."""
    candidates = [environment / "Lib" / "site-packages", *sorted(environment.glob("lib/python*/site-packages"))]
    return next((path for path in candidates if path.is_dir()), None)


def linked_folders(packages: Path) -> list[str]:
    """The folders to which the packages of an environment are linked: shared libraries, and the sources of what is editable.

    Args:
        packages: the environment's folder of packages. A `.pth` file in it has a folder on each line (the module `site`).
    """
    found = []
    for file in sorted(packages.glob("*.pth")):
        for line in file.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            text = line.strip()
            if text and not text.startswith(("#", "import ", "import\t")):
                folder = os.path.normpath(packages / text)
                if os.path.isdir(folder):
                    found.append(folder)
    return list(dict.fromkeys(found))


_WRITERS: Mapping[str, Callable[[Path, Path, Changes, str], dict[str, Any]]] = {"vscode": _vscode, "pyright": _pyright}
