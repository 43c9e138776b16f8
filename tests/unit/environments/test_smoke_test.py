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
        probe(environment, host_interpreter(), environ=os.environ, work=work, report=silent, holding=())

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
