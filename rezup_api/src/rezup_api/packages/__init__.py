"""Describe packages: requirements, exact versions, locks, platforms, and installed distributions."""
