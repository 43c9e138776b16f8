"""What an installer of Rez can break: tools, nesting, suites, the package cache, bundles, pip, releases; all from outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.repositories import package

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.repositories import RezUser
    from tests.e2e.rez.conftest import Installed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tools and shells of POSIX")

TOOL = 'tools = ["paint"]\ndef commands():\n    env.PATH.prepend("{root}/bin")\n    env.PAINT_ROOT = "{root}"\n'
PAINT = {"bin/paint": "#!/bin/sh\necho painting with $REZ_PAINT_VERSION\n"}
# Console scripts of Rez 3.4.0.
SCRIPTS = 33


def test_all_tools_are_on_path_and_say_that_they_are_production(user: RezUser, installed: Installed) -> None:
    folder = installed.revision / "venv" / "rez" / "bin" / "rez"
    tools = sorted(path.name for path in folder.iterdir() if os.access(path, os.X_OK) and not path.name.startswith("."))
    assert len([name for name in tools if name.startswith(("rez", "_rez"))]) >= SCRIPTS
    assert {"rez", "rez-env", "rez-build", "rez-pip", "rez-pip2", "rez-python", "_rez_fwd"} <= set(tools)
    found = user.told("sh", "-c", f"for tool in {' '.join(tools)}; do command -v $tool; done").splitlines()
    assert found == [str(folder / name) for name in tools]
    # Inside a context as well, for that is how they nest.
    assert user.inside("", "command -v rez-env") == str(folder / "rez-env")
    done = user.run("rez", "status")
    assert "pip-based" not in done.stdout + done.stderr
    assert user.told("rez", "--version").split()[1] == "3.4.0"


def test_the_python_of_rez_is_nobody_elses(user: RezUser, installed: Installed) -> None:
    """`rez-bind` and packages look for `python` on PATH; what they find must not be Rez's own environment."""
    for told in (
        user.told("sh", "-c", "command -v python python3 || true"),
        user.inside("", "command -v python3 || true"),
    ):
        assert str(installed.revision) not in told
    version = "import sys; print('%d.%d' % sys.version_info[:2], sys.flags.ignore_environment)"
    assert user.told("rez-python", "-c", version) == f"{installed.python} 1"


@pytest.mark.parametrize("variable", ["PYTHONHOME", "PYTHONPATH"])
def test_packages_that_set_what_python_reads_do_not_break_the_tools(user: RezUser, variable: str) -> None:
    broken = user.folder / "broken"
    broken.mkdir()
    (broken / "json.py").write_text("raise SystemExit('taken from the package')", encoding="utf-8")
    package(user.released, "old", "1.0", f"def commands():\n    env.{variable} = {str(broken)!r}\n")
    package(user.released, "paint", "1.0", TOOL, PAINT)
    assert "old-1.0" in user.inside("old", "rez-context")
    assert user.inside("old", "rez-env --quiet paint -c paint") == "painting with 1.0"
    assert user.inside("old", "rez-search paint") == "paint-1.0"


def test_contexts_nest(user: RezUser) -> None:
    package(
        user.released,
        "outer",
        "1.0",
        "def commands():\n    env.PATH.prepend('{root}/bin')\n",
        {"bin/only": "#!/bin/sh\n"},
    )
    package(user.released, "paint", "1.0", TOOL, PAINT)
    inner = "rez-env --quiet paint -c 'echo $REZ_USED_RESOLVE; rez-context --tools; command -v only || echo gone'"
    told = user.inside("outer", f"command -v only; {inner}").splitlines()
    assert told[0].endswith("outer/1.0/bin/only")
    assert told[1] == "paint-1.0"
    assert "paint" in told[-2]
    assert told[-1] == "gone"
    third = "rez-env --quiet paint -c \"rez-env --quiet outer -c 'echo \\$REZ_USED_RESOLVE'\""
    assert user.inside("", third) == "outer-1.0"


def test_suites(user: RezUser) -> None:
    package(user.released, "paint", "1.0", TOOL, PAINT)
    suite, context = user.folder / "a suite", user.folder / "painting.rxt"
    user.run("rez-env", "paint", "--output", str(context))
    user.run("rez-suite", "--create", str(suite))
    user.run("rez-suite", "--add", str(context), "--context", "painting", str(suite))
    tool = suite / "bin" / "paint"
    assert tool.read_text(encoding="utf-8").startswith("#!/usr/bin/env _rez_fwd")
    assert user.told(str(tool)) == "painting with 1.0"
    path = f"{suite / 'bin'}{os.pathsep}{os.environ['PATH']}"
    assert user.told("sh", "-c", "paint; rez-env --quiet -c paint", PATH=path).splitlines() == ["painting with 1.0"] * 2


