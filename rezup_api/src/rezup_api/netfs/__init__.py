"""Read files that may lie on a network file system that hangs."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.netfs.mounts import may_hang as may_hang, resolved as resolved
    from rezup_api.netfs.reader import ask as ask, marker_of as marker_of

offer(
    globals(),
    {
        "mounts": "may_hang resolved",
        "reader": "ask marker_of",
    },
)
