"""What the tests of the doctor share: a machine to look at, without the network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup_api.doctor.scene import Scene, look_around
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.doctor.scene import Installation


@pytest.fixture
def scene(home: Path) -> Callable[..., Scene]:
    """`scene(NAME=value)` is what the checks look at, with these variables set; `container` names a container to look at, too."""

    def look(container: str = "", installation: Installation | None = None, **variables: str) -> Scene:
        environ = {**os.environ, "HOME": str(home), "PIP_CONFIG_FILE": os.devnull, **variables}
        return look_around(Settings.from_environ(environ), environ, installation, container)

    return look
