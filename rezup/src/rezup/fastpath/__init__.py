"""The quick launch and all that a start of rezup passes through; it imports next to nothing."""
