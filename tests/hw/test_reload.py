"""Weights replaced while windows go through: each window is of one model, and none goes back."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hw import (
    Activation,
    BatchNormalization,
    ChronogateError,
    Conv1D,
    Dense,
    DepthwiseConv1D,
    FixedPoint,
    Flatten,
    Function,
    Metadata,
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
from hw.control.reload import model_writes, shape_fingerprint
from hw.network.mode import Mode
from tests.hw.drawing import draw_codes, draw_network
from tests.hw.recurrent_shapes import recurrent_layer
from tests.hw.reloading import Reloading, beats_of_windows, made_reloadable, other_model

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


def check_epochs(bench: Reloading, expected: list[np.ndarray]) -> None:
    """Compare forecasts with those ``(forecasts, n_out)`` of each model."""
    assert bench.commits == len(expected) - 1, "the host did not get all models through"
    assert bench.epochs[-1] == len(expected) - 1
    for window, (epoch, found) in enumerate(zip(bench.epochs, bench.codes, strict=True)):
        assert found == expected[epoch][window].tolist(), f"window {window}, model {epoch}"
    differ = [(a != b).any(axis=-1).mean() for a, b in pairwise(expected)]
    assert min(differ) > 0.3, "models that hardly differ prove little"


@pytest.mark.parametrize(
    ("kind", "seed", "busy"),
    [
        ("mlp", 1, True),
        ("mlp", 2, False),
        ("lstm", 3, False),
        ("gru_after", 1, True),
        ("gru_after", 3, False),
        ("gru_before", 0, True),
        ("simple_rnn", 4, False),
        ("simple_rnn_sliding", 4, False),
        ("valid", 1, True),
        ("same", 1, True),
        ("same", 2, False),
        ("depthwise_causal", 1, True),
        ("depthwise_valid", 2, False),
        ("depthwise_valid", 5, True),
        ("depthwise_same", 3, True),
        ("depthwise_same", 4, False),
        *(("shared", seed, seed % 2 == 0) for seed in range(6)),
        ("normalized", 1, True),
        ("normalized", 2, False),
        ("normalized", 4, False),
    ],
)
def test_every_window_is_of_one_model(kind: str, seed: int, busy: bool) -> None:
    network = drawn(kind, seed)
    rng = np.random.default_rng([seed, busy])
    models = other_model(network, rng), other_model(network, rng)
    words = sum(len(model_writes(network, model)) for model in models)
    cycles = 2 * words + 8 * network.timing.window_cycles
    count = -(-cycles // network.timing.interval_cycles) // (1 if busy else 3) + 8
    sliding = network.mode is Mode.SLIDING
    shape = (1, count) if sliding else (count, network.look_back)
    codes = draw_codes(rng, network.input_format, *shape, network.features)
    bench = Reloading(network, models, rng, 0.0 if busy else 0.4, 0.0 if busy else 0.4)
    bench.run(beats_of_windows(codes, network.mode))
    expected = [model.reference(codes) for model in bench.answering]
    check_epochs(bench, [codes[0] if sliding else codes for codes in expected])
    if not sliding:
        assert bench.epochs == bench.begun, "a commit was not for the next window to begin"


def test_interleaved_samples_are_of_one_model_each() -> None:
    """The states go on from one model to the next; each sample of each series has one model."""
    rng = np.random.default_rng(1)
    layer = recurrent_layer(
        "simple_rnn", 2, 3, 1, 3, series=3, multipliers=4, return_sequences=True, reloadable=True
    )
    port = Port("input", 2, layer.input, 1, 3)
    nodes = (Node("layer", layer, ("input",)),)
    network = Network("streams", (port,), nodes, ("layer",), mode=Mode.STREAMING)
    models = other_model(network, rng), other_model(network, rng)
    codes = draw_codes(rng, network.input_format, 3, 40, 2)
    order = rng.permutation(np.repeat(np.arange(3), 40)).tolist()
    place = [order[:k].count(series) for k, series in enumerate(order)]
    beats = [(codes[s, k].tolist(), False, s) for s, k in zip(order, place, strict=True)]
    bench = Reloading(network, models, rng, 0.2, 0.2)
    bench.run(beats)
    assert bench.commits == 3 == bench.epochs[-1]
    # What the layer does with one sample after another, whichever model each has.
    specs = [model.nodes[0].spec for model in bench.answering]
    states = np.zeros((3, 3), dtype=np.int64)
    for beat, (row, _, series) in enumerate(beats):
        spec = specs[bench.epochs[beat]]
        sums = np.array(row) @ spec.kernel + (states[series] @ spec.recurrent_kernel)
        sums = sums + (spec.bias << GRID_FRACTION)
        states[series] = spec.activation.apply(sums, spec.sum)
        assert bench.codes[beat] == states[series].tolist(), f"beat {beat}, series {series}"
        states[series] = spec.state.resize(states[series], spec.hidden)


GRID_FRACTION = 6
"""Fraction bits of everything that `recurrent_layer` gives."""


def test_the_widths_hold_the_worst_weights() -> None:
    """The extremes of the formats reach the ends of the sums' formats, no other weights do more."""
    kernel, bias = FixedPoint(4, 4), FixedPoint(6, 6)
    source = FixedPoint(3, 3)
    for codes in (kernel.minimum, kernel.maximum):
        full = np.full((5, 2), codes)
        dense = Dense(full, np.array([bias.minimum, bias.maximum]), source, kernel, bias, 3)
        wide = replace(dense, kernel=0 * full, reloadable=True)
        assert wide.output.width >= dense.output.width
    # -8 * -4 * 5 + 31 = 191 is the largest sum: 9 bits with the sign.
    assert wide.output == FixedPoint(9, 9)


