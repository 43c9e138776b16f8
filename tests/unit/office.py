"""A machine as scripts see it, through the public classes: `Studio`, and the containers that it gives."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rezup_api import Studio
from rezup_api.events import Event, Note, Warned

if TYPE_CHECKING:
    from pathlib import Path

    from rezup_api.container import Container


@dataclass
class Office:
    """One user's view.

    Args:
        home: the home folder, with recipes and the local root.
        remote: a folder that may be the remote root.
        variables: set on top of the environment.
        events: what was told.
    """

    home: Path
    remote: Path
    variables: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        """The environment of scripts."""
        return {**os.environ, "HOME": str(self.home), "PIP_CONFIG_FILE": os.devnull, **self.variables}

    @property
    def studio(self) -> Studio:
        """What scripts start from."""
        return Studio.from_environ(self.environ, self.events.append)

    def container(self, name: str = "dev") -> Container:
        """A container."""
        return self.studio.container(name)

    def recipe(self, text: str, name: str = "dev") -> None:
        """Write its recipe."""
        file = "rezup.toml" if name == ".main" else f"rezup.{name}.toml"
        (self.home / file).write_text(text, encoding="utf-8")

    def share(self) -> Office:
        """The same, with the remote root."""
        self.variables["REZUP_ROOT_REMOTE"] = str(self.remote)
        return self

    def beside(self, home: Path) -> Office:
        """Another machine of the studio."""
        home.mkdir()
        return replace(self, home=home, variables=dict(self.variables), events=[])

    def told(self, kind: type[Note | Warned] = Warned) -> str:
        """What was said so far."""
        return "\n".join(event.text for event in self.events if isinstance(event, kind))
