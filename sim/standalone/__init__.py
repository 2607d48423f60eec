"""A cocotb testbench that needs nothing of this project: written beside the RTL, for its user."""
