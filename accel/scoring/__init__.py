"""Errors of forecasts, and the naive forecasts that they are compared with."""
