"""Decide which revision `use` gives, and let users change that."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.selection.chooser import Change as Change

offer(
    globals(),
    {
        "chooser": "Change",
    },
)
