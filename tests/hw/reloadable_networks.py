"""Networks with reloadable weights, of every kind of layer."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from hw import (
    Activation,
    BatchNormalization,
    Conv1D,
    Dense,
    DepthwiseConv1D,
    FixedPoint,
    Flatten,
    Function,
    Network,
    Node,
    Overflow,
    Padding,
    Port,
    Quantizer,
    Rounding,
    SharedDense,
    SharedLayer,
)
from hw.network.mode import Mode
from tests.hw.drawing import draw_codes, draw_network
from tests.hw.reloading import made_reloadable

GRID = FixedPoint(5, 2, True, Rounding.RND_CONV, Overflow.SAT)
FINER = FixedPoint(5, 1)


def drawn(kind: str, seed: int) -> Network:
    """Draw a reloadable network; the other kinds are those of `draw_network`."""
    if kind in ("valid", "same"):
        return convolutional(seed, Padding(kind))
    if kind.startswith("depthwise"):
        return depthwise(seed, Padding(kind.removeprefix("depthwise_")))
    if kind == "shared":
        return shared(seed)
    if kind == "normalized":
        return normalized(seed)
    network = made_reloadable(draw_network(seed, kind.removesuffix("_sliding")))
    return replace(network, mode=Mode.SLIDING) if kind.endswith("_sliding") else network


def convolutional(seed: int, padding: Padding) -> Network:
    """Return a convolution in front of a constant layer and one that can be reloaded."""
    rng = np.random.default_rng(seed)

    def codes(*shape: int) -> np.ndarray:
        return draw_codes(rng, GRID, *shape)

    def narrow(port: Port) -> Activation:
        return Activation(port.channels, port.format, Quantizer(Function.LINEAR, GRID), port.steps)

    conv = Conv1D(codes(3, 2, 3), codes(3), GRID, GRID, GRID, 5, 6, padding, reloadable=True)
    flat = Flatten(conv.field.outputs, 3, GRID)
    fixed = Dense(codes(flat.outputs[0].channels, 4), codes(4), GRID, GRID, GRID, 20)
    last = Dense(codes(4, 2), codes(2), GRID, GRID, GRID, 1, reloadable=True)
    specs = (conv, narrow(conv.outputs[0]), flat, fixed, narrow(fixed.outputs[0]), last)
    nodes = [Node(f"l{k}", spec, (f"l{k - 1}" if k else "input",)) for k, spec in enumerate(specs)]
    return Network("conv", (Port("input", 2, GRID, 5),), tuple(nodes), ("l5",))


def depthwise(seed: int, padding: Padding) -> Network:
    """Return two depthwise convolutions, one with a stride, and a dense layer behind them."""
    rng = np.random.default_rng(seed)

    def convolve(port: Port, multiplier: int, reuse: int, stride: int) -> DepthwiseConv1D:
        kernel = draw_codes(rng, GRID, 3, port.channels, multiplier)
        bias = draw_codes(rng, FINER, port.channels * multiplier)
        return DepthwiseConv1D(
            kernel, bias, port.format, GRID, FINER, port.beats, reuse, padding, stride, pace=12,
            reloadable=True,
        )  # fmt: skip

    def narrow(port: Port) -> Activation:
        return Activation(port.channels, port.format, Quantizer(Function.LINEAR, GRID), port.steps)

    first = convolve(Port("input", 2, GRID, 7), 2, int(rng.integers(1, 9)), 1)
    squeezed = narrow(first.outputs[0])
    second = convolve(squeezed.outputs[0], 1, int(rng.integers(1, 13)), 2)
    last = narrow(second.outputs[0])
    flat = Flatten(second.field.outputs, 4, GRID)
    dense = Dense(
        draw_codes(rng, GRID, flat.outputs[0].channels, 2), draw_codes(rng, GRID, 2),
        GRID, GRID, GRID, 5, reloadable=True,
    )  # fmt: skip
    specs = (first, squeezed, second, last, flat, dense)
    nodes = [Node(f"l{k}", spec, (f"l{k - 1}" if k else "input",)) for k, spec in enumerate(specs)]
    return Network("depthwise", (Port("input", 2, GRID, 7),), tuple(nodes), ("l5",))


def shared(seed: int) -> Network:
    """Return an engine of three layers at every step, a constant one and one of one beat."""
    rng = np.random.default_rng(seed)

    def engine(port: Port, *sizes: int, reloadable: bool) -> SharedDense:
        squash = Quantizer(Function.HARD_TANH, GRID)
        layers = tuple(
            SharedLayer(
                draw_codes(rng, GRID, n_in, n_out), draw_codes(rng, FINER, n_out), GRID, FINER,
                squash,
            )
            for n_in, n_out in pairwise((port.channels, *sizes))
        )  # fmt: skip
        multipliers = int(rng.integers(1, 9))
        return SharedDense(layers, GRID, multipliers, port.steps, reloadable=reloadable)

    first = engine(Port("input", 3, GRID, 4), 4, 1, 3, reloadable=True)
    fixed = engine(first.outputs[0], 2, 2, reloadable=False)
    flat = Flatten(4, 2, GRID)
    last = engine(flat.outputs[0], 3, reloadable=True)
    specs = (first, fixed, flat, last)
    nodes = [Node(f"l{k}", spec, (f"l{k - 1}" if k else "input",)) for k, spec in enumerate(specs)]
    return Network("shared", (Port("input", 3, GRID, 4),), tuple(nodes), ("l3",))


def normalized(seed: int) -> Network:
    """Return a normalization of each step, one of the whole window, and a dense layer behind."""
    rng = np.random.default_rng(seed)
    reuse = int(rng.integers(1, 6))

    def normalize(port: Port, reuse: int) -> BatchNormalization:
        scale, offset = (draw_codes(rng, GRID, port.channels) for _ in range(2))
        format = port.format
        return BatchNormalization(
            scale, offset, format, GRID, FINER, reuse, port.steps, reloadable=True
        )

    def narrow(port: Port) -> Activation:
        return Activation(port.channels, port.format, Quantizer(Function.LINEAR, GRID), port.steps)

    first = normalize(Port("input", 3, GRID, 4), reuse)
    flat = Flatten(4, 3, GRID)
    second = normalize(flat.outputs[0], 2 * reuse + 1)
    last = Dense(draw_codes(rng, GRID, 12, 2), draw_codes(rng, GRID, 2), GRID, GRID, GRID, 5)
    specs = (first, narrow(first.outputs[0]), flat, second, narrow(second.outputs[0]), last)
    nodes = [Node(f"l{k}", spec, (f"l{k - 1}" if k else "input",)) for k, spec in enumerate(specs)]
    return Network("normalized", (Port("input", 3, GRID, 4),), tuple(nodes), ("l5",))
