"""Read and change what a remote root publishes of a container: a log of entries, a pointer to the newest, and manifests."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.published.log_entry import parse_entry as parse_entry

offer(globals(), {"log_entry": "parse_entry"})
