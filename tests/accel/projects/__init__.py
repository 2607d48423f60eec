"""Checks of projects for tools that cannot run here."""
