"""Compression of a trained forecaster: one method is one file in `methods`, in any order."""