def test_another_shape_is_refused() -> None:
    network = made_reloadable(draw_network(1, "gru_after"))
    rng = np.random.default_rng(1)
    other = other_model(network, rng)
    assert shape_fingerprint(other) == shape_fingerprint(network)
    assert len(model_writes(network, other)) == len(model_writes(other, network))
    last = network.nodes[-1]
    assert isinstance(last.spec, Dense)
    changed = {
        "'reuse' of layer 'dense1'": replace(last.spec, reuse=last.spec.reuse + 1),
        "the shape of 'dense1.kernel'": replace(
            last.spec, kernel=np.zeros((len(last.spec.kernel), 9), np.int64), bias=np.zeros(9, int)
        ),
    }
    for words, spec in changed.items():
        nodes = (*network.nodes[:-1], replace(last, spec=spec))
        wrong = replace(network, nodes=nodes)
        assert shape_fingerprint(wrong) != shape_fingerprint(network)
        with pytest.raises(ChronogateError, match=words):
            model_writes(network, wrong)
    sliding = replace(network, mode=Mode.SLIDING)
    with pytest.raises(ChronogateError, match="the field 'mode'"):
        model_writes(network, sliding)
    with pytest.raises(ChronogateError, match="no layer of gru_after1 is reloadable"):
        model_writes(draw_network(1, "gru_after"), other)
    fine = replace(network, name="another", metadata=Metadata(step_seconds=3600.0))
    assert shape_fingerprint(fine) == shape_fingerprint(network)


def test_a_constant_layer_must_stay_the_same() -> None:
    network = convolutional(1, Padding.VALID)
    nodes = list(network.nodes)
    spec = nodes[3].spec
    assert isinstance(spec, Dense)
    kernel = spec.kernel.copy()
    kernel[0, 0] ^= 1
    nodes[3] = replace(nodes[3], spec=replace(spec, kernel=kernel))
    # The sums may have become narrower or wider, then that is the difference that is named.
    with pytest.raises(ChronogateError, match=r"'l3.kernel'"):
        model_writes(network, replace(network, nodes=tuple(nodes)))


def test_what_cannot_be_reloaded_is_refused() -> None:
    kernel, bias = np.ones((2, 2), dtype=np.int64), np.zeros(2, dtype=np.int64)
    with pytest.raises(ChronogateError, match="leave out skip_zeros or reloadable"):
        Dense(kernel, bias, GRID, GRID, GRID, 2, skip_zeros=True, reloadable=True)
    with pytest.raises(ChronogateError, match="a weight of a reloadable dense layer lies outside"):
        Dense(99 * kernel, bias, GRID, GRID, GRID, 2, reloadable=True)
    depthwise = DepthwiseConv1D(kernel[..., np.newaxis], bias, GRID, GRID, GRID, 4, 2)
    with pytest.raises(ChronogateError, match="leave out skip_zeros or reloadable"):
        replace(depthwise, skip_zeros=True, reloadable=True)
    with pytest.raises(ChronogateError, match="a bias of a reloadable depthwise convolution lies"):
        replace(depthwise, bias=bias - 99, reloadable=True)
    engine = SharedDense((SharedLayer(kernel, bias, GRID, GRID),), GRID, 2)
    with pytest.raises(ChronogateError, match="leave out skip_zeros or reloadable"):
        replace(engine, skip_zeros=True, reloadable=True)
    with pytest.raises(ChronogateError, match="a weight of a reloadable shared engine lies outs"):
        replace(engine, layers=(SharedLayer(99 * kernel, bias, GRID, GRID),), reloadable=True)
