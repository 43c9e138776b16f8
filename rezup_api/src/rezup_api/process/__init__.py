"""Start programs; no other room does."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.process.refusals import NOT_EXECUTABLE as NOT_EXECUTABLE, NOT_FOUND as NOT_FOUND

offer(
    globals(),
    {
        "refusals": "NOT_EXECUTABLE NOT_FOUND",
    },
)
