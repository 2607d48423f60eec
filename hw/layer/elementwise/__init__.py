"""Layers that work on one value of each input at a time."""
