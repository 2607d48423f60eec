"""Chains around layers with delta updates, drawn from a seed, for tests."""

from dataclasses import replace

import numpy as np

from hw import (
    Activation,
    FixedPoint,
    Flatten,
    Function,
    Network,
    Node,
    Overflow,
    Port,
    Quantizer,
    Rounding,
    delta,
)
from hw.block import Spec
from hw.network.mode import Mode
from tests.hw.drawing import draw_dense, draw_format, draw_recurrent

SQUEEZE = Quantizer(Function.LINEAR, FixedPoint(6, 3, True, Rounding.RND_CONV, Overflow.SAT))


def draw_delta(rng: np.random.Generator, port: Port, kind: str) -> Spec:
    """Draw a delta layer behind `port`, of every size of pool, with thresholds that matter."""
    layer = draw_recurrent(rng, port.format, port.channels, port.beats, kind)
    layer = replace(layer, return_sequences=bool(rng.random() < 0.5))
    thresholds = (int(rng.integers(0, 4)) for _ in range(2))
    multipliers = None if rng.random() < 0.3 else int(rng.integers(1, 9))
    return delta(layer, *thresholds, multipliers=multipliers)


def delta_network(seed: int, kind: str, mode: Mode, layers: int = 1, slow: bool = False) -> Network:
    """Draw a chain of delta layers with a dense layer at its end.

    Parameters
    ----------
    kind
        As of `draw_recurrent`.
    layers
        Number of delta layers.
    slow
        Whether a dense layer of many cycles comes before the delta layers, and a slow one after.
    """
    rng = np.random.default_rng(seed)
    steps = 1 if mode is Mode.STREAMING else int(rng.integers(2, 6))
    source = Port("input", int(rng.integers(2, 6)), draw_format(rng), steps)
    nodes: list[Node] = []

    def port() -> Port:
        return nodes[-1].spec.outputs[0] if nodes else source

    def append(name: str, spec: Spec) -> None:
        nodes.append(Node(name, spec, (nodes[-1].name if nodes else source.name,)))

    def squeeze(name: str) -> None:
        append(name, Activation(port().channels, port().format, SQUEEZE, port().steps))

    def dense(name: str, reuse: int) -> None:
        layer = replace(
            draw_dense(rng, port().format, port().channels), steps=port().steps, skip_zeros=False
        )
        append(name, replace(layer, reuse=min(reuse, layer.kernel.size)))

    squeeze("squeeze")
    if slow:
        dense("before", 40)
        squeeze("narrow")
    for index in range(layers):
        spec = draw_delta(rng, port(), kind)
        sequence = index < layers - 1 or mode is Mode.STREAMING or slow
        layer = replace(spec.layer, return_sequences=sequence)
        append(f"delta{index}", replace(spec, layer=layer))
        squeeze(f"squeeze{index}")
    if mode is not Mode.STREAMING and port().steps is not None:
        append("flatten", Flatten(port().beats, port().channels, port().format))
    dense("after", 60 if slow else 5)
    return Network(f"{kind}{seed}", (source,), tuple(nodes), ("after",), mode=mode)


def slow_series(rng: np.random.Generator, network: Network, rows: int, length: int) -> np.ndarray:
    """Draw codes ``(rows, length, F)`` that wander over the whole range, and rest now and then."""
    grid = network.input_format
    shape = (rows, length, network.features)
    reach = max((grid.maximum - grid.minimum) // 6, 1)
    moves = rng.integers(-reach, reach + 1, shape) * (rng.random(shape) < 0.6)
    start = rng.integers(grid.minimum, grid.maximum + 1, (rows, 1, network.features))
    return np.clip(start + np.cumsum(moves, axis=1), grid.minimum, grid.maximum)
