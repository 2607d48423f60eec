"""Models that cannot be loaded into a design, and the widths that hold all that can."""

from dataclasses import replace

import numpy as np
import pytest

from hw import (
    ChronogateError,
    Dense,
    DepthwiseConv1D,
    FixedPoint,
    Metadata,
    Padding,
    SharedDense,
    SharedLayer,
)
from hw.control.reload import model_writes, shape_fingerprint
from hw.network.mode import Mode
from tests.hw.drawing import draw_network
from tests.hw.reloadable_networks import GRID, convolutional
from tests.hw.reloading import made_reloadable, other_model


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
