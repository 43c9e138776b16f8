"""What a studio has configured for pip holds, whichever engine installs; and no credential shows anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.packages import Index, wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.conftest import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="places of POSIX")
# pip reads its configuration itself; so of the many places, some are enough for it.
ENGINES = pytest.mark.parametrize("engine", ["uv", "pip"])
PRIVATE = "rezup-tests-private"
SECRET = "s3cr3t-0f-th3-stud10"
LOGIN = f"ana:{SECRET}"
PINS = '[rez]\nurl = "rez==3.4.0"\n'
ASK = ("use", "--", "rez-python", "-c", "import rezup_tests_private as p; print(p.VALUE)")
KEYRING = f"""\
#!/bin/sh
case "$1 $2 $3 $4 $5" in
"get "*" ana "*) echo {SECRET} ;;
"--mode=creds --output=json get "*) echo '{{"username": "ana", "password": "{SECRET}"}}' ;;
*) exit 1 ;;
esac
"""
SAYS_PIP = "pip installs this environment, because uv has no counterpart of"


@pytest.fixture(scope="session")
def offered(session_machine: Callable[[], Machine]) -> Path:
    """All that an index must offer for a container of Rez: the wheels of Rez and pip, and a private one."""
    machine = session_machine()
    home = machine.home
    machine.recipe(PINS)
    machine.run("add")
    pip = machine.revisions()[0] / "venv" / "rez" / "bin" / "pip"
    words = [str(pip), "download", "-q", "--no-deps", "-d", str(home / "wheels"), "rez==3.4.0", "pip"]
    subprocess.run(words, env=machine.environ, check=True, stdout=subprocess.DEVNULL)
    wheel(home / "wheels", PRIVATE, {"rezup_tests_private.py": "VALUE = 'private'\n"})
    return home / "wheels"


@pytest.fixture
def index(offered: Path) -> Iterator[Index]:
    """An index that everybody may read."""
    with Index(offered) as serving:
        yield serving


@pytest.fixture
def closed(offered: Path) -> Iterator[Index]:
    """An index that asks who one is."""
    with Index(offered, LOGIN, SECRET) as serving:
        yield serving


def recipe(machine: Machine, engine: str, options: str = "", more: str = "") -> None:
    """A recipe that needs the private package; `options` are TOML."""
    machine.recipe(f'{PINS}lib = ["{PRIVATE}"]\n[pip]\nengine = "{engine}"\noptions = [{options}]\n{more}')


def configure(machine: Machine, text: str) -> None:
    """Write the user's own pip.conf."""
    path = machine.home / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[global]\n{text}\n", encoding="utf-8")
    machine.variables["PIP_CONFIG_FILE"] = ""  # the machine that runs the tests may name another one, or none


def built(machine: Machine) -> str:
    """Build with the private package in it; all that is shown meanwhile."""
    done = machine.run("-D", "add")
    assert machine.run(*ASK).stdout == "private\n"
    return done.stdout + done.stderr


@ENGINES
def test_without_configuration_it_is_not_found(machine: Machine, engine: str) -> None:
    recipe(machine, engine)
    assert PRIVATE in machine.run("add", status=6).stderr
    assert machine.revisions() == []


@ENGINES
def test_the_index_in_place_of_the_default_one(machine: Machine, index: Index, engine: str) -> None:
    recipe(machine, engine)
    machine.variables |= {"PIP_INDEX_URL": index.url(), "PIP_FIND_LINKS": ""}
    built(machine)
    assert "/simple/rez/" in index.asked


@pytest.mark.parametrize(
    ("engine", "where"),
    [
        *(("uv", where) for where in ("user", "named", "variable", "recipe", "recipe's variable")),
        ("pip", "user"),
        *(pytest.param("pip", where, marks=pytest.mark.whole) for where in ("recipe", "recipe's variable")),
    ],
)
def test_a_further_index(machine: Machine, index: Index, engine: str, where: str) -> None:
    recipe(machine, engine)
    if where == "user":
        configure(machine, f"extra-index-url = {index.url()}\ntrusted-host = 127.0.0.1")
    elif where == "named":
        named = machine.home / "my pip.conf"
        named.write_text(f"[install]\nextra-index-url =\n  {index.url()}", encoding="utf-8")
        machine.variables["PIP_CONFIG_FILE"] = str(named)
    elif where == "variable":
        machine.variables["PIP_EXTRA_INDEX_URL"] = index.url()
    elif where == "recipe":
        recipe(machine, engine, f'"--extra-index-url {index.url()}", "--trusted-host", "127.0.0.1"')
    else:
        machine.variables["PLACE"] = index.url()
        recipe(machine, engine, more='[pip.env]\nPIP_EXTRA_INDEX_URL = "${PLACE}"')
    built(machine)
    assert f"/simple/{PRIVATE}/" in index.asked


