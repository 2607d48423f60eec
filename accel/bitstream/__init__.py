"""Bitstreams with open tools: Yosys, nextpnr, ecppack; and the check of what Yosys made."""

from accel.bitstream.implementation import Implementation, count_cells, implement
from accel.bitstream.verification import verify_netlist

__all__ = ["Implementation", "count_cells", "implement", "verify_netlist"]
