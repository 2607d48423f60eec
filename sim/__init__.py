"""Simulation: the Verilated model in this process, cocotb testbenches, cycle measurement."""
