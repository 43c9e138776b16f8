"""The care for containers that exist: garbage collection, removal, verification, repair, comparison, and who uses them."""
