"""Keep what one user has built before, so that the next revision takes less time and less disk."""
