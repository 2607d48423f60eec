"""Layers with delta updates: the plain layer, whose products take what has moved.

The same codes as in `hw.layer.delta.layer`; here every product is computed, moved or not.
"""

from accel.conversion.hls_layers.code import Template
from accel.conversion.hls_layers.gru import gru
from accel.conversion.hls_layers.lstm import lstm
from hw.layer.delta.gru import DeltaGRU
from hw.layer.delta.layer import DeltaLayer
from hw.layer.delta.lstm import DeltaLSTM


def delta_lstm(name: str, spec: DeltaLSTM) -> Template:
    """Return `DeltaLSTM`."""
    return lstm(name, spec.layer, _taken(spec))


def delta_gru(name: str, spec: DeltaGRU) -> Template:
    """Return `DeltaGRU`."""
    return gru(name, spec.layer, _taken(spec))


def _taken(spec: DeltaLayer) -> dict[str, str]:
    return {
        "inputs": f"chronogate::moved_values<{spec.input_threshold}>",
        "states": f"chronogate::moved_values<{spec.state_threshold}>",
    }
