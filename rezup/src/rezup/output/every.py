"""Do the same for every container: one that fails does not end the rest, and the status is that of the worst."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rezup.output.exits import DONE, status_of
from rezup.output.render import error_data
from rezup_api import RezupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rezup.output.progress import Progress
    from rezup_api import Container

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Every(Generic[Done]):
    """What has become of every container.

    Args:
        done: the results, in the order of the containers.
        failed: the containers for which it has failed, each with its error.
    """

    done: Sequence[Done]
    failed: Sequence[tuple[str, RezupError]]

    @property
    def failures(self) -> list[dict[str, Any]]:
        """The failures as the key `failed` of a document has them."""
        return [{"name": name, "error": error_data(error)} for name, error in self.failed]

    def status(self, others: Iterable[int] = ()) -> int:
        """The exit status: the greatest of those of the failures, and of others that the caller knows."""
        return max((DONE, *others, *(status_of(error, launching=False) for _, error in self.failed)))


def for_every(containers: Iterable[Container], act: Callable[[Container], Done], progress: Progress) -> Every[Done]:
    """Do something for each of the containers. An error becomes a warning with the name of its container."""
    done: list[Done] = []
    failed: list[tuple[str, RezupError]] = []
    for container in containers:
        try:
            done.append(act(container))
        except RezupError as error:
            failed.append((container.name, error))
            hint = f"\n  -> {error.hint}" if error.hint else ""
            progress.warn(f"{container.name}: {error.message}{hint}")
    return Every(done, failed)
