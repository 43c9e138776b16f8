"""Enter: the environment of a session, its lease, its shell, and the command that it becomes."""
