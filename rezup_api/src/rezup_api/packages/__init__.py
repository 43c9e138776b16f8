"""Describe packages: requirements, exact versions, locks, platforms, and installed distributions."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.packages.platforms import PlatformTarget as PlatformTarget

offer(
    globals(),
    {
        "platforms": "PlatformTarget",
    },
)
