"""Production scripts: found by Rez, and run from wherever they lie."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup_api.environments.production_scripts import MARKER, header, write_production_scripts
from rezup_api.errors import InstallError
from rezup_api.packages.installed import installed, recorded_digest
from rezup_api.packages.request import EnvironmentRequest, Requirement
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.store.layout import BIN, site_packages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")

TELL = """
import os, sys
def main():
    print(sys.prefix, sys.flags.ignore_environment, sys.flags.no_user_site, *sys.argv[1:], sep="|")
    return int(os.environ.get("STATUS", "0"))
class Holder: run = staticmethod(main)
"""


def distribution(packages: Path, name: str, scripts: str, version: str = "1.0", origin: str = "") -> None:
    """Install a distribution whose scripts tell how they were run."""
    module = name.replace("-", "_")
    metadata = packages / f"{module}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (packages / module).mkdir()
    (packages / module / "__init__.py").write_text("", encoding="utf-8")
    (packages / module / "cli.py").write_text(TELL, encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[console_scripts]\n{scripts}\n", encoding="utf-8")
    if origin:
        (metadata / "direct_url.json").write_text(f'{{"url": "{origin}"}}', encoding="utf-8")


def request(*tools: Requirement, flags: tuple[tuple[str, ...], ...] = (("-E",), ("-s",))) -> EnvironmentRequest:
    """An environment of these tools."""
    return EnvironmentRequest("rez", host_interpreter(), tools, (), (), "", flags[: len(tools)])


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment."""
    folder = tmp_path_factory.mktemp("bare") / "environment"
    subprocess.run([host_interpreter().executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder


@pytest.fixture
def environment(bare: Path, tmp_path: Path) -> Path:
    """An environment with a Rez that has scripts, completion files and a byte-code folder."""
    target = tmp_path / "a place with blanks and \u00fcml\u00e4uts" / "environment"
    shutil.copytree(bare, target, symlinks=True)
    packages = site_packages(target, sys.version_info[:3])
    distribution(packages, "rez", "rez = rez.cli:main\nrez-env = rez.cli:Holder.run\n_rez_fwd = rez.cli:main", "3.4.0")
    completion = packages / "rez" / "completion"
    (completion / "__pycache__").mkdir(parents=True)
    for name in ("complete.sh", "complete.csh", "__init__.py", "__pycache__/x.pyc"):
        (completion / name).write_text("# x\n", encoding="utf-8")
    for name in ("rez", "rez-env", "_rez_fwd"):
        (target / BIN / name).write_text("#!/installer/python\n", encoding="utf-8")
    return target


def tell(*command: str | Path, cwd: Path | None = None, **variables: str) -> list[str]:
    """What a script tells of how it was run."""
    done = subprocess.run(
        command, env={"PATH": os.defpath, **variables}, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == int(variables.get("STATUS", "0")), done.stderr
    assert done.stderr == ""
    return done.stdout.rstrip("\n").split("|")


def test_a_production_install(environment: Path) -> None:
    assert write_production_scripts(environment, request(Requirement("rez>=3", "rez"))) == "3.4.0"
    folder = environment / BIN / "rez"
    assert sorted(os.listdir(folder)) == [MARKER, "_rez_fwd", "rez", "rez-env"]
    assert (folder / MARKER).read_text(encoding="utf-8") == "3.4.0"
    assert not any((environment / BIN / name).is_file() for name in ("rez-env", "_rez_fwd")), "they are nowhere else"
    assert sorted(os.listdir(environment / "completion")) == ["complete.csh", "complete.sh"]


@pytest.mark.parametrize("name", ["rez", "rez-env", "_rez_fwd"])
def test_each_script_runs_in_its_environment(environment: Path, name: str) -> None:
    write_production_scripts(environment, request(Requirement("rez", "rez")))
    assert tell(environment / BIN / "rez" / name, "a b", "", "'$x'") == [str(environment), "1", "0", "a b", "", "'$x'"]


def test_the_status_is_that_of_the_entry_point(environment: Path) -> None:
    write_production_scripts(environment, request(Requirement("rez", "rez"), flags=((),)))
    tell(environment / BIN / "rez" / "rez", STATUS="7")


def test_however_it_is_called(environment: Path, tmp_path: Path) -> None:
    write_production_scripts(environment, request(Requirement("rez", "rez")))
    script = environment / BIN / "rez" / "rez-env"
    (tmp_path / "link to the script").symlink_to(script)
    (tmp_path / "relative").symlink_to(os.path.relpath(script, tmp_path))
    (tmp_path / "link of a link").symlink_to(tmp_path / "relative")
    (tmp_path / "tools").symlink_to(script.parent)
    (tmp_path / "bin").symlink_to(environment / BIN)
    (tmp_path / "whole").symlink_to(environment)
    other = tmp_path / "other" / BIN / "rez" / script.name
    other.parent.mkdir(parents=True)
    (tmp_path / "other" / "pyvenv.cfg").write_text("", encoding="utf-8")
    other.symlink_to(script)
    calls: list[tuple[tuple[str | Path, ...], Path | None, dict[str, str]]] = [
        ((script,), None, {}),
        ((f"./{script.name}",), script.parent, {}),
        ((f"../rez/{script.name}",), script.parent, {}),
        ((f"{BIN}/rez/{script.name}",), environment, {}),
        ((tmp_path / "link to the script",), None, {}),
        ((tmp_path / "link of a link",), None, {}),
        ((tmp_path / "tools" / script.name,), None, {}),
        ((tmp_path / "bin" / "rez" / script.name,), None, {}),
        ((other,), None, {}),
        (("/bin/sh", script), None, {}),
        (("/bin/sh", "-c", "rez-env"), None, {"PATH": f"{script.parent}:{os.defpath}"}),
        (("/bin/sh", "-c", "rez-env"), script.parent, {"PATH": f".:{os.defpath}"}),
    ]
    for command, cwd, variables in calls:
        assert tell(*command, cwd=cwd, **variables)[0] == str(environment), f"{command} in {cwd}"
    assert os.path.samefile(tell(tmp_path / "whole" / BIN / "rez" / script.name)[0], environment)


def test_moved_with_its_environment(environment: Path, tmp_path: Path) -> None:
    write_production_scripts(environment, request(Requirement("rez", "rez")))
    moved = tmp_path / "elsewhere"
    environment.rename(moved)
    assert tell(moved / BIN / "rez" / "rez")[0] == str(moved)


def test_longer_than_the_kernel_reads(environment: Path, tmp_path: Path) -> None:
    write_production_scripts(environment, request(Requirement("rez", "rez")))
    deep = tmp_path / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    environment.rename(deep / "environment")
    assert tell(deep / "environment" / BIN / "rez" / "rez")[0] == str(deep / "environment")


def test_another_environment_does_not_mislead(environment: Path, bare: Path) -> None:
    write_production_scripts(environment, request(Requirement("rez", "rez")))
    given = {"VIRTUAL_ENV": str(bare), "PATH": f"{bare / BIN}:{os.defpath}", "PYTHONHOME": "/nowhere"}
    assert tell(environment / BIN / "rez" / "rez", cwd=None, **given)[0] == str(environment)


def test_flags_are_those_of_each_tool(environment: Path) -> None:
    packages = site_packages(environment, sys.version_info[:3])
    distribution(packages, "rez-foo", "foo = rez_foo.cli:main")
    write_production_scripts(environment, request(Requirement("rez", "rez"), Requirement("rez-foo>=1", "rez-foo")))
    assert tell(environment / BIN / "rez" / "rez")[1:] == ["1", "0"]
    assert tell(environment / BIN / "rez" / "foo")[1:] == ["0", "1"]


@pytest.mark.parametrize(
    ("flags", "told"), [((), ["0", "0"]), (("-E", "-s"), ["1", "1"]), (("-W", "ignore::a b'$c:"), ["0", "0"])]
)
def test_flags_are_quoted(environment: Path, flags: tuple[str, ...], told: list[str]) -> None:
    write_production_scripts(environment, request(Requirement("rez", "rez"), flags=(flags,)))
    done = subprocess.run([environment / BIN / "rez" / "rez"], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip("\n").split("|")[1:] == told


def test_other_scripts_can_be_moved_too(environment: Path, tmp_path: Path) -> None:
    packages = site_packages(environment, sys.version_info[:3])
    distribution(packages, "lib", "unused = lib.cli:main")
    body = "from lib.cli import main\nimport sys\nsys.exit(main())\n"
    python = environment / BIN / "python"
    written = {
        "plain": f"#!{python}\n{body}",
        "quoted": f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n{body}",
        "shell": "#!/bin/sh\necho shell\n",
        "foreign": "#!/usr/bin/env perl\n",
    }
    for name, text in written.items():
        (environment / BIN / name).write_text(text, encoding="utf-8")
        (environment / BIN / name).chmod(0o755)
    (environment / BIN / "program").write_bytes(b"\x7fELF\0\xff")
    write_production_scripts(environment, request(Requirement("rez", "rez")))
    moved = tmp_path / "moved"
    environment.rename(moved)
    for name in ("plain", "quoted"):
        assert tell(moved / BIN / name, "x y") == [str(moved), "0", "0", "x y"]
    assert tell(moved / BIN / "shell") == ["shell"]
    assert (moved / BIN / "foreign").read_text(encoding="utf-8") == written["foreign"]
    assert (moved / BIN / "program").read_bytes() == b"\x7fELF\0\xff"
    assert (moved / BIN / "python").is_symlink()


def test_a_script_that_the_installer_shares_is_not_written_to(environment: Path, tmp_path: Path) -> None:
    cached = tmp_path / "cached"
    cached.write_text("#!/installer/bin/python\nprint()\n", encoding="utf-8")
    cached.chmod(0o755)
    os.link(cached, environment / BIN / "pip")
    write_production_scripts(environment, request(Requirement("rez", "rez")))
    assert cached.read_text(encoding="utf-8").startswith("#!/installer/bin/python\n")
    assert os.access(environment / BIN / "pip", os.X_OK)


def test_the_record_tells_of_the_scripts_that_there_are(environment: Path) -> None:
    packages = site_packages(environment, sys.version_info[:3])
    tool = environment / BIN / "tool"
    tool.write_text(f"#!{environment / BIN / 'python'}\nprint()\n", encoding="utf-8")
    up = os.path.relpath(environment / BIN, packages)
    record = packages / "rez-3.4.0.dist-info" / "RECORD"
    lines = ["rez/cli.py,sha256=stays,1", f"{up}/rez-env,sha256=x,1", f"{up}/tool,sha256=x,1", '"a, b.py",,']
    record.write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_production_scripts(environment, request(Requirement("rez", "rez")))
    told = installed(packages)["rez"].record()
    assert told == {"rez/cli.py": "sha256=stays", f"{up}/tool": recorded_digest(tool), "a, b.py": ""}


def test_found_by_where_it_came_from(environment: Path) -> None:
    packages = site_packages(environment, sys.version_info[:3])
    distribution(packages, "real-name", "tool = real_name.cli:main", origin="file:///dev/other")
    distribution(packages, "from-git", "gittool = from_git.cli:main", origin="https://h/from-git")
    tools = (
        Requirement("rez", "rez"),
        Requirement("file:///dev/other", "other"),
        Requirement("git+https://h/from-git@main#egg=x", "mine"),
    )
    write_production_scripts(environment, request(*tools, flags=((), (), ())))
    assert {"tool", "gittool"} <= set(os.listdir(environment / BIN / "rez"))


def test_a_name_that_nothing_has(environment: Path) -> None:
    with pytest.raises(InstallError, match="did not bring a distribution named 'foo'") as caught:
        write_production_scripts(environment, request(Requirement("rez", "rez"), Requirement("https://h/x.zip", "foo")))
    assert "rez" in caught.value.hint


@pytest.mark.parametrize("scripts", ["bad = rez.cli", "bad = rez cli:main", "../bad = rez.cli:main", "bad = :main"])
def test_scripts_that_make_no_sense(environment: Path, scripts: str) -> None:
    distribution(site_packages(environment, sys.version_info[:3]), "odd", scripts)
    with pytest.raises(InstallError, match="of odd has an invalid entry point"):
        write_production_scripts(environment, request(Requirement("rez", "rez"), Requirement("odd", "odd")))


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.13"])
def test_python_takes_the_lines_of_the_shell_for_a_string(
    need_python: Callable[[str], Path], tmp_path: Path, version: str
) -> None:
    path = tmp_path / "script"
    path.write_text(header("rez/rez", ["-E"]) + "print('reached')\n", encoding="utf-8")
    done = subprocess.run([need_python(version), path], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("reached\n", "")
