"""Complete the command line for a shell."""
