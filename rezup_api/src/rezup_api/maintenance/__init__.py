"""What is done to a container later: look after it, clean it up, mend it."""
