"""Make one revision, from its recipe to the rename that lets it appear."""
