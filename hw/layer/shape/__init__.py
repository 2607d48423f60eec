"""Layers that only move, repeat or drop values."""
