"""Recurrent layers, and what their programs and cells have in common."""
