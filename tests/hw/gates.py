"""Random pairs of networks behind a gate, for tests."""

from dataclasses import replace
from itertools import count

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
    Unflatten,
)
from hw.block import Spec
from hw.network.gated import GatedNetwork
from tests.hw.drawing import draw_codes, draw_dense, draw_format, draw_quantizer, draw_recurrent

OUTPUT = FixedPoint(7, 3, True, Rounding.RND_CONV, Overflow.SAT)


def draw_gated(seed: int, kind: str, beats: int = 1, **settings: int) -> GatedNetwork:
    """Draw an MLP, a network of `kind` for the same windows, and a gate that wakes now and then.

    Draws in which the two never differ, or nothing tells windows apart, are thrown away.

    Parameters
    ----------
    seed
        Of everything.
    kind
        Of the large network: ``"mlp"``, or of its recurrent layer.
    beats
        Of a forecast.
    settings
        Further ones of the gate.
    """
    for attempt in count():
        rng = np.random.default_rng([seed, attempt])
        steps, features, values = (int(n) for n in rng.integers((2, 1, 1), (7, 4, 4)))
        port = Port("input", features, draw_format(rng, signed=bool(rng.random() < 0.7)), steps)
        cheap, large = (
            _draw_chain(rng, name, port, layer, values, beats)
            for name, layer in (("cheap", "mlp"), ("large", kind))
        )
        channels = rng.permutation(features)[: rng.integers(1, features + 1)].tolist()
        gated = GatedNetwork(f"gated{seed}", cheap, large, 0, tuple(channels), **settings)
        codes = draw_windows(rng, gated, 60)
        gated = replace(gated, threshold=int(np.median(gated.roughness(codes))) or 1)
        found = gated.reference(codes)
        differ = (found.outputs != cheap.reference(codes)).reshape(len(codes), -1).any(axis=1)
        kinds = len(np.unique(found.outputs.reshape(len(codes), -1), axis=0))
        if kinds > 10 and differ.sum() > 10 and 15 < found.wakes.sum() < 45:
            return gated
    raise AssertionError("unreachable")


def draw_windows(rng: np.random.Generator, gated: GatedNetwork, windows: int) -> np.ndarray:
    """Draw windows ``(N, T, F)`` of all degrees of roughness, up to the whole range."""
    format = gated.input_format
    shape = (windows, gated.look_back, gated.features)
    codes = draw_codes(rng, format, *shape)
    middle = draw_codes(rng, format, windows, 1, gated.features)
    share = rng.random((windows, 1, 1)) ** 2
    return np.rint(middle + share * (codes - middle)).astype(np.int64)


def _draw_chain(
    rng: np.random.Generator, name: str, port: Port, kind: str, values: int, beats: int
) -> Network:
    nodes: list[Node] = []

    def append(name: str, spec: Spec) -> Port:
        nodes.append(Node(name, spec, (nodes[-1].name if nodes else port.name,)))
        return spec.outputs[0]

    steps, n_in = port.beats, port.channels
    if kind == "mlp":
        port_out = append("flatten", Flatten(steps, n_in, port.format))
        source = append("dense0", draw_dense(rng, port_out.format, port_out.channels))
    else:
        source = append(kind, draw_recurrent(rng, port.format, n_in, steps, kind))
    narrow = draw_quantizer(rng, [Function.LINEAR])
    source = append("narrow", Activation(source.channels, source.format, narrow))
    dense = draw_dense(rng, source.format, source.channels)
    kernel = draw_codes(rng, dense.kernel_format, source.channels, values * beats)
    bias = draw_codes(rng, dense.bias_format, values * beats)
    source = append("dense", replace(dense, kernel=kernel, bias=bias))
    result = Quantizer(Function.LINEAR, OUTPUT)
    source = append("result", Activation(source.channels, source.format, result))
    if beats > 1:
        append("beats", Unflatten(beats, values, OUTPUT, pace=int(rng.integers(1, 3))))
    return Network(name, (port,), tuple(nodes), (nodes[-1].name,))
