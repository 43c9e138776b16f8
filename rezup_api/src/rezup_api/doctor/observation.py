"""Define what a check sees, and the diagnosis that all observations make."""

from __future__ import annotations

from rezup_api.errors import RecipeError, RezupError
from rezup_api.frozen import dataclass

OK, WARNING, WRONG = LEVELS = ("ok", "warning", "wrong")


@dataclass(frozen=True, slots=True)
class Observation:
    """What one check has seen of one thing.

    Args:
        check: the stable name of the check, such as "local-root"; see `examination.CHECKS`.
        level: "ok"; "warning" if the user may want to change it; "wrong" if something does not work.
        text: one sentence, without an end mark.
        way_out: what the user can do; empty if the level is "ok".
        subject: what it was seen of, such as the path of a root; empty if there is only one such thing.
    """

    check: str
    level: str
    text: str
    way_out: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All observations, in the order of the checks.

    Args:
        container: the name of the container that was looked at, too; empty for none.
        observations: what the checks have seen.
    """

    container: str
    observations: tuple[Observation, ...]

    @property
    def level(self) -> str:
        """The worst level of all observations."""
        return max((one.level for one in self.observations), key=LEVELS.index, default=OK)

    def count(self, level: str) -> int:
        """How many observations have that level."""
        return sum(one.level == level for one in self.observations)


def of_problems(check: str, error: RezupError, way_out: str, subject: str) -> list[Observation]:
    """What is wrong with a recipe: each of its problems, or the error where it has none."""
    told = [str(problem) for problem in error.problems] if isinstance(error, RecipeError) else [error.message]
    return [Observation(check, WRONG, text, way_out, subject) for text in told]


def fine(check: str, text: str, subject: str = "") -> Observation:
    """An observation that needs no way out."""
    return Observation(check, OK, text, "", subject)
