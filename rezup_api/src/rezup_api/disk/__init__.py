"""Write to a disk so that other processes see a whole file or none, and lock files and folders."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.disk.files import storing as storing, write_whole as write_whole
    from rezup_api.disk.flock import Held as Held, claim as claim
    from rezup_api.disk.reading import read_file as read_file

offer(
    globals(),
    {
        "files": "storing write_whole",
        "flock": "Held claim",
        "reading": "read_file",
    },
)
