"""Look at files that may lie on a network file system which hangs."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.netfs.limit import begin as begin
    from rezup_api.netfs.mounts import may_hang as may_hang, mount_may_hang as mount_may_hang, resolved as resolved
    from rezup_api.netfs.reader import ask as ask, marker_of as marker_of

offer(
    globals(),
    {
        "limit": "begin",
        "mounts": "may_hang mount_may_hang resolved",
        "reader": "ask marker_of",
    },
)
