"""Write to a disk so that others see a whole file, or none; and lock what is there."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.disk.files import storing as storing, write_whole as write_whole
    from rezup_api.disk.flock import Held as Held, claim as claim

offer(
    globals(),
    {
        "files": "storing write_whole",
        "flock": "Held claim",
    },
)
