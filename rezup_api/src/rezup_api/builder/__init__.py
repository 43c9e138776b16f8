"""Build one revision, from its recipe to the rename that lets it appear."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.builder.failures import Failure as Failure
    from rezup_api.builder.missing import Missing as Missing

offer(
    globals(),
    {
        "failures": "Failure",
        "missing": "Missing",
    },
)
