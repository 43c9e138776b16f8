"""The checkout itself: what lies at its top, the steps of the gate, coverage, hooks, and what is not a distribution."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli
import yaml

ROOT = Path(__file__).resolve().parents[2]
TOP = {
    *("rezup", "rezup_api", "recipes", "tests", "scripts", "docs", "integrations", ".ci", ".github"),
    *("README.md", "CHANGELOG.md", "LICENSE", "CONTRIBUTING.md", "SECURITY.md"),
    *("pyproject.toml", ".gitignore", ".pre-commit-config.yaml"),
}
YAML = sorted([ROOT / ".pre-commit-config.yaml", *(ROOT / ".github").rglob("*.yml")])
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
SENTENCE = "Here are two distributions; type: pip install ./rezup_api ./rezup"


def name_of(path: Path) -> str:
    """A test's name for a file: its path in the checkout."""
    return path.relative_to(ROOT).as_posix()


def loaded(path: Path) -> Any:
    """The document in a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`script("test")` is what scripts/test.py defines, without running it."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return lambda name: runpy.run_path(str(ROOT / "scripts" / f"{name}.py"))


def steps(script: Any, *words: str) -> dict[str, list[str]]:
    """The steps of `scripts/test.py` with these arguments."""
    gate = script("test")
    found: dict[str, list[str]] = gate["steps"](Path("venv"), *gate["parse"](words))
    return found


def test_the_top_holds_nothing_else() -> None:
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {name.partition("/")[0] for name in listed} - TOP == set()


def test_git_ignores_the_lock_of_uv(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    for name in ("uv.lock", ".venv"):
        assert subprocess.run(["git", "check-ignore", "--quiet", name], cwd=tmp_path, check=False).returncode == 0


@pytest.mark.parametrize(
    "command",
    [
        (*PIP, "install", "--no-index", "."),
        (*PIP, "install", "--no-index", "--editable", "."),
        (*PIP, "wheel", "--no-index", "."),
        (UV, "pip", "install", "--offline", "--no-config", "--python", sys.executable, "."),
        (UV, "build", "--offline", "--no-config", "--python", sys.executable),
    ],
    ids=lambda command: " ".join(word for word in map(os.path.basename, command) if not word.startswith("-")),
)
def test_building_the_workspace_ends_in_one_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    for folder in ("scripts", "rezup", "rezup_api", "recipes"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert told.count(SENTENCE) == 1, told
    assert "Traceback" not in told
    assert "setuptools" not in told


def test_what_the_sentence_says_to_type_installs_both() -> None:
    folders = [ROOT / word for word in SENTENCE.split() if word.startswith("./")]
    assert [
        tomli.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"] for folder in folders
    ] == [
        "rezup-api",
        "rezup",
    ]


def test_hooks_are_the_steps_of_the_gate_before_the_tests(script: Any) -> None:
    (repository,) = loaded(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local", "other repositories have tools and versions of their own"
    wanted = {name: ["python3", "scripts/test.py", "--only", name] for name in steps(script) if "tests" not in name}
    assert {hook["name"]: shlex.split(hook["entry"]) for hook in repository["hooks"]} == wanted
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in repository["hooks"])
    for hook in repository["hooks"]:
        assert list(steps(script, *shlex.split(hook["entry"])[2:])) == [hook["name"]]


def test_pre_commit_takes_the_configuration(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-config", ".pre-commit-config.yaml"]
    environ = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "names", "measured"),
    [
        ((), ["tests", "end-to-end tests"], True),
        (("--whole",), ["tests", "end-to-end tests"], True),
        (("--quick",), ["tests"], True),
        (("tests/unit/store",), ["tests"], False),
        (("--quick", "-x", "-k", "nothing"), ["tests"], False),
    ],
)
def test_coverage_is_held_to_its_floor_unless_a_part_is_chosen(
    script: Any, words: tuple[str, ...], names: list[str], measured: bool
) -> None:
    found = {name: command for name, command in steps(script, *words).items() if "pytest" in command}
    assert list(found) == names
    assert ("--cov" in found[names[0]]) is measured
    assert ("--ignore=tests/e2e" in found[names[0]]) is (measured or "--quick" in words)
    assert all(word in found[names[0]] for word in words if word not in {"--quick", "--whole"})


def test_less_than_the_floor_fails(tmp_path: Path) -> None:
    """One file of tests reaches next to nothing: that is told, and fails, by what pyproject.toml says."""
    document = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    floor = document["tool"]["coverage"]["report"]["fail_under"]
    assert floor >= 40
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_settings.py"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV"))}
    environ = {**kept, "COVERAGE_FILE": str(tmp_path / "data")}
    for options, status in (((), 0), (("--cov=rezup", "--cov-report="), 1)):
        done = subprocess.run([*command, *options], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        assert (f"Required test coverage of {floor}" in done.stdout + done.stderr) is bool(status)


def test_contributing_names_what_is_there() -> None:
    spans = re.findall(r"`([\w./-]+/[\w./-]*)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert len(spans) > 20
    assert {name for name in spans if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("path", YAML, ids=name_of)
def test_yaml_is_a_table(path: Path) -> None:
    document = loaded(path)
    assert isinstance(document, dict)
    assert document


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_forms_ask(path: Path) -> None:
    form = loaded(path)
    assert form["name"]
    assert form["description"]
    asked = [part for part in form["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in asked}) == len(asked) > 0
    assert all(part["attributes"]["label"] for part in asked)
    assert any(part.get("validations", {}).get("required") for part in asked)


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_workflows_may_only_read_unless_a_job_says_so(path: Path) -> None:
    workflow = loaded(path)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
        if "permissions" in job:
            assert "actions/checkout" not in str(job), "what may write runs nothing of the checkout"


def test_a_release_needs_the_gate_and_goes_to_github_only() -> None:
    workflow = loaded(ROOT / ".github" / "workflows" / "release.yml")
    jobs = workflow["jobs"]
    assert workflow[True] == {"push": {"tags": ["v*"]}}, "YAML 1.1 takes the key `on` for a truth"
    assert set(jobs["release"]["needs"]) == {"build", "gate"}
    commands = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert any('release.py --tag "$GITHUB_REF_NAME"' in command for command in commands)
    assert any(".ci/run" in command for command in commands)
    used = [step["uses"].partition("@")[0] for job in jobs.values() for step in job["steps"] if "uses" in step]
    assert {name.partition("/")[0] for name in used} == {"actions"}


def test_dependabot_does_not_take_the_names_of_another_project() -> None:
    updates = loaded(ROOT / ".github" / "dependabot.yml")["updates"]
    (python,) = [update for update in updates if update["package-ecosystem"] == "pip"]
    assert {entry["dependency-name"] for entry in python["ignore"]} == {"rezup", "rezup-api"}
    for folder in python["directories"]:
        assert (ROOT / folder.lstrip("/") / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    ("tag", "heading", "problem"),
    [
        ("v3.1.0", "## [3.1.0] - 2027-01-31", None),
        ("v3.1.1", "## [3.1.1] - 2027-01-31", "the tag v3.1.1 does not name the version of the sources, 3.1.0"),
        ("3.1.0", "## [3.1.0] - 2027-01-31", "the tag 3.1.0 does not name the version of the sources, 3.1.0"),
        ("v3.1.0", "## [3.1.0] - unreleased", "CHANGELOG.md has no heading of 3.1.0 with a date"),
    ],
)
def test_a_release_is_built_only_of_what_its_tag_names(
    script: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, tag: str, heading: str, problem: str | None
) -> None:
    release = script("release")
    setup = release["_setup"]
    monkeypatch.setattr(setup, "CHECKOUT", tmp_path)
    for name in setup.DISTRIBUTIONS:
        folder = tmp_path / name / "src" / name
        folder.mkdir(parents=True)
        (folder / "_version.py").write_text('"""The version."""\n\n__version__ = "3.1.0"\n', encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n{heading}\n", encoding="utf-8")
    if problem is None:
        release["check_tag"](tag)
        return
    with pytest.raises(setup.SetupError, match=problem):
        release["check_tag"](tag)
