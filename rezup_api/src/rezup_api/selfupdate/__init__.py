"""rezup's own newer releases."""
