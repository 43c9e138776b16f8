"""Care: who uses what, and the removal of what nobody does."""
