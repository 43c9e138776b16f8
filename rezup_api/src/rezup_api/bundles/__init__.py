"""Bundles: revisions as single files that install without a network."""
