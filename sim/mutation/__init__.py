"""Mutation coverage: how many wrong versions of the hardware the shipped testbench tells apart."""
