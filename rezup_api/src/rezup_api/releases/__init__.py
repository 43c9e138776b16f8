"""rezup's own upgrade: what a source has, and how a release is taken, tried, kept and taken back."""
