"""A session in a revision: its lease, its environment, its shell, and the command that this process becomes."""
