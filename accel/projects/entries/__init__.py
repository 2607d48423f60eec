"""The boards for which projects are written, one file for each line."""
