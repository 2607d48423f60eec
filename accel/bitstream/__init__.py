"""Bitstreams with open tools: Yosys, nextpnr, ecppack; and the check of what Yosys made."""

from accel.bitstream.implementation import Implementation, implement
from accel.bitstream.verification import verify_netlist

__all__ = ["Implementation", "implement", "verify_netlist"]
