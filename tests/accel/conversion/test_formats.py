"""Every quantizer against its number format, exhaustively on a grid finer than its own."""

import numpy as np
import pytest

from accel.conversion.formats import Place, activation_of
from accel.keras_models.float64 import quantize_float64
from accel.qkeras_compat import keras, qkeras
from hw.function.quantizer import Function
from hw.number.fixed_point import FixedPoint

PLACE = Place("layer", "activation")
SOURCE = FixedPoint(14, 5)  # steps of 2^-9, -16 to 16: finer and wider than every quantizer here

QUANTIZERS = [
    *(qkeras.quantized_bits(bits, integer, symmetric=symmetric, keep_negative=keep, alpha=alpha)
      for bits, integer in ((2, 0), (3, 1), (5, 0), (6, 3), (4, 3))
      for symmetric in (0, 1) for keep in (True, False) for alpha in (1, None)),
    qkeras.quantized_bits(1, 0, keep_negative=False, alpha=1),
    qkeras.quantized_bits(3, 4, alpha=1.0),  # a step of two and more
    *(qkeras.quantized_relu(bits, integer)
      for bits, integer in ((1, 0), (4, 0), (5, 2), (6, 3), (2, 3))),
    *(qkeras.quantized_tanh(bits, symmetric=symmetric)
      for bits in (2, 3, 6, 8) for symmetric in (False, True)),
    *(qkeras.quantized_sigmoid(bits) for bits in (1, 2, 4, 8)),
    qkeras.hard_sigmoid,
    qkeras.hard_tanh,
    keras.activations.linear,
]  # fmt: skip


@pytest.mark.parametrize("quantizer", QUANTIZERS, ids=lambda q: getattr(q, "__name__", str(q)))
def test_quantizer_is_its_format(quantizer: object) -> None:
    codes = np.arange(SOURCE.minimum, SOURCE.maximum + 1)
    twin = activation_of(quantizer, PLACE)
    format = twin.result_format(SOURCE)
    expected = np.ldexp(quantize_float64(quantizer, SOURCE.to_float(codes)), format.fraction)
    actual = twin.apply(codes, SOURCE)
    assert (expected == actual).all()
    if twin.output is not None:
        assert actual.min() >= format.minimum
        assert actual.max() <= format.maximum


@pytest.mark.parametrize("quantizer", [
    qkeras.quantized_bits(6, 2, alpha=1), qkeras.quantized_relu(5, 1), qkeras.quantized_tanh(7),
])  # fmt: skip
def test_input_quantizers_are_one_conversion_from_float(quantizer: object) -> None:
    # Not dyadic: what `predict` does with any float is what the QActivation does.
    values = np.random.default_rng(0).normal(0, 2, 10_000)
    format = activation_of(quantizer, PLACE).output
    assert format is not None
    assert (format.to_float(format.quantize(values)) == quantize_float64(quantizer, values)).all()


def test_formats_read_like_ap_fixed() -> None:
    written = {
        "ap_fixed<8,3,RND_CONV,SAT>": qkeras.quantized_bits(8, 2, alpha=1),
        "ap_fixed<8,1,RND_CONV,SAT_SYM>": qkeras.quantized_bits(8, 0, symmetric=1, alpha=1),
        "ap_ufixed<8,2,RND_CONV,SAT>": qkeras.quantized_bits(8, 2, keep_negative=False, alpha=1),
        "ap_ufixed<6,2,RND_CONV,SAT>": qkeras.quantized_relu(6, 2),
        "ap_fixed<6,1,RND_CONV,SAT>": qkeras.quantized_tanh(6),
        "ap_ufixed<6,0,RND_CONV,SAT>": qkeras.quantized_sigmoid(6),
    }
    for text, quantizer in written.items():
        assert str(activation_of(quantizer, PLACE).output) == text


def test_strings_name_qkeras_functions() -> None:
    function = qkeras.get_quantizer("hard_sigmoid")
    assert activation_of(function, PLACE).function is Function.HARD_SIGMOID
    assert activation_of(qkeras.get_quantizer("quantized_tanh"), PLACE).output is not None
