"""Write to a disk so that other processes see a whole file or none, and lock files and folders."""
