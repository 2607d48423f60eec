"""One case for every cure of `accel.qkeras_compat`, to be run with stock QKeras and with ours.

As a script it takes stock TensorFlow and QKeras, prints what each case gives as JSON and knows
nothing of this project's packages.
"""

import json
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Stack:
    """The packages that a case uses: stock, or mended."""

    tf: Any
    keras: Any
    qkeras: Any


Case = Callable[[Stack], object]


def _bits(stack: Stack) -> object:
    return stack.qkeras.quantized_bits(6, 1, alpha=1)


def _reset_after(stack: Stack) -> object:
    nest = stack.qkeras.qrecurrent.nest
    if not hasattr(nest, "is_sequence"):  # a cure of its own, which stock needs to come this far
        nest.is_sequence = stack.tf.nest.is_nested
    return _recurrent(stack, "QGRU", reset_after=True)


def _recurrent(stack: Stack, kind: str, **options: object) -> object:
    bits = _bits(stack)
    quantizers = {f"{name}_quantizer": bits for name in ("kernel", "recurrent", "bias", "state")}
    layer = getattr(stack.qkeras, kind)(2, **{**quantizers, **options})
    return list(layer(np.zeros((1, 3, 2), np.float32)).shape)


@contextmanager
def _floatx64(stack: Stack) -> Any:
    stack.keras.backend.set_floatx("float64")
    try:
        yield
    finally:
        stack.keras.backend.set_floatx("float32")


def _in_graph(stack: Stack, quantizer: Callable[[Any], Any]) -> object:
    with _floatx64(stack):
        values = stack.tf.constant([0.3, 1.1, 3.0], stack.tf.float64)
        return stack.tf.function(quantizer)(values).numpy().tolist()


def _relu(stack: Stack) -> object:
    # Between the two there is a float64 but no float32.
    with _floatx64(stack):
        halves = stack.tf.constant([8.5 - 2.0**-40, 8.5 + 2.0**-40], stack.tf.float64) / 16
        return (np.asarray(stack.qkeras.quantized_relu(4, 0)(halves)) * 16).tolist()


def _causal(stack: Stack) -> object:
    layer = stack.qkeras.QSeparableConv1D(2, 3, padding="causal", dilation_rate=2)
    return list(layer(np.zeros((1, 5, 2), np.float32)).shape)


def _hard_tanh(stack: Stack) -> object:
    bits = _bits(stack)
    inner = stack.qkeras.QLSTM(
        2, activation="hard_tanh", kernel_quantizer=bits, recurrent_quantizer=bits,
        bias_quantizer=bits, state_quantizer=bits,
    )  # fmt: skip
    layer = stack.qkeras.QBidirectional(inner)
    return list(layer(np.zeros((1, 3, 2), np.float32)).shape)


def _binary_functions(stack: Stack) -> object:
    names = ("binary_tanh", "binary_sigmoid")
    return [float(stack.keras.layers.Activation(name)(0.5)) for name in names]


def _function_in_file(stack: Stack) -> object:
    layer = stack.qkeras.QDense(2, activation=stack.qkeras.hard_tanh)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings = layer.get_config()
    with stack.keras.utils.custom_object_scope({"QInitializer": stack.qkeras.QInitializer}):
        return type(layer).from_config(settings).activation.__name__


def _again(quantizer: Any, attribute: str) -> object:
    return getattr(type(quantizer).from_config(quantizer.get_config()), attribute)


def _warnings_of(work: Callable[[], object]) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work()
    return sorted({warning.category.__name__ for warning in caught})


def _serialized(stack: Stack) -> object:
    layer = stack.qkeras.QDense(2, kernel_quantizer=_bits(stack), bias_quantizer=_bits(stack))
    return _warnings_of(layer.get_config)


def _drawn_twice(stack: Stack) -> object:
    # The narrow first draw makes QInitializer draw again.
    narrow = stack.keras.initializers.VarianceScaling(1e-6)
    initializer = stack.qkeras.QInitializer(narrow, use_scale=True, quantizer=_bits(stack))
    return _warnings_of(lambda: initializer((4, 4)))


CASES: dict[str, Case] = {
    "is_sequence of QGRU": lambda s: _recurrent(s, "QGRU"),
    "is_sequence of QSimpleRNN": lambda s: _recurrent(s, "QSimpleRNN"),
    "unstack": _reset_after,
    "quantized_relu in float64": _relu,
    "quantized_po2 in graphs": lambda s: _in_graph(s, s.qkeras.quantized_po2(4)),
    "quantized_relu_po2 in graphs": lambda s: _in_graph(s, s.qkeras.quantized_relu_po2(4)),
    "causal QSeparableConv1D": _causal,
    "hard_tanh by name": _hard_tanh,
    "binary functions by name": _binary_functions,
    "functions in files": _function_in_file,
    "quantized_relu's configuration": lambda s: _again(
        s.qkeras.quantized_relu(4, is_quantized_clip=False, relu_upper_bound=0.5),
        "is_quantized_clip",
    ),
    "quantized_bits' configuration": lambda s: _again(
        s.qkeras.quantized_bits(4, scale_axis=0), "scale_axis"
    ),
    "quantized_hswish's configuration": lambda s: _again(s.qkeras.quantized_hswish(4), "bits"),
    "strings are parsed quietly": lambda s: _warnings_of(
        lambda: s.qkeras.QActivation("quantized_bits(8,2,alpha=1)")
    ),
    "layers are serialized quietly": _serialized,
    "weights are drawn quietly": _drawn_twice,
}
"""By name of the cure; what a case gives is comparable after a way through JSON."""


def run_case(case: Case, stack: Stack) -> object:
    """Return what a case gives, or the name of what it raises."""
    try:
        return case(stack)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"


def _run_stock() -> dict[str, object]:
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import qkeras
    import tensorflow as tf
    import tf_keras

    stack = Stack(tf, tf_keras, qkeras)
    return {name: run_case(case, stack) for name, case in CASES.items()}


if __name__ == "__main__":
    json.dump(_run_stock(), sys.stdout)
