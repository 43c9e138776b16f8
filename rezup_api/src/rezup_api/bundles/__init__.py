"""Archives that install without a network."""
