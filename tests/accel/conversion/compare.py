"""Compare a QKeras model with its golden model, layer by layer and time step by time step."""

import numpy as np

from accel.float64 import trace_float64
from accel.qkeras_compat import keras
from hw.network.graph import Network


def draw_codes(network: Network, windows: int, seed: int) -> np.ndarray:
    """Draw input codes over the whole range, its two ends in the first windows."""
    rng = np.random.default_rng(seed)
    low, high = network.input_format.minimum, network.input_format.maximum
    shape = (network.features,)
    if network.input.steps is not None:
        shape = (network.look_back, *shape)
    codes = rng.integers(low, high, (windows, *shape), endpoint=True)
    codes[0], codes[1] = low, high
    return codes


def draw_inputs(network: Network, windows: int, seed: int) -> list[np.ndarray]:
    """Draw codes of every input over the whole range."""
    rng = np.random.default_rng(seed)
    return [
        rng.integers(
            port.format.minimum,
            port.format.maximum,
            (windows, *((port.steps,) if port.steps else ()), port.channels),
            endpoint=True,
        )
        for port in network.inputs
    ]


def assert_equal_to_qkeras(model: keras.Model, network: Network, codes: np.ndarray) -> np.ndarray:
    """Fail with layer, window, time step, channel and both codes at the first difference.

    Returns the network's output codes.
    """
    trace: dict[str, np.ndarray] = {}
    outputs = network.reference(codes, trace)
    values = trace_float64(model, network.input_format.to_float(codes))
    node_of = last_nodes(model, network)
    assert network.outputs[0] in node_of.values()
    for layer, expected in values.items():
        if layer not in node_of:
            continue  # the input's quantizer, or what became part of another block
        node = next(node for node in network.nodes if node.name == node_of[layer])
        format = node.spec.outputs[0].format
        codes_of_layer = trace.get(f"{node.name}.h", trace[node.name])
        compare_codes(node.name, np.ldexp(expected, format.fraction), codes_of_layer)
    return outputs


def compare_codes(layer: str, expected: np.ndarray, actual: np.ndarray) -> None:
    """Fail at the first place where two arrays ``(N, [T,] C)`` differ."""
    assert expected.shape == actual.shape, f"{layer}: {actual.shape} is not {expected.shape}"
    places = np.argwhere(expected != actual)
    if not len(places):
        return
    window, *step, channel = (int(index) for index in places[0])
    place = tuple(places[0])
    raise AssertionError(
        f"layer {layer}, window {window}, step {step[0] if step else '-'}, channel {channel}: "
        f"expected code {expected[place]}, found {actual[place]} ({len(places)} differences)"
    )


def last_nodes(model: keras.Model, network: Network) -> dict[str, str]:
    """Map Keras layers to the node that holds their result: their activation argument's, if any."""
    names = {node.name for node in network.nodes}
    found: dict[str, str] = {}
    for layer in model.layers:
        behind = getattr(layer, "activation", None)
        kind = getattr(behind, "__name__", type(behind).__name__)
        for name in (f"{layer.name}_{kind}", layer.name):
            if name in names:
                found[layer.name] = name
                break
    return found
