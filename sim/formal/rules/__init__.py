"""The properties, by subject; each is one small function."""
