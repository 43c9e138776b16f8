"""Build one revision, from its recipe to the rename that lets it appear."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.builder.failures import Failure as Failure

offer(
    globals(),
    {
        "failures": "Failure",
    },
)
