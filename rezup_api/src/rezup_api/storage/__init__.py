"""Read and write bytes under names, wherever a root keeps them: in a folder today, in other kinds of storage later."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.storage.address import folder_of_root as folder_of_root
    from rezup_api.storage.interface import Witness as Witness

offer(
    globals(),
    {
        "address": "folder_of_root",
        "interface": "Witness",
    },
)
