"""The newer releases of rezup itself: where they come from, how one is installed, and what is remembered of them."""
