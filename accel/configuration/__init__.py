"""What a user writes: the configuration file, checked."""
