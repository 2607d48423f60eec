"""Functional coverage: what the testbench has met, and what it could have."""