@pytest.mark.parametrize(
    ("engine", "where"),
    [
        *(("uv", where) for where in ("variable", "recipe", "wheelhouse")),
        pytest.param("pip", "recipe", marks=pytest.mark.whole),
        ("pip", "wheelhouse"),
    ],
)
def test_a_folder_of_wheels(machine: Machine, offered: Path, tmp_path: Path, engine: str, where: str) -> None:
    folder = shutil.copytree(offered, tmp_path / ("wheels" if where == "variable" else "all our wheels"))
    recipe(machine, engine, f'"--find-links={folder}"' if where == "recipe" else "")
    if where == "variable":
        machine.variables["PIP_FIND_LINKS"] = str(folder)
    elif where == "wheelhouse":
        machine.variables["REZUP_WHEELHOUSE"] = str(folder)
    built(machine)


def test_folders_of_wheels_alone(machine: Machine, offered: Path, tmp_path: Path) -> None:
    # Of pip, of uv and of rezup, and none of them hides another.
    folders = []
    for path in offered.iterdir():
        folders.append(tmp_path / f"with {path.name.partition('-')[0]}")
        folders[-1].mkdir()
        shutil.copy(path, folders[-1])
    recipe(machine, "uv", '"--no-index"')
    names = ("PIP_FIND_LINKS", "UV_FIND_LINKS", "REZUP_WHEELHOUSE")
    given = dict(zip(names, folders, strict=True))
    shutil.move(given["PIP_FIND_LINKS"], tmp_path / "links")  # pip splits at blanks
    machine.variables |= {name: str(path) for name, path in given.items()} | {"PIP_FIND_LINKS": str(tmp_path / "links")}
    built(machine)


@pytest.mark.parametrize("names", [("UV_INDEX", "PIP_EXTRA_INDEX_URL"), ("UV_DEFAULT_INDEX", "PIP_INDEX_URL")])
def test_variables_of_uv(machine: Machine, index: Index, names: tuple[str, str]) -> None:
    recipe(machine, "uv")
    with Index(machine.home) as empty:
        machine.variables |= {names[0]: index.url(), names[1]: empty.url()}
        built(machine)
        assert bool(empty.asked) == (names[0] == "UV_INDEX"), "lists add up, of single ones uv's own wins"


@pytest.mark.parametrize(("option", "where"), [("--prefer-binary", "recipe"), ("--use-feature=fast-deps", "file")])
def test_what_uv_lacks_is_left_to_pip(machine: Machine, option: str, where: str) -> None:
    if where == "file":
        configure(machine, option[2:] if "=" in option else f"{option[2:]} = true")
    machine.recipe(PINS + (f'[pip]\noptions = ["{option}"]' if where == "recipe" else ""))
    done = machine.run("-D", "add")
    (said,) = [line for line in done.stderr.splitlines() if line.startswith(SAYS_PIP)]
    assert f"{option.partition('=')[0]} (" in said
    assert ("pip.conf" if where == "file" else "recipe") in said
    assert " -m pip install " in done.stderr
    assert not any(" pip compile " in line for line in done.stderr.splitlines())
    machine.run("use", "--", "rez", "--version")


def leaks(machine: Machine) -> list[str]:
    """Files below the root in which the secret stands; caches are the user's own and left out."""
    found = []
    for folder, folders, names in os.walk(machine.root):
        folders[:] = [name for name in folders if name != ".cache"]
        for name in names:
            with open(os.path.join(folder, name), "rb") as stream:
                if SECRET.encode() in stream.read():
                    found.append(os.path.join(folder, name))
    return found


