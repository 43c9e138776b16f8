"""Which revision `use` gives, and how that is changed."""
