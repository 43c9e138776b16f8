"""rezup upgrades itself, and nobody notices."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.e2e.releases import (
    Installation,
    build,
    change,
    checkout,
    digests,
    installation,
    look_again,
    offer,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX")


@pytest.mark.parametrize("module", [False, True])
def test_a_newer_minor_is_taken_on_and_the_command_starts_over_once(
    user: Installation, source: Path, wheels: dict[str, Path], module: bool
) -> None:
    before = digests(user.path)
    assert user.run("status").stderr == ""
    offer(source, wheels["3.1.0"])
    assert user.version(module=module) == "3.0.0", "it is not time yet, and --version never looks"
    look_again(user)
    done = user.run("use", "nonesuch", "--", "true", status=125, module=module)
    assert done.stderr.count("Upgraded rezup 3.0.0 to 3.1.0") == 1
    assert done.stderr.count("there is no container nonesuch") == 1
    assert done.stdout == ""
    assert user.version(module=module) == user.version(module=not module) == "3.1.0"
    assert f"installed: rezup 3.0.0 in {user.path}" in user.run("--version").stdout
    assert user.run("status").stderr == ""
    assert digests(user.path) == before, "the installed packages are never written to"


def test_the_command_gets_what_it_was_started_with(user: Installation, source: Path, wheels: dict[str, Path]) -> None:
    script = user.home / "site.py"
    script.write_text("import os\nos.environ['COUNT'] = os.environ.get('COUNT', '') + 'x'\n", encoding="utf-8")
    (user.home / "rezup.toml").write_text(f'[init]\nscript = "{script}"\n[rez]\nurl = "rez==3.4.0"\n', encoding="utf-8")
    user.run("add", "--skip-use")
    offer(source, wheels["3.1.0"])
    look_again(user)
    words = user.command("use", "--", "sh", "-c", 'cat; echo "$PWD|$COUNT|$1|$GIVEN"; exit 7', "sh", "a b")
    done = subprocess.run(
        words,
        env={**user.environ, "GIVEN": "yes"},
        input="piped\n",
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    assert (done.returncode, done.stdout) == (7, "piped\n/|x|a b|yes\n")
    assert "Upgraded rezup 3.0.0 to 3.1.0" in done.stderr
    again = user.run("use", "--", "sh", "-c", "echo $COUNT")
    assert (again.stdout, again.stderr) == ("x\n", "")


def test_a_launcher_runs_the_release_that_was_taken(user: Installation, source: Path, wheels: dict[str, Path]) -> None:
    (user.home / "rezup.dev.toml").write_text('[rez]\nurl = "rez==3.4.0"\n', encoding="utf-8")
    user.run("add", "dev", "--skip-use")
    user.run("expose", "dev", "rez-python")
    offer(source, wheels["3.1.0"])
    look_again(user)

    def call() -> tuple[str, str]:
        words = [str(user.home / ".local" / "bin" / "rez-python"), "-c", "print('here')"]
        done = subprocess.run(words, env=user.environ, capture_output=True, text=True, check=True)
        return done.stdout, done.stderr

    out, err = call()
    assert (out, "Upgraded rezup 3.0.0 to 3.1.0" in err) == ("here\n", True)
    assert user.version() == "3.1.0"
    assert call() == ("here\n", "")
    user.run("unexpose", "rez-python")
    user.run("expose", "dev", "rez-python")
    user.run("upgrade", "--rollback")
    assert call() == ("here\n", ""), "what the release has written runs without it"


def test_the_script_may_name_the_source_and_move_the_home(
    user: Installation, source: Path, wheels: dict[str, Path], tmp_path: Path
) -> None:
    del user.variables["REZUP_UPGRADE_SOURCE"]
    lines = [
        f"os.environ['REZUP_UPGRADE_SOURCE'] = {str(source)!r}",
        f"os.environ['XDG_DATA_HOME'] = {str(tmp_path / 'data')!r}",
    ]
    script = user.home / "site.py"
    script.write_text("\n".join(["import os", *lines]), encoding="utf-8")
    (user.home / "rezup.toml").write_text(f'[init]\nscript = "{script}"\n', encoding="utf-8")
    offer(source, wheels["3.1.0"])
    assert user.run("status").stderr.count("Upgraded rezup 3.0.0 to 3.1.0") == 1
    assert user.version() == "3.1.0"
    assert user.run("upgrade", "--rollback").stdout == "rezup 3.0.0 runs from now on\n"


def test_a_newer_major_is_only_told_of_and_once_a_day(
    user: Installation, source: Path, wheels: dict[str, Path]
) -> None:
    offer(source, wheels["4.0.0"])
    assert "rezup 4.0.0 is there, a new major version" in user.run("status").stderr
    look_again(user)
    assert user.run("status").stderr == ""
    assert user.taken == []
    assert "rezup 4.0.0 is there, a new major version" in user.run("upgrade", "--check").stdout
    assert user.run("--check-latest").stdout.splitlines()[0] == "rezup 3.0.0 is the newest of its major"


@pytest.mark.parametrize("fault", ["import", "dependency", "cut", "one alone"])
def test_a_release_that_does_not_run_is_told_of_once(
    user: Installation, source: Path, wheels: dict[str, Path], tmp_path: Path, fault: str
) -> None:
    if fault == "one alone":
        shutil.copy(next(wheels["3.1.0"].glob("rezup-*")), source)
    elif fault == "cut":
        offer(source, wheels["3.1.0"])
        (path,) = source.glob("rezup_api-3.1.0*")
        path.write_bytes(path.read_bytes()[:20_000])
    else:
        sources = checkout(tmp_path / "sources", "3.1.0")
        if fault == "import":
            change(sources, "rezup/src/rezup/cli/parser.py", "import argparse", "import argparse\nimport nonesuch")
        else:
            change(sources, "rezup_api/pyproject.toml", '"filelock>=4"', '"filelock>=4", "nonesuch-at-all>=7"')
        build(sources, source)
    done = user.run("status")
    assert "There are no containers yet" in done.stdout
    told = done.stderr.splitlines()
    assert len(told) == (fault != "one alone"), told
    assert all("3.1.0" in line and "going on with rezup 3.0.0" in line for line in told)
    look_again(user)
    assert user.run("status").stderr == "", "it is not tried again"
    assert user.taken == []
    assert [path.name for path in user.home.glob(".local/share/rezup/*/.staging/*")] == []
    offer(source, wheels["3.2.0"])
    look_again(user)
    assert "Upgraded rezup 3.0.0 to 3.2.0" in user.run("status").stderr


def test_what_runs_finishes_in_its_release_and_rollback_goes_back(
    user: Installation, source: Path, wheels: dict[str, Path]
) -> None:
    offer(source, wheels["3.1.0"])
    user.run("upgrade")
    (user.home / "rezup.toml").write_text(
        '[rez]\nurl = "rez==3.4.0"\n[[check]]\ncommand = "while test ! -e ~/go; do sleep 0.1; done"\n', encoding="utf-8"
    )
    running = subprocess.Popen(user.command("add", "--skip-use"), env=user.environ, stderr=subprocess.DEVNULL)
    (first,) = (user.folder / "releases").iterdir()
    kept = digests(first)
    deadline = time.monotonic() + 60
    while not list(user.home.glob(".rezup/.main/.staging/*/venv/rez/bin/rez")) and time.monotonic() < deadline:
        time.sleep(0.05)
    for version in ("3.2.0",):
        offer(source, wheels[version])
        assert f"to {version}" in user.run("upgrade").stdout
    assert user.version() == "3.2.0"
    sources = source.parent / "newest"
    build(checkout(sources, "3.3.0"), source)
    user.run("upgrade")
    assert user.taken == ["3.1.0", "3.2.0", "3.3.0"], "the first one is in use, the second one is the one before"
    assert digests(first) == kept
    (user.home / "go").touch()
    assert running.wait(60) == 0
    build(checkout(source.parent / "newer still", "3.4.0"), source)
    user.run("upgrade")
    assert user.taken == ["3.3.0", "3.4.0"]
    assert user.run("upgrade", "--rollback").stdout == "rezup 3.3.0 runs from now on\n"
    assert user.version() == "3.3.0"
    look_again(user)
    assert user.run("status").stderr == "", "what was taken back is not taken again"
    assert "it was taken back" in user.run("--check-latest").stdout
    assert "runs from now on" in user.run("upgrade").stdout
    assert user.version() == "3.4.0"


def test_rollback_to_what_is_installed(user: Installation, source: Path, wheels: dict[str, Path]) -> None:
    assert "no release was taken" in user.run("upgrade", "--rollback", status=9).stderr
    offer(source, wheels["3.1.0"])
    user.run("upgrade")
    assert user.run("upgrade", "--rollback").stdout == "rezup 3.0.0 runs from now on\n"
    assert user.version() == "3.0.0"
    assert "no release was taken" in user.run("upgrade", "--rollback", status=9).stderr


def test_what_is_installed_by_hand_wins(wheels: dict[str, Path], tmp_path: Path, source: Path) -> None:
    own = installation(tmp_path / "own", wheels["3.1.0"])
    own.variables["REZUP_UPGRADE_SOURCE"] = str(source)
    offer(source, wheels["3.2.0"])
    own.run("upgrade")
    assert own.version() == "3.2.0"
    own.install("--no-deps", "--reinstall", *wheels["3.0.0"].glob("*.whl"))
    assert own.version() == "3.0.0", "older"
    own.run("upgrade")
    assert own.version() == "3.2.0"
    own.install("--no-deps", "--reinstall", *wheels["4.0.0"].glob("*.whl"))
    assert own.version() == "4.0.0", "newer"


def test_what_changes_by_itself_is_left_alone(wheels: dict[str, Path], tmp_path: Path, source: Path) -> None:
    own = installation(tmp_path / "own", wheels["3.0.0"])
    sources = checkout(tmp_path / "sources", "3.0.0")
    own.install("--no-deps", "-e", sources / "rezup", "-e", sources / "rezup_api")
    own.variables["REZUP_UPGRADE_SOURCE"] = str(source)
    offer(source, wheels["3.1.0"])
    assert own.run("status").stderr == ""
    assert own.version() == "3.0.0"
    assert "runs from its sources" in own.run("upgrade", status=9).stderr


def test_fifty_at_once(user: Installation, source: Path, wheels: dict[str, Path]) -> None:
    offer(source, wheels["3.1.0"])
    with ThreadPoolExecutor(50) as pool:
        done = list(pool.map(lambda _: user.run("status"), range(50)))
    assert sum("Upgraded" in one.stderr for one in done) == 1
    assert all("There are no containers yet" in one.stdout for one in done)
    assert user.taken == ["3.1.0"]


def test_each_user_has_their_own(user: Installation, source: Path, wheels: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Installation(user.path, tmp_path / "other", user.variables)
    offer(source, wheels["3.1.0"])
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda one: one.run("status"), (user, other)))
    assert all("Upgraded rezup 3.0.0 to 3.1.0" in one.stderr for one in done)
    user.run("upgrade", "--rollback")
    assert (user.version(), other.version()) == ("3.0.0", "3.1.0")


@pytest.mark.parametrize("switch", ["--no-upgrade", "REZUP_NO_UPGRADE"])
def test_nothing_is_opened_when_it_is_switched_off(
    user: Installation, source: Path, wheels: dict[str, Path], tmp_path: Path, switch: str
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    offer(source, wheels["3.1.0"])
    trace = tmp_path / "trace"
    words = ["--no-upgrade"] if switch.startswith("-") else []
    variables = {} if words else {switch: "1"}
    command = ["strace", "-f", "-e", "trace=file", "-o", str(trace), *user.command(*words, "status")]
    subprocess.run(command, env={**user.environ, **variables}, check=True, capture_output=True)
    told = trace.read_text(encoding="utf-8", errors="replace")
    assert "checked-" not in told
    assert str(source) not in told
    assert user.taken == []


def test_no_source_no_look(user: Installation) -> None:
    del user.variables["REZUP_UPGRADE_SOURCE"]
    user.run("status")
    assert not list(user.home.glob(".cache/rezup/*/checked-*"))
    assert "there is no source of newer releases" in user.run("upgrade", status=9).stderr
    assert "there is no source" in user.run("--check-latest", status=9).stderr


def test_a_release_that_others_can_write_to_is_not_run(
    user: Installation, source: Path, wheels: dict[str, Path]
) -> None:
    offer(source, wheels["3.1.0"])
    user.run("upgrade")
    (release,) = (user.folder / "releases").iterdir()
    for path in (release, release.parent):
        mode = path.stat().st_mode
        path.chmod(0o777)
        assert user.version() == "3.0.0"
        path.chmod(mode)
        assert user.version() == "3.1.0"


def test_a_release_that_is_gone_or_damaged_leaves_the_installed_one(
    user: Installation, source: Path, wheels: dict[str, Path]
) -> None:
    offer(source, wheels["3.1.0"])
    user.run("upgrade")
    (release,) = (user.folder / "releases").iterdir()
    entry = release / "rezup" / "__main__.py"
    entry.unlink()  # it is a link of uv's cache
    entry.write_text("import nonesuch\n", encoding="utf-8")
    assert user.version() == "3.0.0"
    shutil.rmtree(release)
    assert user.version() == "3.0.0"
    assert "Upgraded rezup 3.0.0 to 3.1.0" in user.run("upgrade").stdout
    assert user.version() == "3.1.0"
    (current,) = (user.folder / "current").iterdir()
    current.write_bytes(b"nonsense")
    assert user.version() == "3.0.0"


def test_scripts_get_what_is_installed(user: Installation, source: Path, wheels: dict[str, Path]) -> None:
    offer(source, wheels["3.1.0"])
    user.run("upgrade")
    code = "import rezup, rezup_api; print(rezup.__version__, rezup_api.__version__)"
    told = subprocess.check_output([str(user.path / "bin" / "python"), "-c", code], env=user.environ, text=True)
    assert told == "3.0.0 3.0.0\n"
