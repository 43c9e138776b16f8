"""What this user keeps so that the next revision costs less."""
