"""Find what the checks look at: the settings, the roots that recipes name, and the container, if the user names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup_api.container import Container
from rezup_api.errors import NotFoundError, RezupError
from rezup_api.events import silent
from rezup_api.frozen import dataclass
from rezup_api.published.accepted import Accepted
from rezup_api.published.log import Log
from rezup_api.published.published_root import PublishedRoot
from rezup_api.recipe.load import load_recipe
from rezup_api.recipe.location import find_recipe, list_recipes, roots_of
from rezup_api.storage.address import folder_of_root, open_root
from rezup_api.store.names import DEFAULT_CONTAINER, check_container
from rezup_api.store.root import ContainerRoot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup_api.events import Reporter
    from rezup_api.published.log_entry import Entry
    from rezup_api.selection.selector import Selector
    from rezup_api.settings import Settings
    from rezup_api.storage.interface import Storage


@dataclass(frozen=True, slots=True)
class Installation:
    """How rezup itself is installed, as only the command knows it.

    Args:
        version: the version that runs.
        place: the folder from which it runs.
        installed: the version of what is installed; the same, unless a newer release was taken.
        installed_place: the folder of that.
        editable: whether it runs from its sources.
        source: where newer releases come from; empty for nowhere.
    """

    version: str
    place: str
    installed: str
    installed_place: str
    editable: bool
    source: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What the checks look at.

    Args:
        settings: the settings of the user.
        environ: the caller's environment, without what a session has set.
        installation: see `Installation`; None for a script that uses the library.
        local_roots: the local roots that the settings and the recipes name.
        remote_roots: the remote roots.
        name: the container to look at, too; empty for none.
        container: that container; None if there is none to look at, or if its recipe is wrong.
    """

    settings: Settings
    environ: Mapping[str, str]
    installation: Installation | None
    local_roots: tuple[Path, ...]
    remote_roots: tuple[Storage, ...]
    name: str = ""
    container: Container | None = None


class Onlooker(Container):
    """A container that only looks. Even `status` notes what the remote root has said; this one leaves no trace."""

    @property
    def remote(self) -> PublishedRoot | None:
        """The container under the remote root; what is accepted of its log is read, and not written."""
        root = super().remote
        return OnlookedRoot(root.storage, self.name, self.environ, self.report) if root is not None else None

    def _selector(self, *, local: bool = False) -> Selector:
        selector = super()._selector(local=local)
        selector.local = UnnotedRoot(selector.local.storage, self.name)
        return selector


class UnnotedRoot(ContainerRoot):
    """A container under a local root, in which nothing is noted."""

    def remember_published(self, timestamp: str, withdrawn: Sequence[str] = ()) -> None:
        """Note nothing."""


class OnlookedRoot(PublishedRoot):
    """A container under a remote root, of whose log no entry is kept as accepted."""

    def __init__(self, storage: Storage, name: str, environ: Mapping[str, str], report: Reporter) -> None:
        super().__init__(storage, name, environ, report)
        self._accepted = Unwritten(environ, storage.place, name)
        self._log = Log(storage, name, self._accepted, report)


class Unwritten(Accepted):
    """What this user has accepted, as it is."""

    def write(self, entry: Entry) -> None:
        """Keep what there is."""


def look_around(
    settings: Settings, environ: Mapping[str, str], installation: Installation | None = None, name: str = ""
) -> Scene:
    """Find what the checks look at; what is wrong with it is found by the checks.

    Args:
        settings, environ, installation, name: see `Scene`.

    Raises:
        UsageError: no container can have that name.
        NotFoundError: there is no such container, and no recipe for it.
    """
    container = _named_container(settings, environ, name) if name else None
    local: dict[str, Path] = {}
    remote: dict[str, Storage] = {}
    for here, there in _named_roots(settings, name):
        try:
            path = folder_of_root(here or settings.root_local, environ, "local")
            local.setdefault(str(path), path)
            if wanted := there or settings.root_remote:
                storage = open_root(wanted, environ)
                remote.setdefault(storage.place, storage)
        except RezupError:
            continue  # the check of the recipes says so
    return Scene(settings, environ, installation, tuple(local.values()), tuple(remote.values()), name, container)


def _named_container(settings: Settings, environ: Mapping[str, str], name: str) -> Container | None:
    """The container that the user names; None if its recipe is wrong, which the check of the recipe tells.

    Raises:
        UsageError, NotFoundError: see `look_around`.
    """
    check_container(name)
    try:
        container = Onlooker(load_recipe(name, find_recipe(name, settings)), settings, environ, silent)
        known = container.exists or name == DEFAULT_CONTAINER or name in list_recipes(settings)
    except RezupError:
        return None
    if not known and not _is_published(container):
        raise NotFoundError(f"there is no container {name}", f"make it: rezup add {name}")
    return container


def _is_published(container: Container) -> bool:
    """Whether the remote root has a container; true also if it cannot be asked, of which the checks tell."""
    try:
        return container.remote is not None and container.remote.exists()
    except RezupError:
        return True


def _named_roots(settings: Settings, name: str) -> list[tuple[str, str]]:
    """The local and the remote root of each recipe, or of the one container; empty where it names none."""
    found = [] if name else [("", "")]
    try:
        recipes = list_recipes(settings)
        files = [recipes.get(name) or recipes.get(DEFAULT_CONTAINER)] if name else recipes.values()
    except RezupError:
        files = []
    for file in files:
        try:
            found.append(roots_of(file) if file is not None else ("", ""))
        except (RezupError, OSError):
            found.append(("", ""))
    return found
