"""The newer releases of rezup itself: where they come from, how one is installed, and what is remembered of them."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.selfupdate.install import Taker as Taker, is_whole as is_whole
    from rezup_api.selfupdate.sources import (
        News as News,
        Release as Release,
        newer_releases as newer_releases,
        shown as shown,
    )
    from rezup_api.selfupdate.state import Memory as Memory, read_memory as read_memory

offer(
    globals(),
    {
        "install": "Taker is_whole",
        "sources": "News Release newer_releases shown",
        "state": "Memory read_memory",
    },
)
