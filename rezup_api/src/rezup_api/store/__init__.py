"""Keep containers: the names of their files, and how revisions appear, are listed, held and published."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.store.history import Act as Act
    from rezup_api.store.layout import (
        METADATA_FILE as METADATA_FILE,
        RECIPE_FILE as RECIPE_FILE,
        ContainerFolder as ContainerFolder,
    )
    from rezup_api.store.metadata import Environment as Environment, Metadata as Metadata
    from rezup_api.store.names import (
        CURRENT as CURRENT,
        DEFAULT_CONTAINER as DEFAULT_CONTAINER,
        LATEST as LATEST,
        Target as Target,
        check_container as check_container,
        is_label as is_label,
        is_timestamp as is_timestamp,
        moment as moment,
        parse_target as parse_target,
        timestamp_order as timestamp_order,
    )
    from rezup_api.store.pin import Pin as Pin
    from rezup_api.store.revision import Revision as Revision

offer(
    globals(),
    {
        "history": "Act",
        "layout": "METADATA_FILE RECIPE_FILE ContainerFolder",
        "metadata": "Environment Metadata",
        "names": "CURRENT DEFAULT_CONTAINER LATEST Target check_container is_label is_timestamp moment parse_target"
        " timestamp_order",
        "pin": "Pin",
        "revision": "Revision",
    },
)
