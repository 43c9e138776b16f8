"""Bundles: revisions as single files that install without a network."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.bundles.archive import (
        Manifest as Manifest,
        bundled_recipe as bundled_recipe,
        examine_bundle as examine_bundle,
    )
    from rezup_api.bundles.bundler import Bundled as Bundled

offer(
    globals(),
    {
        "archive": "Manifest bundled_recipe examine_bundle",
        "bundler": "Bundled",
    },
)
