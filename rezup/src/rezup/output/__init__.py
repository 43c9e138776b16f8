"""What people see: results, progress, errors."""
