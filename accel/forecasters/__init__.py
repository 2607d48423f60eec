"""Forecasters: stock QKeras models. One family is one file in `families`, found by itself."""
