"""The fewest multipliers with which a recurrent layer meets an interval."""

from typing import Protocol, Self, TypeVar

import numpy as np

from hw.errors import ChronogateError
from hw.layer.recurrent.folding import smallest_pool
from hw.product.weight_code import is_powers_of_two
from hw.timing import BlockTiming


class Foldable(Protocol):
    """What is to be known of a layer (`hw.layer.recurrent.folded_recurrence`)."""

    @property
    def reloadable(self) -> bool: ...
    @property
    def input_weights(self) -> np.ndarray: ...
    @property
    def recurrent_weights(self) -> np.ndarray: ...
    @property
    def input_products(self) -> int: ...
    @property
    def recurrent_products(self) -> int: ...
    @property
    def timing(self) -> BlockTiming: ...
    def pooled(self, multipliers: int) -> Self: ...
    def apart(self, inputs: int, recurrents: int) -> Self: ...


T = TypeVar("T", bound=Foldable)


def fewest_multipliers(layer: T, cycles: int) -> T:
    """Return the layer with the fewest multipliers that takes a beat every `cycles` cycles.

    One pool needs the fewest, but where only one kernel is made of powers of two, a pool of its
    own takes no DSP block at all.
    """
    products = max(layer.input_products + layer.recurrent_products, 1)
    pooled = layer.pooled(
        smallest_pool(lambda p: layer.pooled(p).timing.interval_cycles, products, cycles)
    )
    kernels = layer.input_weights, layer.recurrent_weights
    if layer.reloadable or len({is_powers_of_two(kernel) for kernel in kernels}) == 1:
        return pooled
    try:
        apart = _apart(layer, cycles)
    except ChronogateError:  # An input product of its own may lose cycles that a pool does not.
        return pooled
    return min(pooled, apart, key=lambda x: x.timing.multipliers - x.timing.shifters)


def _apart(layer: T, cycles: int) -> T:
    """Return the layer with the smallest pools of their own for the two products."""
    inputs = max(-(-layer.input_products // max(cycles, 1)), 1)

    def with_lanes(recurrents: int) -> T:
        pairs = (layer.input_products, inputs), (layer.recurrent_products, recurrents)
        return layer.apart(*(max(-(-products // lanes), 1) for products, lanes in pairs))

    most = max(layer.recurrent_products, 1)
    return with_lanes(smallest_pool(lambda p: with_lanes(p).timing.interval_cycles, most, cycles))
