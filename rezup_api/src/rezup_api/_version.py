"""The version of this distribution; `rezup` and `rezup-api` are always released together."""

__version__ = "3.0.0"
