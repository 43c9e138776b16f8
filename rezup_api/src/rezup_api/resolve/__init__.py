"""Find versions and install them: the engines uv and pip."""
