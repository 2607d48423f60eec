"""The blocks: one layer of a forecaster in each file."""
