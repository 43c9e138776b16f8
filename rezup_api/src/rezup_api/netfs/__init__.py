"""Read files that may lie on a network file system that hangs."""
