"""Dense layers, on a flat window or on every time step, folded or unrolled."""

import numpy as np

from accel.conversion.draft import LayerDraft
from accel.conversion.layers.common import Context, Weights, bias, refuse, reuse, weight
from accel.conversion.piece import Piece, Wire
from accel.conversion.settings import Strategy, adder_levels, skips_zeros, strategy
from accel.qkeras_compat import keras, qkeras
from hw.block import Spec
from hw.errors import ChronogateError
from hw.layer.dense import Dense
from hw.layer.unrolled_dense import UnrolledDense

LEVELS = 3
"""Adders between two registers of an unrolled layer, where the configuration says nothing."""


def dense(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`QDense`, or `Dense` whose weights are quantized; ``(T, C)`` step by step."""
    return _dense(layer, layer.source, wires[0], context)


def time_distributed(layer: LayerDraft, wires: tuple[Wire, ...], context: Context) -> Piece:
    """`TimeDistributed` of a dense layer, which is the same on every step."""
    inner = layer.source.layer
    if not isinstance(inner, keras.layers.Dense):
        raise refuse(
            layer,
            f"TimeDistributed({type(inner).__name__}) is not supported",
            "distribute a QDense, or use the layer itself",
        )
    if inner.activation is not keras.activations.linear and inner.activation is not None:
        raise refuse(
            layer,
            f"the activation of {inner.name!r} is inside TimeDistributed",
            "give it to a QActivation behind the layer",
        )
    return _dense(layer, inner, wires[0], context)


def _dense(layer: LayerDraft, source: keras.layers.Layer, wire: Wire, context: Context) -> Piece:
    kernel = weight(layer, "kernel", "kernel_quantizer", source)
    biases = bias(layer, (kernel[0].shape[1],), kernel[1], source)
    spec = product(layer, kernel, biases, wire, context)
    return Piece.begin(wire).then(layer.name, spec)


def product(
    layer: LayerDraft, kernel: Weights, biases: Weights, wire: Wire, context: Context
) -> Spec:
    """Return the block of ``x . kernel + bias``, by the layer's strategy."""
    n_in = kernel[0].shape[0]
    config, port = context.config, wire.port
    chosen = strategy(config, layer.name, layer.types)
    factor = reuse(layer, context, 1 if chosen is Strategy.LATENCY else n_in)
    unrolled = chosen is Strategy.LATENCY and factor == 1
    if not unrolled:
        sparse = skips_zeros(config, layer.name, layer.types) and bool(kernel[0].any())
        return Dense(
            kernel[0], biases[0], port.format, kernel[1], biases[1], factor, port.steps,
            skip_zeros=sparse,
        )  # fmt: skip
    levels = adder_levels(config, layer.name, layer.types) or LEVELS
    try:
        return UnrolledDense.with_levels(
            kernel[0], biases[0], port.format, kernel[1], biases[1], levels,
            registered_output=layer.name not in context.bare, steps=port.steps,
        )  # fmt: skip
    except ChronogateError as error:
        raise refuse(layer, f"it cannot be unrolled ({error})", "use Strategy='Resource'") from None


def is_dense(source: keras.layers.Layer) -> bool:
    """Tell whether a layer is one that `dense` takes."""
    return isinstance(source, (qkeras.QDense, keras.layers.Dense))


def zeros(count: int) -> np.ndarray:
    """Return the codes of a bias that is not there."""
    return np.zeros(count, dtype=np.int64)
