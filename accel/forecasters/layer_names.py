"""Names of the layers, the same in Keras, network and reports."""

INPUT = "window"
INPUT_QUANTIZER = "window_quantizer"
OUTPUT = "forecast"
OUTPUT_QUANTIZER = "forecast_quantizer"
WIRES = "_wires"
"""Ends the names of dense layers of fixed zeros and ones, which only pick or repeat channels."""

FACTOR = "_factor"
"""Ends the name of the first of two dense layers that stand for one, which keeps its name."""
CORES = ("_core_1", "_core_2")
"""End the names of the two dense layers of a tensor train."""


def dense_name(position: int) -> str:
    """Return the name of the hidden dense layer at `position`, from 0."""
    return f"dense_{position + 1}"


def relu_name(position: int) -> str:
    """Return the name of the activation behind `dense_name(position)`."""
    return f"relu_{position + 1}"
