"""An engine that installs small wheels from a folder: no uv, no pip, no network; and the wheels that a revision is made of.

It does what `rezup_api.resolve.engine.Engine` asks for in a few milliseconds, so that a test can build whole environments.
"""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from dataclasses import dataclass, field
from email import message_from_string
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import tomli
import tomli_w
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.packages import wheel

from rezup_api.disk.files import digest_of
from rezup_api.errors import InstallError
from rezup_api.packages.versions import Versions
from rezup_api.store.layout import BIN, site_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rezup_api.events import Step
    from rezup_api.packages.request import EnvironmentRequest
    from rezup_api.pythons.interpreter import Interpreter
    from rezup_api.resolve.engine import LockRequest

# A Rez as far as the smoke test asks it: it tells its version, and `rez-env --shell sh -c COMMAND` runs the command.
REZ = """
import subprocess, sys
def main():
    print("Rez {version} from " + __file__)
    return {status}
def env():
    return subprocess.call(["/bin/sh", "-c", sys.argv[sys.argv.index("-c") + 1]])
"""
SCRIPTS = "[console_scripts]\nrez = rez.cli:main\nrez-env = rez.cli:env\n"


def rez_wheel(folder: Path, version: str = "3.4.0", *, status: int = 0, requires: Sequence[str] = ()) -> Path:
    """A wheel of a Rez that runs, or whose `rez` ends with another status."""
    files = {"rez/__init__.py": "", "rez/cli.py": REZ.format(version=version, status=status)}
    return wheel(folder, "rez", files, version=version, requires=requires, entry_points=SCRIPTS)


def library_wheel(
    folder: Path, name: str, version: str = "1.0", *, requires: Sequence[str] = (), text: str = ""
) -> Path:
    """A wheel of a library with one module."""
    module = name.replace("-", "_")
    return wheel(folder, name, {f"{module}/__init__.py": text or f"# {version}\n"}, version=version, requires=requires)


def index_of(folder: Path) -> Path:
    """A folder with the wheels that every environment needs: Rez and pip."""
    rez_wheel(folder)
    library_wheel(folder, "pip", "25.0")
    return folder


@dataclass
class Ready:
    """An answer that is there at once.

    Args:
        answer: calculated when it is asked for.
    """

    answer: Callable[[], Any]
    cancelled: bool = False

    def result(self) -> Any:
        """The answer."""
        return self.answer()

    def cancel(self) -> None:
        """Nobody asks any more."""
        self.cancelled = True


