"""Make the environments of a revision."""
