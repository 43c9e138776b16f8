"""What the command shows: results, progress and errors, and its exit statuses."""