def check_secret(machine: Machine, closed: Index, *, arguments: bool = False) -> None:
    """Build from the closed index, and look for the secret in all that is left, shown or readable by others."""
    shown = built(machine)
    assert f"/simple/{PRIVATE}/" in closed.asked
    shown += machine.run("status", ".main", "--json").stdout + machine.run("recipe", "show", "--json").stdout
    shown += machine.run("recipe", "show").stdout
    assert SECRET not in shown
    assert leaks(machine) == []
    assert arguments or closed.seen == [], "a command line can be read by everybody"


@ENGINES
def test_netrc(machine: Machine, closed: Index, engine: str) -> None:
    recipe(machine, engine)
    configure(machine, f"extra-index-url = {closed.url()}")
    netrc = machine.home / ".netrc"
    netrc.write_text(f"machine 127.0.0.1\nlogin ana\npassword {SECRET}\n", encoding="utf-8")
    netrc.chmod(0o600)
    check_secret(machine, closed)


@pytest.mark.parametrize(
    ("engine", "configured"),
    [("uv", ""), ("uv", "keyring-provider = auto"), ("uv", "keyring-provider = subprocess"), ("pip", "")],
)
def test_keyring(machine: Machine, closed: Index, engine: str, configured: str) -> None:
    program = machine.home / "programs" / "keyring"
    program.parent.mkdir()
    program.write_text(KEYRING, encoding="utf-8")
    program.chmod(0o755)
    machine.variables["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    configure(machine, f"extra-index-url = {closed.url('ana')}\n{configured}")
    recipe(machine, engine)
    check_secret(machine, closed)


@pytest.mark.parametrize(
    ("engine", "where"), [("uv", "file"), ("uv", "variable"), ("uv", "main index"), ("pip", "file")]
)
def test_a_password_in_what_is_configured(machine: Machine, closed: Index, engine: str, where: str) -> None:
    recipe(machine, engine)
    if where == "file":
        configure(machine, f"extra-index-url = {closed.url(LOGIN)}")
    elif where == "variable":
        machine.variables["PIP_EXTRA_INDEX_URL"] = closed.url(LOGIN)
    else:
        machine.variables["PIP_INDEX_URL"] = closed.url(LOGIN)
    check_secret(machine, closed)


@pytest.mark.parametrize(
    ("engine", "how"),
    [
        *(("uv", how) for how in ("literal", "reference", "variable")),
        ("pip", "literal"),
        pytest.param("pip", "variable", marks=pytest.mark.whole),
    ],
)
def test_a_password_in_a_recipe(machine: Machine, closed: Index, engine: str, how: str) -> None:
    machine.variables["INDEX_PASSWORD"] = SECRET
    password = "${INDEX_PASSWORD}" if how != "literal" else SECRET
    url = closed.url(f"ana:{password}")
    if how == "variable":
        recipe(machine, engine, more=f'[pip.env]\nPIP_EXTRA_INDEX_URL = "{url}"')
    else:
        recipe(machine, engine, f'"--extra-index-url={url}"')
    check_secret(machine, closed, arguments=engine == "pip" and how != "variable")
    kept = (machine.revisions()[0] / "rezup.toml").read_text(encoding="utf-8")
    assert ("****" in kept) == (how == "literal")
    assert ("${INDEX_PASSWORD}" in kept) == (how != "literal")


@ENGINES
def test_a_password_in_an_address(machine: Machine, closed: Index, engine: str) -> None:
    name = next(path.name for path in closed.folder.glob("rezup_tests_private*"))
    url = closed.url(LOGIN).replace("/simple", f"/files/{name}")
    machine.recipe(f'{PINS}[[extension]]\nname = "{PRIVATE}"\nurl = "{PRIVATE} @ {url}"\n[pip]\nengine = "{engine}"')
    shown = built(machine) + machine.run("recipe", "show").stdout
    assert SECRET not in shown
    assert leaks(machine) == []


@ENGINES
@pytest.mark.parametrize("login", ["", f"ana:wr0ng-{SECRET}"])
def test_a_wrong_password(machine: Machine, closed: Index, engine: str, login: str) -> None:
    recipe(machine, engine)
    machine.variables |= {"PIP_INDEX_URL": closed.url(login), "PIP_FIND_LINKS": ""}
    done = machine.run("-D", "add", status=6)
    assert "credentials" in done.stderr, done.stderr
    assert "EOF" not in done.stderr, "nobody is there to ask"
    assert SECRET not in done.stderr
    assert leaks(machine) == []