@dataclass
class FakeEngine:
    """Installs the wheels of a folder.

    Args:
        index: the folder.
        beside: folders of wheels that belong to what is made.
        locks: whether it can tell beforehand what it will install.
        spoiled: distributions whose next installation leaves a damaged file, as a damaged cache does.
        cached: whether it has a cache that can be told to forget them.
        calls: what was asked of it, in order.
    """

    index: Path
    beside: tuple[Path, ...] = ()
    locks: bool = True
    spoiled: set[str] = field(default_factory=set)
    cached: bool = True
    calls: list[str] = field(default_factory=list)
    asked: list[Ready] = field(default_factory=list)
    name: str = "fake"
    needs_pip: bool = False

    def lock(self, request: EnvironmentRequest, wanted: LockRequest, scratch: Callable[[str], Path]) -> Ready | None:
        """See `Engine.lock`."""
        self.calls.append("lock")
        return self._answer(lambda: tomli_w.dumps(self._document(request, wanted))) if self.locks else None

    def resolve(self, request: EnvironmentRequest, limits: Versions | None = None) -> Ready:
        """See `Engine.resolve`."""
        self.calls.append("resolve")
        asked = request.requirements if limits else (*request.requirements, *request.shared)
        kept = {line.partition("==")[0]: line.partition("==")[2] for line in limits.as_limits} if limits else {}
        return self._answer(lambda: _lasting(self._found([item.text for item in asked], kept)))

    def separate(
        self, request: EnvironmentRequest, together: Versions, scratch: Callable[[str], Path]
    ) -> tuple[Versions, Versions]:
        """See `Engine.separate`."""
        self.calls.append("separate")
        base: Versions = self.resolve(request, together).result()
        return together.among(base), together.without(base)

    def build_wheel(self, source: Path, folder: Path, interpreter: Interpreter, scratch: Callable[[str], Path]) -> None:
        """Make a wheel of a folder that has one package of its own name; see `Engine.build_wheel`."""
        self.calls.append(f"build_wheel {source.name}")
        if not (source / source.name / "__init__.py").is_file():
            raise InstallError(f"cannot build {source}")
        library_wheel(folder, source.name, text=(source / source.name / "__init__.py").read_text(encoding="utf-8"))

    def install(self, environment: Path, request: EnvironmentRequest, pins: Versions, step: Step) -> None:
        """See `Engine.install`."""
        self.calls.append("install")
        self._unpack(site_packages(environment, request.interpreter.version), environment / BIN, pins)

    def install_into(
        self, folder: Path, scratch: Callable[[str], Path], interpreter: Interpreter, pins: Versions
    ) -> None:
        """See `Engine.install_into`."""
        self.calls.append("install_into")
        self._unpack(folder, folder / "bin", pins)

    def forget(self, names: Sequence[str]) -> bool:
        """See `Engine.forget`."""
        if names:
            self.calls.append(f"forget {' '.join(names)}")
        return bool(names) and self.cached

    def _answer(self, answer: Callable[[], Any]) -> Ready:
        self.asked.append(Ready(answer))
        return self.asked[-1]

    def _document(self, request: EnvironmentRequest, wanted: LockRequest) -> dict[str, Any]:
        """A lock as uv writes it."""
        earlier = tomli.loads(wanted.earlier)["packages"] if wanted.earlier else []
        kept = {one["name"]: one["version"] for one in earlier if one["name"] not in wanted.upgrades}
        asked = (*request.requirements, *request.shared)
        files = self._found([item.text for item in asked if item.local is None], kept)
        packages = [_entry(path) for path in files]
        packages += [_local_entry(item.local) for item in asked if item.local is not None]
        return {"lock-version": "1.0", "created-by": "fake", "packages": sorted(packages, key=lambda one: one["name"])}

    def _found(self, lines: Sequence[str], kept: dict[str, str]) -> list[Path]:
        """The wheels of what is asked for, and of what that needs."""
        found: dict[str, Path] = {}
        ahead = [Requirement(line) for line in lines]
        while ahead:
            wanted = ahead.pop(0)
            name = canonicalize_name(wanted.name)
            if name not in found:
                found[name] = self._best(wanted, kept.get(name, ""))
                ahead += [Requirement(text) for text in metadata_of(found[name]).get_all("Requires-Dist", [])]
        return list(found.values())

    def _best(self, wanted: Requirement, kept: str) -> Path:
        fitting = {
            version: path
            for folder in (self.index, *self.beside)
            for path in sorted(folder.glob("*.whl"))
            for name, version in [_identity(path)]
            if name == canonicalize_name(wanted.name) and version in wanted.specifier
        }
        if not fitting:
            raise InstallError(f"the recipe's requirements cannot be resolved: there is no {wanted}")
        return fitting.get(kept) or fitting[max(fitting, key=lambda text: [int(part) for part in text.split(".")])]

    def _unpack(self, packages: Path, bin_folder: Path, pins: Versions) -> None:
        packages.mkdir(parents=True, exist_ok=True)
        for line in pins.lines:
            path = self._file(line)
            with zipfile.ZipFile(path) as archive:
                archive.extractall(packages)
                module = next(name for name in archive.namelist() if name.endswith("__init__.py"))
            name, version = _identity(path)
            _write_scripts(packages / f"{path.name.split('-')[0]}-{version}.dist-info", bin_folder)
            if name in self.spoiled:
                self.spoiled.remove(name)
                (packages / module).write_text("damaged", encoding="utf-8")

    def _file(self, line: str) -> Path:
        """The wheel of a pinned line."""
        if " @ file:" in line:
            return Path(unquote(urlsplit(line.partition(" @ ")[2].partition(" --hash")[0]).path))
        return self._best(Requirement(line.partition(" --hash")[0]), "")


def metadata_of(path: Path) -> Any:
    """The metadata of a wheel."""
    with zipfile.ZipFile(path) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(archive.read(name).decode())


def _identity(path: Path) -> tuple[str, str]:
    name, version = path.name.split("-")[:2]
    return canonicalize_name(name), version


def _entry(path: Path) -> dict[str, Any]:
    name, version = _identity(path)
    file = {"url": f"https://index.invalid/{path.name}", "hashes": {"sha256": digest_of(str(path))}}
    return {"name": name, "version": version, "wheels": [file]}


def _local_entry(path: Path) -> dict[str, Any]:
    archive = {"path": str(path), "hashes": {"sha256": digest_of(str(path))}}
    return {"name": _identity(path)[0], "archive": archive}


def _lasting(files: Sequence[Path]) -> Versions:
    lines = (
        f"{name}=={version} --hash=sha256:{digest_of(str(path))}"
        for path in files
        for name, version in [_identity(path)]
    )
    return Versions(tuple(sorted(lines)), lasting=True)


def _write_scripts(metadata: Path, folder: Path) -> None:
    """The console scripts as an installer writes them, and their lines in RECORD."""
    file = metadata / "entry_points.txt"
    names = [line.partition("=")[0].strip() for line in file.read_text().splitlines()[1:]] if file.is_file() else []
    for name in names:
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("#!/where/it/was/installed/python\n", encoding="utf-8")
    if names:
        rows = io.StringIO()
        csv.writer(rows, lineterminator="\n").writerows([f"../../../bin/{name}", "", ""] for name in names)
        with (metadata / "RECORD").open("a", encoding="utf-8") as stream:
            stream.write(rows.getvalue())


def project_folder(folder: Path, name: str, text: str = "") -> Path:
    """A folder that the engine can build a wheel of."""
    shutil.rmtree(folder / name, ignore_errors=True)
    (folder / name / name).mkdir(parents=True)
    (folder / name / name / "__init__.py").write_text(text, encoding="utf-8")
    return folder / name
