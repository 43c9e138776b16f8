"""Build the environments of a revision, and test them before anybody uses them."""
