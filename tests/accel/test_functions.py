"""The functions of hw against the stock QKeras quantizers in float64."""

import numpy as np
import pytest

from accel.keras_models.float64 import quantize_float64
from accel.qkeras_compat import qkeras
from hw import FixedPoint
from hw.function import qkeras as functions
from hw.function.leaky_relu import quantized_leaky_relu

SOURCE = FixedPoint(13, 4)
PAIRS = [
    (
        qkeras.quantized_sigmoid(6, symmetric, use_real_sigmoid=True),
        functions.real_sigmoid(6, symmetric),
    )
    for symmetric in (False, True)
]
PAIRS += [
    (
        qkeras.quantized_tanh(6, symmetric=symmetric, use_real_tanh=True),
        functions.real_tanh(6, symmetric),
    )
    for symmetric in (False, True)
]
PAIRS += [
    (qkeras.binary(alpha=1), functions.binary()),
    (qkeras.binary(use_01=True, alpha=0.5), functions.binary(True, 0.5)),
    (qkeras.quantizers.binary_tanh, functions.binary_tanh()),
    (qkeras.quantizers.binary_sigmoid, functions.binary_sigmoid()),
    (qkeras.ternary(alpha=1, threshold=0.4), functions.ternary(0.4)),
    (qkeras.ternary(alpha=2), functions.ternary(alpha=2)),
    (qkeras.quantized_po2(4), functions.power_of_two(4)),
    (qkeras.quantized_po2(4, max_value=2), functions.power_of_two(4, 2)),
    (qkeras.quantized_po2(4, max_value=1), functions.power_of_two(4, 1)),
    (
        qkeras.quantized_po2(4, quadratic_approximation=True),
        functions.power_of_two(4, quadratic_approximation=True),
    ),
    (
        qkeras.quantized_po2(5, log2_rounding="floor"),
        functions.power_of_two(5, log2_rounding="floor"),
    ),
    (qkeras.quantized_relu_po2(3), functions.relu_power_of_two(3)),
    (
        qkeras.quantized_relu_po2(4, max_value=4, negative_slope=0.25),
        functions.relu_power_of_two(4, 4, 0.25),
    ),
    (qkeras.quantized_hswish(6, 2), functions.hard_swish(6, 2)),
    (
        qkeras.quantized_hswish(5, 1, symmetric=1, relu_shift=2, relu_upper_bound=3),
        functions.hard_swish(5, 1, True, 2, 3),
    ),
    (qkeras.quantized_relu(6, 2, negative_slope=0.25), quantized_leaky_relu(6, 2, 0.25)),
    (
        qkeras.quantized_relu(
            6, 2, negative_slope=0.125, relu_upper_bound=2.5, is_quantized_clip=False
        ),
        quantized_leaky_relu(6, 2, 0.125, 2.5),
    ),
    (
        qkeras.quantized_relu(6, 2, relu_upper_bound=2.5, is_quantized_clip=False),
        quantized_leaky_relu(6, 2, 0.0, 2.5),
    ),
]


@pytest.mark.parametrize(("quantizer", "function"), PAIRS, ids=range(len(PAIRS)))
def test_equal_to_qkeras(quantizer, function) -> None:
    codes = np.arange(SOURCE.minimum, SOURCE.maximum + 1)
    result = function.result_format(SOURCE)
    stock = quantize_float64(quantizer, SOURCE.to_float(codes))
    # QKeras adds its straight-through estimator x + (q - x), which costs the last bits of some q.
    wanted = np.round(stock / result.step)
    assert np.abs(stock / result.step - wanted).max() < 1e-6
    given = function.apply(codes, SOURCE)
    wrong = np.flatnonzero(given != wanted)
    assert not len(wrong), f"code {codes[wrong[0]]}: {given[wrong[0]]}, QKeras {wanted[wrong[0]]}"


@pytest.mark.parametrize("name", ["binary_tanh", "binary_sigmoid"])
def test_zero_and_what_is_too_small_to_be_above_it(name: str) -> None:
    """1/2 + x/2 is rounded to 1/2, a tie, up to 2^-53: QKeras gives the lower level."""
    above = np.nextafter(2.0**-53, 1.0)
    values = np.array([-1.0, -(2.0**-60), -0.0, 0.0, 2.0**-60, 2.0**-53, above, 2.0**-40, 1.0])
    stock = quantize_float64(getattr(qkeras.quantizers, name), values)
    (threshold,) = getattr(functions, name)().thresholds
    low, high = (-1, 1) if name == "binary_tanh" else (0, 1)
    assert (stock == np.where(values >= threshold, high, low)).all()
    assert threshold == above
