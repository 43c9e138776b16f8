"""Find the Python interpreters of this machine and describe them."""
