"""`hw.layer.flatten.Flatten` as hls4ml's own reshape."""

from accel.conversion.hls_layers.code import Stock
from hw.layer.flatten import Flatten


def flatten(name: str, spec: Flatten) -> Stock:
    """Return the layer."""
    port = spec.outputs[0]
    return Stock("Reshape", {"target_shape": [port.channels]}, {}, port)
