"""List what is published of a container: every revision under its remote root, and what lies there without being published."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup_api.errors import InstallError, RecipeError, RemoteError
from rezup_api.recipe.parse import parse
from rezup_api.store.layout import RECIPE_FILE, REVISIONS
from rezup_api.store.metadata import FORMAT, Metadata
from rezup_api.store.names import ahead, moment, newest_first_names
from rezup_api.store.revision import load_revision

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rezup_api.published.published_root import PublishedRoot
    from rezup_api.selection.selector import Selector
    from rezup_api.store.layout import ContainerFolder
    from rezup_api.store.pin import Pin

UNLISTED = "not published: rezup 2.x has put it there, or its publisher was interrupted"


@dataclass(frozen=True, slots=True)
class PublishedRevision:
    """One revision under a remote root.

    Args:
        timestamp: the revision's name.
        published: whether it is published; if not, it only lies there.
        obstacle: why machines cannot take it; empty if they can.
        current: whether the remote root names it, so that machines use it.
        mark: "pinned", "rolled back to" or "gone back from"; empty if none of these.
        labels: the labels of the remote root that name it.
        created: when it was made, as an ISO 8601 moment.
        creator, hostname, message, rezup_version: who made it, on which machine, why, and with which rezup.
        origin: the revision or the bundle that it was made from; empty if it was made from a recipe.
        platforms: the platforms that its recipe wants a lock for; empty for all that can be resolved.
        built: whether it is ready on this machine.
    """

    timestamp: str
    published: bool
    obstacle: str
    current: bool
    mark: str
    labels: tuple[str, ...]
    created: str
    creator: str
    hostname: str
    message: str
    rezup_version: str
    origin: str
    platforms: tuple[str, ...]
    built: bool


@dataclass(frozen=True, slots=True)
class PublishedContainer:
    """A container under its remote root.

    Args:
        name: the container's name.
        remote: the address of the remote root.
        published: the timestamp that the remote root names; None if it names none.
        pin: the pin or rollback that holds there; None if there is neither.
        revisions: the revisions, newest first; or, if that is all that was asked for, the one that the remote root names.
    """

    name: str
    remote: str
    published: str | None
    pin: Pin | None
    revisions: tuple[PublishedRevision, ...]


def published_container(
    root: PublishedRoot, selector: Selector, folder: ContainerFolder, *, whole: bool
) -> PublishedContainer:
    """Describe a container under its remote root. Only what the answer needs is read there.

    Args:
        root: the container there.
        selector: what selects with this root.
        folder: the container on this machine.
        whole: whether to describe every revision, and not only the one that the remote root names.

    Raises:
        RemoteError: the remote root cannot be read.
    """
    pin, current, labels = selector.pin_there(), selector.named_there(), root.labels()
    named = {current} if current is not None else set()
    published = set(root.timestamps()) if whole else named
    # A pinned revision may have lost its folder; it is listed all the same, because machines are to use it.
    lying = root.storage.names(f"{root.name}/{REVISIONS}") if whole else []
    revisions = tuple(
        _revision(
            root, folder, timestamp, pin, labels, current=timestamp == current, published=timestamp in published | named
        )
        for timestamp in newest_first_names({*published, *named, *lying})
    )
    return PublishedContainer(root.name, root.place, current, pin, revisions)


def _revision(
    root: PublishedRoot,
    folder: ContainerFolder,
    timestamp: str,
    pin: Pin | None,
    labels: Mapping[str, str],
    *,
    current: bool,
    published: bool,
) -> PublishedRevision:
    # Nothing is read of what is not published: anybody may have put it there.
    obstacle, metadata, platforms = _told(root, timestamp) if published else (UNLISTED, Metadata(FORMAT, ""), ())
    return PublishedRevision(
        timestamp=timestamp,
        published=published,
        obstacle=obstacle,
        current=current,
        mark=_mark(timestamp, pin),
        labels=tuple(label for label, one in labels.items() if one == timestamp),
        created=metadata.created or moment(timestamp).isoformat(timespec="seconds"),
        creator=metadata.creator,
        hostname=metadata.hostname,
        message=metadata.message,
        rezup_version=metadata.rezup_version,
        origin=metadata.origin,
        platforms=tuple(platforms),
        built=load_revision(folder, timestamp).ready,
    )


def _told(root: PublishedRoot, timestamp: str) -> tuple[str, Metadata, Collection[str]]:
    """Why machines cannot take a published revision, or empty; its metadata; and its platforms."""
    nothing = Metadata(FORMAT, "")
    try:
        metadata = root.metadata(timestamp)
        if metadata is None:
            return "incomplete", nothing, ()
        if metadata.format > FORMAT:
            return f"needs rezup {metadata.rezup_version} or newer", metadata, ()
        return ahead(timestamp), metadata, _platforms(root.text(timestamp, RECIPE_FILE) or "")
    except (RemoteError, InstallError) as error:
        if not error.damaged:
            raise
        return f"damaged: {error.message}", nothing, ()


def _platforms(recipe: str) -> list[str]:
    """The platforms that a recipe wants a lock for; none if it wants all, or is damaged."""
    with suppress(RecipeError):
        lock = parse(recipe, "the recipe").get("lock")
        named = lock.get("platforms") if isinstance(lock, dict) else None
        return [str(one) for one in named] if isinstance(named, list) else []
    return []


def _mark(timestamp: str, pin: Pin | None) -> str:
    if pin is None:
        return ""
    if pin.timestamp == timestamp:
        return "rolled back to" if pin.is_rollback else "pinned"
    return "gone back from" if timestamp in pin.withdrawn else ""
