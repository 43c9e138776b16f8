"""Resolve requirements to versions and install those, with the engines uv and pip."""
