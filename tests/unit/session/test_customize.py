"""The site-customize script: what it sees, and what its faults look like."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup.fastpath.site_script import run_site_script
from rezup_api.errors import RecipeError
from rezup_api.session.customize import check_run, site_script
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def run(home: Path, script: str | None, named: str = "site script.py") -> bool:
    """Run the script as a launch does; whether there was one to run."""
    (home / "rezup.toml").write_text(f'[init]\nscript = "{named}"\n')
    if script is not None:
        (home / "site script.py").write_text(script)
    code = site_script(Settings.from_environ(os.environ), os.environ)
    if code is not None:
        path, _, error = run_site_script(code.co_filename, code)
        check_run(path, error)
    return code is not None


def test_it_runs_in_this_process_with_its_own_name(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDIO_SAYS", raising=False)
    run(home, "import os\nos.environ['STUDIO_SAYS'] = f'{__name__} {os.path.basename(__file__)}'\n")
    assert os.environ["STUDIO_SAYS"] == "__main__ site script.py"
    monkeypatch.delenv("STUDIO_SAYS")


def test_without_one_nothing_happens(home: Path) -> None:
    assert site_script(Settings.from_environ(os.environ), os.environ) is None
    (home / "rezup.toml").write_text("[rez]\nurl = 'rez'\n")
    assert site_script(Settings.from_environ(os.environ), os.environ) is None


def test_an_error_names_file_and_line(home: Path) -> None:
    with pytest.raises(RecipeError, match=r"site script\.py, line 3: .*ZeroDivisionError") as caught:
        run(home, "x = 1\n\nx / 0\n")
    assert "REZUP_SKIP_INIT" in caught.value.hint


def test_an_error_in_what_it_calls_names_its_own_line(home: Path) -> None:
    with pytest.raises(RecipeError, match=r"site script\.py, line 2: .*JSONDecodeError"):
        run(home, "import json\njson.loads('nonsense')\n")


def test_a_syntax_error_names_the_line(home: Path) -> None:
    with pytest.raises(RecipeError, match=r"site script\.py, line 2: .*SyntaxError"):
        run(home, "x = 1\nif\n")


def test_a_missing_script_is_an_error(home: Path) -> None:
    with pytest.raises(RecipeError, match=r"init\.script: cannot read .*nowhere\.py"):
        run(home, None, "nowhere.py")


def test_an_interruption_is_none_of_its_errors(home: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(home, "raise KeyboardInterrupt\n")


def test_annotations_in_it_mean_what_they_mean_in_any_script(home: Path) -> None:
    assert run(home, "x: int = 1\nassert __annotations__ == {'x': int}\n")


def test_it_can_be_passed_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REZUP_SKIP_INIT", "1")
    assert not run(home, "raise RuntimeError\n")


@pytest.mark.parametrize("ending", ["raise SystemExit", "raise SystemExit(0)"])
def test_it_may_end_early(home: Path, ending: str) -> None:
    assert run(home, ending + "\n")


def test_an_exit_with_a_status_is_an_error(home: Path) -> None:
    with pytest.raises(RecipeError, match="exits with 3"):
        run(home, "raise SystemExit(3)\n")
