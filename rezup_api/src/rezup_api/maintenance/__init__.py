"""The care for containers that exist: garbage collection, removal, verification, repair, comparison, and who uses them."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.maintenance.diff import Contents as Contents, Difference as Difference, ValueChange as ValueChange
    from rezup_api.maintenance.inventory import Inventory as Inventory, Package as Package, Source as Source
    from rezup_api.maintenance.publications import (
        PublishedContainer as PublishedContainer,
        PublishedRevision as PublishedRevision,
    )
    from rezup_api.maintenance.retention import Policy as Policy, Verdict as Verdict
    from rezup_api.maintenance.running import RunningSession as RunningSession, can_tell as can_tell
    from rezup_api.maintenance.verify import Finding as Finding

offer(
    globals(),
    {
        "diff": "Contents Difference ValueChange",
        "inventory": "Inventory Package Source",
        "publications": "PublishedContainer PublishedRevision",
        "retention": "Policy Verdict",
        "running": "RunningSession can_tell",
        "verify": "Finding",
    },
)
