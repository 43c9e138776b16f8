"""List every key of a machine's configuration; a test holds the reference page to it."""

from __future__ import annotations

from rezup_api.recipe.schema import Key, Kind, schema_of

MACHINE = schema_of(
    (
        Key("hook[].on", Kind.EVENTS, "", "When it runs.", required=True),
        Key("hook[].command", Kind.COMMAND, "", "What it runs, by the shell.", required=True),
        Key("hook[].timeout", Kind.SECONDS, "`60`", "How long the command may take; then it is killed."),
    )
)
