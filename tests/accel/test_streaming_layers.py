"""Streaming layers compute what Keras computes, on inputs of the grid, in float64."""

import numpy as np
import pytest

from accel.qkeras_compat import keras, qkeras
from hw import AveragePooling, Conv1D, DepthwiseConv1D, FixedPoint, MaxPooling, Padding, Pool
from hw.block import Spec
from tests.hw.drawing import draw_codes

SOURCE, WEIGHT = FixedPoint(8, 3), FixedPoint(6, 1)
WINDOWS, CHANNELS, FILTERS = 3, 3, 4


@pytest.fixture(autouse=True)
def float64() -> object:
    """Evaluate Keras in float64."""
    keras.backend.set_floatx("float64")
    yield
    keras.backend.set_floatx("float32")


def compare(layer: keras.layers.Layer, spec: Spec, weights: list[np.ndarray], seed: int) -> None:
    """Compare Keras's floats with the values of the reference's codes."""
    source, result = spec.inputs[0], spec.outputs[0]
    shape = (source.beats, source.channels)
    codes = draw_codes(np.random.default_rng(seed), SOURCE, WINDOWS, *shape)
    layer.build((None, *shape))
    layer.set_weights(weights)
    expected = np.asarray(layer(SOURCE.to_float(codes)))
    found = result.format.to_float(spec.reference(codes))
    assert found.shape == expected.shape
    assert found.tolist() == expected.tolist()


def geometry(rng: np.random.Generator, padding: Padding) -> dict[str, int]:
    """Draw what Keras allows: strides or dilation, not both."""
    taps, stride, dilation = int(rng.integers(1, 5)), 1, 1
    if rng.random() < 0.5:
        stride = int(rng.integers(1, 4))
    else:
        dilation = int(rng.integers(1, 4))
    least = (taps - 1) * dilation + 1 if padding is Padding.VALID else 1
    return {
        "taps": taps,
        "stride": stride,
        "dilation": dilation,
        "steps": least + int(rng.integers(0, 9)),
    }


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("padding", list(Padding))
def test_qconv1d(padding: Padding, seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = geometry(rng, padding)
    taps = drawn.pop("taps")
    kernel, bias = draw_codes(rng, WEIGHT, taps, CHANNELS, FILTERS), draw_codes(rng, WEIGHT, 4)
    layer = qkeras.QConv1D(
        FILTERS, taps, strides=drawn["stride"], dilation_rate=drawn["dilation"], padding=padding,
        kernel_quantizer=qkeras.quantized_bits(6, 0, alpha=1),
        bias_quantizer=qkeras.quantized_bits(6, 0, alpha=1),
    )  # fmt: skip
    spec = Conv1D(kernel, bias, SOURCE, WEIGHT, WEIGHT, reuse=1, padding=padding, **drawn)
    compare(layer, spec, [WEIGHT.to_float(kernel), WEIGHT.to_float(bias)], seed)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("padding", [Padding.VALID, Padding.SAME])
def test_depthwise_conv1d(padding: Padding, seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = geometry(rng, padding)
    taps, multiplier = drawn.pop("taps"), int(rng.integers(1, 3))
    kernel = draw_codes(rng, WEIGHT, taps, CHANNELS, multiplier)
    bias = draw_codes(rng, WEIGHT, CHANNELS * multiplier)
    layer = keras.layers.DepthwiseConv1D(
        taps, strides=drawn["stride"], dilation_rate=drawn["dilation"], padding=padding,
        depth_multiplier=multiplier,
    )  # fmt: skip
    spec = DepthwiseConv1D(kernel, bias, SOURCE, WEIGHT, WEIGHT, reuse=1, padding=padding, **drawn)
    compare(layer, spec, [WEIGHT.to_float(kernel), WEIGHT.to_float(bias)], seed)


@pytest.mark.parametrize("padding", [Padding.VALID, Padding.SAME])  # QKeras's causal crashes
def test_qseparable_conv1d_is_a_depthwise_and_a_pointwise_one(padding: Padding) -> None:
    rng = np.random.default_rng(4)
    depthwise = draw_codes(rng, WEIGHT, 3, CHANNELS, 1)
    pointwise = draw_codes(rng, WEIGHT, 1, CHANNELS, FILTERS)
    bias = draw_codes(rng, WEIGHT, FILTERS)
    first = DepthwiseConv1D(
        depthwise, np.zeros(CHANNELS, dtype=np.int64), SOURCE, WEIGHT, WEIGHT, 9, 1, padding
    )
    second = Conv1D(pointwise, bias, first.output, WEIGHT, WEIGHT, first.field.outputs, 1)
    quantizers = {
        f"{part}_quantizer": qkeras.quantized_bits(6, 0, alpha=1)
        for part in ("depthwise", "pointwise", "bias")
    }
    layer = qkeras.QSeparableConv1D(FILTERS, 3, padding=padding, **quantizers)
    layer.build((None, 9, CHANNELS))
    layer.set_weights([WEIGHT.to_float(codes) for codes in (depthwise, pointwise, bias)])
    codes = draw_codes(rng, SOURCE, WINDOWS, 9, CHANNELS)
    found = second.output.to_float(second.reference(first.reference(codes)))
    assert found.tolist() == np.asarray(layer(SOURCE.to_float(codes))).tolist()


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (4, 1), (4, 3), (1, 2)])
def test_pooling(size: int, stride: int) -> None:
    pool = Pool(11, size, stride)
    largest = keras.layers.MaxPooling1D(size, stride)
    compare(largest, MaxPooling(CHANNELS, SOURCE, pool), [], size)
    average = keras.layers.AveragePooling1D(size, stride)
    compare(average, AveragePooling(CHANNELS, SOURCE, pool), [], size)


def test_global_pooling() -> None:
    pool = Pool(8)
    largest, average = keras.layers.GlobalMaxPooling1D(), keras.layers.GlobalAveragePooling1D()
    compare(largest, MaxPooling(CHANNELS, SOURCE, pool), [], 1)
    compare(average, AveragePooling(CHANNELS, SOURCE, pool), [], 2)
