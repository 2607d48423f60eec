"""Number formats and their exact arithmetic, in software and in hardware."""
