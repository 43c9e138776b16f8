"""A container on a machine and where it is published, as for the store."""

from __future__ import annotations

from tests.unit.store.conftest import folder, studio

__all__ = ["folder", "studio"]
