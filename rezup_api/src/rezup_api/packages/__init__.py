"""What requirements, versions, locks and installed distributions are."""
