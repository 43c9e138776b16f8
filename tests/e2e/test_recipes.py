"""Recipes of many kinds: each builds, runs, and gives what it says."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import Machine
from tests.packages import project, wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="recipes with paths and scripts of POSIX")

REZ = "rez==3.4.0"
TELL = """\
import sys
def main():
    told = sys.version_info[:2] + ({told}, sys.flags.ignore_environment)
    sys.stdout.write("%d.%d %s %d\\n" % told)
"""
PATHS = "from rez.plugin_managers import extend_path\n__path__ = extend_path(__path__, __name__)\n"
HELLO = '''"""Say hello."""
from rez.command import Command
def setup_parser(parser, completions=False):
    pass
def command(opts, parser=None, extra_arg_groups=None):
    print("{said}")
class CommandHello(Command):
    schema_dict = {{}}
    @classmethod
    def name(cls):
        return "hello"
def register_plugin():
    return CommandHello
'''
ASK_REZ = "import rez, rez.system; print(rez.__version__, rez.system.system.is_production_rez_install, rez.__file__)"


def rez_versions(machine: Machine, container: str = ".main") -> dict[str, tuple[str, str]]:
    """What the newest revision records: environment → versions of Rez and Python."""
    text = (machine.revisions(container)[-1] / "revision.json").read_text(encoding="utf-8")
    return {item["name"]: (item["rez"], item["python"]) for item in json.loads(text)["environments"]}


def check_rez(machine: Machine, container: str = ".main") -> str:
    """Run the Rez of a container: a context in another one, production, no complaint. Its version, as it says itself."""
    inside = "rez-env --shell sh -c 'echo nested $REZ_USED_VERSION'"
    done = machine.run("use", container, "--", "rez-env", "--shell", "sh", "-c", inside)
    assert "nested" in done.stdout
    assert "pip-based" not in done.stdout + done.stderr
    assert "True" in machine.run("use", container, "--", "rez-python", "-c", ASK_REZ).stdout.split()
    return machine.run("use", container, "--", "rez", "--version").stdout.split()[1]


def plugin(folder: Path, said: str) -> Path:
    """A project in flat layout with a command for Rez, found through its `rezplugins` folder."""
    files = {
        "rez_hello/__init__.py": "",
        "rez_hello/rezplugins/__init__.py": PATHS,
        "rez_hello/rezplugins/command/__init__.py": PATHS,
        "rez_hello/rezplugins/command/hello.py": HELLO.format(said=said),
    }
    return project(folder, "rez-hello", files)


@pytest.mark.slow
def test_an_isolated_extension_of_python_2_7(
    machine: Machine, python_27: Callable[[Machine], None], tmp_path: Path
) -> None:
    python_27(machine)
    told = TELL.format(told="__import__('rez').__version__")
    project(
        tmp_path / "old tool",
        "old-tool",
        {"old_tool/__init__.py": told},
        requires=["six"],
        entry_points={"console_scripts": ["old-tool = old_tool:main"]},
    )
    machine.recipe(
        f"""
        [rez]
        url = "rez>=2.83"
        python = 3.11
        [[extension]]
        name = "old-tool"
        url = "{tmp_path}/old tool"
        isolation = true
        python = 2.7
        flags = []
        """
    )
    machine.run("add")
    versions = rez_versions(machine)
    assert versions["old-tool"][0].startswith("2."), "the last Rez for Python 2.7"
    assert versions["old-tool"][1].startswith("2.7.")
    assert versions["rez"][0].startswith("3.")
    assert check_rez(machine) == versions["rez"][0]
    assert machine.run("use", "--", "old-tool").stdout == f"2.7 {versions['old-tool'][0]} 0\n"
    assert list(machine.revisions()[0].glob("venv/old-tool/lib/python2.7/site-packages/rez/**/*.pyc"))
    # The second one is cheap, and as good.
    machine.run("add")
    assert machine.run("use", "--", "old-tool").stdout.startswith("2.7 2.")


def test_an_isolated_extension_of_the_same_python(machine: Machine, tmp_path: Path) -> None:
    told = TELL.format(told="six.__name__").replace("def main", "import six\ndef main")
    entry = "[console_scripts]\napart = apart:main\n"
    path = wheel(tmp_path, "apart", {"apart.py": told}, requires=["six"], entry_points=entry)
    machine.recipe(f'[rez]\nurl = "{REZ}"\n[[extension]]\nname = "apart"\nurl = "{path}"\nisolation = true')
    machine.run("add")
    assert set(rez_versions(machine)) == {"rez", "apart"}
    assert machine.run("use", "--", "apart").stdout.endswith(" six 1\n")
    asked = "import importlib.util as u; print(u.find_spec('six'), u.find_spec('apart'))"
    assert machine.run("use", "--", "rez-python", "-c", asked).stdout == "None None\n"
    check_rez(machine)


@pytest.mark.parametrize("engine", ["uv", pytest.param("pip", marks=pytest.mark.whole)])
def test_an_editable_extension(machine: Machine, tmp_path: Path, engine: str) -> None:
    checkout = plugin(tmp_path / "a checkout", "hello")
    machine.recipe(
        f"""
        [rez]
        url = "{REZ}"
        [[extension]]
        name = "rez-hello"
        url = "{checkout}"
        edit = true
        [pip]
        engine = "{engine}"
        """
    )
    machine.run("add")
    assert machine.run("use", "--", "rez", "hello").stdout == "hello\n"
    # An edit shows at once.
    plugin(checkout, "good day, edited")
    assert machine.run("use", "--", "rez", "hello").stdout == "good day, edited\n"
    check_rez(machine)


def test_an_editable_rez(machine: Machine, rez_sources: Path, tmp_path: Path) -> None:
    rez = shutil.copytree(rez_sources, tmp_path / "my rez")
    extension = plugin(tmp_path / "hello", "hello")
    machine.recipe(
        f"""
        [rez]
        url = "{rez}"
        edit = true
        [[extension]]
        name = "rez-hello"
        url = "{extension}"
        edit = true
        """
    )
    sources = {path: path.read_bytes() for path in (rez / "src").rglob("*.py")}
    machine.run("add")
    assert sources == {path: path.read_bytes() for path in (rez / "src").rglob("*.py")}
    assert check_rez(machine) == "3.4.0"
    assert machine.run("use", "--", "rez", "hello").stdout == "hello\n"
    version = rez / "src" / "rez" / "utils" / "_version.py"
    version.write_text(version.read_text(encoding="utf-8").replace("3.4.0", "3.4.0.mine"), encoding="utf-8")
    assert check_rez(machine) == "3.4.0.mine", "an edit shows at once"


@pytest.mark.parametrize("version", ["3.8", "3.12", "3.13"])
def test_each_python(machine: Machine, need_python: Callable[[str], Path], version: str) -> None:
    need_python(version)
    machine.recipe(f"[rez]\npython = {version}")
    machine.run("add")
    assert rez_versions(machine)["rez"][1].startswith(f"{version}.")
    check_rez(machine)
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    assert machine.run("use", "--", "rez-python", "-c", asked).stdout == f"{version}\n"


def test_an_interpreter_by_its_path(machine: Machine, need_python: Callable[[str], Path]) -> None:
    python = need_python("3.9")
    machine.recipe(f'[rez]\npython = "{python}"')
    machine.run("add")
    assert rez_versions(machine)["rez"][1].startswith("3.9.")
    check_rez(machine)


def test_a_root_with_blanks_and_umlauts(home: Path, warm_caches: Path, tmp_path: Path) -> None:
    root = tmp_path / "R\u00fcz W\u00fcrzel (neu) 'x'"
    root.mkdir()
    (root / ".cache").symlink_to(warm_caches, target_is_directory=True)
    machine = Machine(home, {"REZUP_ROOT_LOCAL": str(root)})
    extension = plugin(tmp_path / "a checkout", "hello")
    machine.recipe(f'[rez]\nurl = "{REZ}"\n[[extension]]\nname = "rez-hello"\nurl = "{extension}"\nlib = ["six"]')
    machine.run("add")
    check_rez(machine)
    assert machine.run("use", "--", "rez", "hello").stdout == "hello\n"
    machine.run("use", "--", "rez-python", "-c", "import six")
    assert len(machine.revisions()) == 1


@pytest.mark.parametrize("engine", ["uv", "pip"])
def test_libraries(machine: Machine, engine: str) -> None:
    machine.recipe(f'[rez]\nurl = "{REZ}"\nlib = ["six==1.16.0", "toml"]\n[pip]\nengine = "{engine}"')
    machine.run("add")
    asked = "import six, toml; print(six.__version__)"
    assert machine.run("use", "--", "rez-python", "-c", asked).stdout == "1.16.0\n"
    check_rez(machine)


def test_extensions_of_a_registry_with_flags_of_their_own(machine: Machine) -> None:
    machine.recipe(
        """
        [rez]
        url = "rez==3.4.0"
        flags = ["-E", "-s"]
        [[extension]]
        name = "rez-pip"
        url = "rez-pip==0.4.2"
        flags = ["-W", "ignore::UserWarning"]
        """
    )
    machine.run("add")
    check_rez(machine)
    assert "usage" in machine.run("use", "--", "rez", "pip2", "--help").stdout.lower()
    assert "usage" in machine.run("use", "--", "rez-pip", "--help").stdout.lower()
    tools = machine.revisions()[0] / "venv" / "rez" / "bin" / "rez"
    assert '/python" -E -s "$self"' in (tools / "rez-env").read_text(encoding="utf-8")
    assert '/python" -W ignore::UserWarning "$self"' in (tools / "rez-pip2").read_text(encoding="utf-8")


def test_all_of_an_environment_is_resolved_in_one_call(machine: Machine) -> None:
    # Installed one after the other, the second would replace Rez by a newer one and exit with 0.
    machine.recipe('[rez]\nurl = "rez==3.2.1"\npython = 3.11\nlib = ["rez-pip"]')
    done = machine.run("-D", "add")
    calls = [line for line in done.stderr.splitlines() if line.startswith("+ ") and " pip compile " in line]
    assert len(calls) == 1
    assert check_rez(machine) == "3.2.1"
    assert (machine.revisions()[0] / "venv" / "rez" / "bin" / "rez").is_dir()
