"""The example recipes that this machine can build, each as a user does: `recipe init --example`, `add`, `use`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.e2e.repositories import package
from tests.e2e.test_recipes import TELL, check_rez, plugin, rez_versions
from tests.packages import project

from rezup_api.recipe.starter import examples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tools of POSIX")


def start(machine: Machine, name: str, container: str = "dev") -> None:
    """Write an example as the recipe of a container, and build it."""
    told = machine.run("recipe", "init", container, "--example", name).stdout
    path = machine.home / f"rezup.{container}.toml"
    assert told == f"Wrote {path}\n"
    first, _, text = path.read_bytes().partition(b"\n")
    assert first.startswith(b"#:schema file:///")
    assert text == examples()[name].read_bytes()
    machine.run("recipe", "check", container)
    machine.run("add", container, "--skip-use")


def test_what_is_there_stays_as_it_is(machine: Machine) -> None:
    path = machine.recipe("# mine\n", "dev")
    machine.run("recipe", "init", "dev", "--example", "vanilla", status=2)
    assert path.read_text(encoding="utf-8") == "# mine\n"
    assert f"there are: {', '.join(examples())}" in machine.run("recipe", "init", "--example", status=2).stderr
    assert "did you mean vanilla" in machine.run("recipe", "init", "--example", "vanila", status=2).stderr
    assert not (machine.home / "rezup.toml").exists()


def test_vanilla(machine: Machine) -> None:
    start(machine, "vanilla")
    check_rez(machine, "dev")


@pytest.mark.slow
def test_development(machine: Machine, rez_sources: Path) -> None:
    sources = shutil.copytree(rez_sources, machine.home / "dev" / "rez")
    plugin(machine.home / "dev" / "rez-studio", "the studio's")
    browser = machine.home / "dev" / "rez-browser"
    project(browser, "rez-browser", {"browser.py": TELL.format(told="'browses'")})
    setup = browser / "setup.py"
    scripts = "py_modules=['browser'], entry_points={'console_scripts': ['browse = browser:main']},"
    text = setup.read_text(encoding="utf-8").replace("entry_points={},", scripts)
    setup.write_text(text, encoding="utf-8")
    start(machine, "development")
    assert set(rez_versions(machine, "dev")) == {"rez", "rez-browser"}
    check_rez(machine, "dev")
    assert machine.run("use", "dev", "--", "rez", "hello").stdout == "the studio's\n"
    assert "browses" in machine.run("use", "dev", "--", "browse").stdout
    version = sources / "src" / "rez" / "utils" / "_version.py"
    version.write_text(version.read_text(encoding="utf-8").replace("3.4.0", "3.4.0.mine"), encoding="utf-8")
    assert check_rez(machine, "dev") == "3.4.0.mine", "an edit shows at once"
    asked = "from rez.config import config; print(config.release_packages_path)"
    assert machine.run("use", "dev", "--", "rez-python", "-c", asked).stdout == f"{machine.home}/dev/packages\n"


@pytest.mark.slow
def test_rez_pip(machine: Machine, need_python: Callable[[str], Path]) -> None:
    start(machine, "rez-pip", "pip")
    check_rez(machine, "pip")
    python = package(
        machine.home / "packages", "python", "3.11", "def commands():\n    env.PATH.prepend('{root}/bin')\n"
    )
    (python / "bin").mkdir()
    (python / "bin" / "python").symlink_to(need_python("3.11"))
    head = examples()["rez-pip"].read_text(encoding="utf-8").partition("\n\n")[0]
    (command,) = re.findall(r"^#   rezup (use .* rez pip2 .*)$", head, flags=re.MULTILINE)
    machine.run(*command.split(), REZ_DISABLE_HOME_CONFIG="1")
    assert list((machine.home / "packages" / "six").glob("*/package.py")), "where the recipe says"
    asked = "python -c 'import six; print(six.__name__)'"
    assert machine.run("use", "pip", "--", "rez-env", "--quiet", "six", "python", "-c", asked).stdout == "six\n"


@pytest.mark.slow
def test_air_gapped(machine: Machine, new_machine: Callable[[], Machine]) -> None:
    networked = new_machine()
    start(networked, "vanilla")
    head = examples()["air-gapped"].read_text(encoding="utf-8")
    command = re.findall(r"^#   pip (download .*?)  +#", head, flags=re.MULTILINE)[0].replace("~", str(machine.home))
    pip = networked.revisions("dev")[0] / "venv" / "rez" / "bin" / "pip"
    subprocess.run([pip, "--quiet", *command.split()], env=networked.environ, check=True, capture_output=True)
    machine.variables.update(dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"))
    (machine.root / ".cache").unlink()  # nothing was ever downloaded here
    start(machine, "air-gapped", "prod")
    check_rez(machine, "prod")
    machine.run("use", "prod", "--", "rez-python", "-c", "import six")


@pytest.mark.slow
def test_python27(machine: Machine, python_27: Callable[[Machine], None]) -> None:
    python_27(machine)
    project(
        machine.home / "dev" / "publisher",
        "publisher",
        {"publisher/__init__.py": TELL.format(told="__import__('rez').__version__")},
        entry_points={"console_scripts": ["publisher = publisher:main"]},
    )
    start(machine, "python27", "legacy")
    versions = rez_versions(machine, "legacy")
    assert versions["publisher"][1].startswith("2.7.")
    assert versions["rez"][0].startswith("3.")
    assert machine.run("use", "legacy", "--", "publisher").stdout.startswith(f"2.7 {versions['publisher'][0]} ")


@pytest.mark.parametrize(("name", "python"), [("vfx-2025", "3.11"), ("vfx-2026", "3.13")])
def test_the_vfx_platforms(
    machine: Machine, tmp_path: Path, need_python: Callable[[str], Path], name: str, python: str
) -> None:
    need_python(python)
    start(machine, name, name)
    assert rez_versions(machine, name)["rez"][1].startswith(f"{python}.")
    packages = tmp_path / "packages"
    for version in ("3.9", "3.11", "3.13", "3.14"):
        package(packages, "python", version)
    resolved = "import sys; from rez.resolved_context import ResolvedContext as C; "
    resolved += "print(*(p.qualified_name for p in C(['python'], package_paths=sys.argv[1:]).resolved_packages))"
    assert machine.run("use", name, "--", "rez-python", "-c", resolved, str(packages)).stdout == f"python-{python}[]\n"
