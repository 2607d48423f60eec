"""Recurrent layers that skip the products of what hardly moved."""
