"""What is said when the Rez of a new environment does not run: whose fault it is, where that can be told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.environments.smoke_test import probe
from rezup_api.errors import InstallError
from rezup_api.events import silent
from rezup_api.pythons.interpreter import host_interpreter
from rezup_api.store.layout import BIN, site_packages

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the failing tool is a shell script")


@pytest.mark.parametrize(
    ("said", "culprit"),
    [
        ("ModuleNotFoundError: No module named 'plugged'", "plugged"),
        ('File "/x/site-packages/plugged/hooks.py", line 1', "plugged"),
        ("PackageNotFoundError: No package metadata was found for plugged", "plugged"),
        ("entry point of plugged.", "plugged"),
        ("/tmp/plugged-of-ana/rez-env: not found", ""),
        ("/tmp/plugged/rez-env: not found", ""),
        ("unplugged: not found", ""),
        ("it is plugged-in", ""),
    ],
)
def test_the_culprit_is_named_only_where_the_output_names_it(tmp_path: Path, said: str, culprit: str) -> None:
    environment = failing_environment(tmp_path / "environment", said)
    work = tmp_path / "work"
    work.mkdir()

    with pytest.raises(InstallError) as caught:
        probe(environment, host_interpreter(), "rez", environ=os.environ, work=work, report=silent, holding=())

    assert said in caught.value.message
    assert caught.value.message.startswith(
        f"Rez does not run in the new environment: {culprit} breaks it (rez):"
        if culprit
        else "Rez does not run in the new environment (rez):"
    )


def failing_environment(environment: Path, said: str) -> Path:
    """An environment with one distribution besides Rez, whose `rez` only complains."""
    metadata = site_packages(environment, host_interpreter().version) / "plugged-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "RECORD").write_text("plugged/__init__.py,,\nplugged/hooks.py,,\n", encoding="utf-8")
    (environment / BIN / "rez").mkdir(parents=True)
    tool = environment / BIN / "rez" / "rez"
    tool.write_text(f'#!/bin/sh\ncat >&2 <<"END"\n{said}\nEND\nexit 1\n', encoding="utf-8")
    tool.chmod(0o755)
    return environment


def fake_rez(environment: Path, version: str, *, nests: bool, works: bool = True) -> Path:
    """An environment whose `rez` prints a version, and whose `rez-env` runs a command, with itself on PATH or without."""
    tools = environment / BIN / "rez"
    tools.mkdir(parents=True)
    site_packages(environment, host_interpreter().version).mkdir(parents=True)
    path = "$PATH" if nests else "/usr/bin:/bin"
    run = f'while [ "$1" != -c ]; do shift; done\nPATH={path} exec sh -c "$2"\n' if works else "exit 1\n"
    for name, text in (("rez", f"echo {version}\n"), ("rez-env", run)):
        (tools / name).write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        (tools / name).chmod(0o755)
    return environment


@pytest.mark.parametrize(
    ("distribution", "version", "nests", "accepted"),
    [
        ("rez", "Rez 3.4.0", True, True),
        ("rez", "Rez 3.4.0", False, None),
        ("rez", "bleeding-rez 2.40.5", True, None),
        ("bleeding-rez", "bleeding-rez 2.40.5", True, True),
        ("bleeding-rez", "bleeding-rez 2.40.5", False, False),
        ("bleeding-rez", "something else", True, None),
    ],
)
def test_only_a_fork_may_lack_contexts_in_contexts(
    tmp_path: Path, distribution: str, version: str, nests: bool, accepted: bool | None
) -> None:
    environment = fake_rez(tmp_path / "environment", version, nests=nests)

    def tried() -> bool:
        return probe(
            environment, host_interpreter(), distribution, environ=os.environ, work=tmp_path, report=silent, holding=()
        )

    if accepted is None:
        with pytest.raises(InstallError):
            tried()
    else:
        assert tried() is accepted


def test_a_fork_must_run_a_command(tmp_path: Path) -> None:
    environment = fake_rez(tmp_path / "environment", "fork 1", nests=True, works=False)
    with pytest.raises(InstallError, match="rez-env"):
        probe(environment, host_interpreter(), "fork", environ=os.environ, work=tmp_path, report=silent, holding=())
