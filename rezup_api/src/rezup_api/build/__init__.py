"""Make: from a recipe to the environments of a revision."""
