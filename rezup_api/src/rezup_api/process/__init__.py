"""Start programs: the one room that does."""
