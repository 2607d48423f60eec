"""Layers over a receptive field: convolutions, pooling, moving averages, sums."""
