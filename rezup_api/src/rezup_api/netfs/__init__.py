"""Look at files that may lie on a network file system which hangs."""
