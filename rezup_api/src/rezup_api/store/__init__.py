"""Keep: where containers and revisions lie, how they appear and are listed, locked and published."""
