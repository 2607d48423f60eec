"""Keras models: files, what is allowed in them, and their values in float64."""
