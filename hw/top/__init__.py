"""The AXI tops around a network."""
