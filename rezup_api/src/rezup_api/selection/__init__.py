"""Which revision `use` gives, and how that is changed."""

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
