"""Start programs; no other room does."""
