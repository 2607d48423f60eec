"""Forecasters: stock QKeras models, one family per file, each with its float twin."""
