"""The block of a matrix product, folded or unrolled, for handlers of any front end."""

import numpy as np

from accel.conversion.draft import LayerDraft
from accel.conversion.layers.context import Context, Weights, refuse, reuse
from accel.conversion.piece import Wire
from accel.conversion.settings import Strategy, adder_levels, skips_zeros, strategy
from hw.block import Spec
from hw.errors import ChronogateError
from hw.layer.dense.dense import Dense
from hw.layer.dense.unrolled_dense import UnrolledDense

LEVELS = 3
"""Adders between two registers of an unrolled layer, where the configuration says nothing."""


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


def zeros(count: int) -> np.ndarray:
    """Return the codes of a bias that is not there."""
    return np.zeros(count, dtype=np.int64)
