"""Bytes under names, wherever a root keeps them: a folder today, other kinds of storage later."""
