"""Compare a QKeras model with its golden model, layer by layer and time step by time step."""

from collections.abc import Mapping, Sequence

import numpy as np

from accel.keras_models.calls import calls_of, input_shapes
from accel.keras_models.float64 import evaluate_all_float64, trace_float64
from accel.qkeras_compat import keras
from hw.layer.recurrent.lstm import LSTM
from hw.network.graph import Network
from hw.stream import Port


def draw_codes(network: Network, windows: int, seed: int) -> np.ndarray:
    """Draw input codes over the whole range, its two ends in the first windows."""
    return _draw(network.input, windows, np.random.default_rng(seed))


def draw_all_codes(network: Network, windows: int, seed: int) -> list[np.ndarray]:
    """Draw the codes of every input, as `draw_codes` does for one."""
    rng = np.random.default_rng(seed)
    return [_draw(port, windows, rng) for port in network.inputs]


def _draw(port: Port, windows: int, rng: np.random.Generator) -> np.ndarray:
    low, high = port.format.minimum, port.format.maximum
    shape = (port.channels,) if port.steps is None else (port.steps, port.channels)
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


def assert_equal_to_qkeras(
    model: keras.Model,
    network: Network,
    codes: np.ndarray,
    kept: Mapping[str, np.ndarray] | None = None,
) -> np.ndarray:
    """Fail with layer, window, time step, channel and both codes at the first difference.

    Of nodes that lost dead units, `kept` names those that are left. Returns the network's output
    codes.
    """
    return assert_all_equal_to_qkeras(model, network, [codes], kept)[0]


def assert_all_equal_to_qkeras(
    model: keras.Model,
    network: Network,
    codes: Sequence[np.ndarray],
    kept: Mapping[str, np.ndarray] | None = None,
) -> tuple[np.ndarray, ...]:
    """Do the same with several inputs, and for all outputs."""
    trace: dict[str, np.ndarray] = {}
    outputs = network.evaluate(codes, trace)
    inputs = keras_inputs(model, network, codes)
    values = trace_float64(model, inputs)
    node_of = last_nodes(model, network)
    for name, port, expected, found in zip(
        network.outputs, network.output_ports, evaluate_all_float64(model, inputs), outputs,
        strict=True,
    ):  # fmt: skip
        compare_codes(name, np.ldexp(expected, port.format.fraction), found)
    for layer, expected in values.items():
        if layer not in node_of:
            continue  # the input's quantizer, or what became part of another block
        node = next(node for node in network.nodes if node.name == node_of[layer])
        format = node.spec.outputs[0].format
        codes_of_layer = trace.get(f"{node.name}.h", trace[node.name])
        if isinstance(node.spec, LSTM):
            format = node.spec.hidden  # its output may hold the cell state, too
        left = slice(None)
        if kept is not None and node.name in kept:
            left = kept[node.name]
        compare_codes(node.name, np.ldexp(expected[..., left], format.fraction), codes_of_layer)
    return outputs


def keras_inputs(
    model: keras.Model, network: Network, codes: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return codes as the floats that the model takes, in its own shapes."""
    return [
        port.format.to_float(array).reshape(-1, *shape[1:])
        for port, array, shape in zip(network.inputs, codes, input_shapes(model), strict=True)
    ]


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
    """Map calls of layers to the node of their result: their activation argument's, if any."""
    names = {node.name for node in network.nodes}
    found: dict[str, str] = {}
    for call in calls_of(model).calls:
        behind = getattr(model.get_layer(call.layer), "activation", None)
        kind = getattr(behind, "__name__", type(behind).__name__)
        for name in (f"{call.name}_{kind}", call.name):
            if name in names:
                found[call.name] = name
                break
    return found
