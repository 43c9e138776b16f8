"""A machine on which revisions are made, published and pulled, by an engine without a network."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.unit.studio import remote_dev

from rezup_api.builder.revision_builder import RevisionBuilder
from rezup_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup_api.events import Event, Note, Warned
    from rezup_api.packages.lock_source import LockSource
    from rezup_api.recipe.model import Recipe
    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.metadata import Metadata
    from rezup_api.store.revision import Revision


@dataclass
class Machine:
    """A machine of a studio."""

    folder: ContainerFolder
    remote: Path
    recipe_of: Callable[..., Recipe]
    events: list[Event] = field(default_factory=list)

    def builder(self) -> RevisionBuilder:
        """What makes revisions here."""
        environ = {**os.environ, "PIP_CONFIG_FILE": os.devnull}
        return RevisionBuilder(self.folder, Settings.from_environ(environ), environ, self.events.append)

    def make(self, text: str = "", message: str = "why", origin: LockSource | None = None) -> Revision:
        """Make a revision here."""
        return self.builder().make(self.recipe_of(text), message, None, origin)

    def publish(self, text: str = "", message: str = "why") -> Revision:
        """Make one and publish it."""
        return self.builder().make(self.recipe_of(text), message, remote_dev(self.remote))

    def pull(self, timestamp: str, *, at_once: bool = False) -> Revision:
        """Build a published one."""
        return self.builder().pull(timestamp, self.published(timestamp), remote_dev(self.remote), at_once=at_once)

    def published(self, timestamp: str) -> Metadata:
        """What is recorded of a published one."""
        found = remote_dev(self.remote).metadata(timestamp)
        assert found is not None
        return found

    def told(self, kind: type[Note | Warned]) -> list[str]:
        """What was said so far."""
        return [event.text for event in self.events if isinstance(event, kind)]

    @property
    def left(self) -> list[str]:
        """What lies in the container besides revisions and its history."""
        names = set(os.listdir(self.folder.path)) if self.folder.path.exists() else set()
        return sorted(names - {"revisions", "history"})
