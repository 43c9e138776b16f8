"""Write to a disk so that others see a whole file, or none; and lock what is there."""