def test_the_package_cache(user: RezUser) -> None:
    cache = user.folder / "cache"
    cache.mkdir()
    package(user.released, "paint", "1.0", TOOL, PAINT)
    user.variables.update(
        REZ_CACHE_PACKAGES_PATH=str(cache),
        REZ_DEFAULT_CACHABLE="true",
        REZ_PACKAGE_CACHE_SAME_DEVICE="true",  # by default, what lies on the same disk is not worth a copy
    )
    asked = "from rez.packages import get_package as get; print(next(get('paint', '1.0').iter_variants()).uri)"
    uri = user.told("rez-python", "-c", asked)
    user.run("rez-pkg-cache", "--add-variants", uri)
    assert "paint-1.0" in user.told("rez-pkg-cache")
    root = user.inside("paint", "echo $PAINT_ROOT; paint").splitlines()
    assert root[0].startswith(str(cache))
    assert root[1] == "painting with 1.0"


def test_bundles_run_without_their_repository(user: RezUser) -> None:
    package(user.released, "paint", "1.0", TOOL, PAINT)
    context, bundle = user.folder / "painting.rxt", user.folder / "bundle"
    user.run("rez-env", "paint", "--output", str(context))
    user.run("rez-bundle", str(context), str(bundle))
    shutil.rmtree(user.released / "paint")
    told = user.told("rez-env", "--quiet", "--input", str(bundle / "context.rxt"), "-c", "echo $PAINT_ROOT; paint")
    assert told.splitlines() == [str(bundle / "packages" / "paint" / "1.0"), "painting with 1.0"]


@pytest.fixture
def python_package(user: RezUser, installed: Installed, need_python: Callable[[str], Path]) -> None:
    """A package of the interpreter, as `rez-bind python` makes one."""
    folder = package(user.released, "python", installed.python, "def commands():\n    env.PATH.prepend('{root}/bin')\n")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(need_python(installed.python))


@pytest.mark.usefixtures("python_package")
@pytest.mark.parametrize("command", ["rez-pip --install", "rez pip2 --python-version {python}"])
def test_pip_makes_packages(user: RezUser, installed: Installed, command: str) -> None:
    """By the pip of Rez's own environment, which `rez-pip` imports, and by the extension rez-pip."""
    user.run(*command.format(python=installed.python).split(), "six==1.17.0")
    assert user.told("rez-search", "six") == "six-1.17.0"
    asked = "import six; print(six.__version__)"
    assert user.inside("six python", f'python -c "{asked}"') == "1.17.0"


def test_a_release_from_git(user: RezUser, need_program: Callable[[str], Path]) -> None:
    need_program("git")
    text = 'name = "paint"\nversion = "1.0"\nbuild_command = False\n' + TOOL
    folder = user.source("paint", text)
    origin = user.folder / "origin.git"
    identity = ("-c", "user.name=ana", "-c", "user.email=ana@example.com")
    for words in (
        ("init", "--quiet", "--bare", str(origin)),
        ("-C", str(folder), "init", "--quiet", "--initial-branch=main"),
        ("-C", str(folder), "add", "."),
        ("-C", str(folder), *identity, "commit", "--quiet", "-m", "first"),
        ("-C", str(folder), "remote", "add", "origin", str(origin)),
        ("-C", str(folder), "push", "--quiet", "--set-upstream", "origin", "main"),
    ):
        subprocess.run(["git", *words], check=True, capture_output=True)
    user.variables.update(GIT_COMMITTER_NAME="ana", GIT_COMMITTER_EMAIL="ana@example.com")
    user.run("rez-release", "--message", "the first one", cwd=folder)
    assert (user.released / "paint" / "1.0" / "package.py").is_file()
    listed = subprocess.run(["git", "-C", str(origin), "tag"], check=True, capture_output=True, text=True).stdout
    assert listed.split() == ["paint-1.0"]
    again = user.run("rez-release", "--message", "again", cwd=folder, status=None)
    assert "exists" in again.stdout + again.stderr, "nothing is released twice"


def test_contexts_are_saved_and_told(user: RezUser) -> None:
    package(user.released, "paint", "1.0", TOOL, PAINT)
    context = user.folder / "painting.rxt"
    user.run("rez-env", "paint", "--output", str(context))
    saved = json.loads(context.read_text(encoding="utf-8"))
    assert saved["package_requests"] == ["paint"]
    assert Path(saved["rez_path"]).name == "rez"
    assert "paint-1.0" in user.told("rez-context", str(context))
    assert user.told("rez-env", "--quiet", "--input", str(context), "-c", "paint") == "painting with 1.0"
