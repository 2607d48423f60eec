"""How many multipliers the products of a recurrent layer get."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hw.errors import ChronogateError
from hw.product.columns import Column, plain_columns
from hw.product.folded import lanes_for
from hw.product.sparse_columns import sparse_columns


@dataclass(frozen=True)
class Folding:
    """How many multipliers each product of a recurrent layer gets.

    Parameters
    ----------
    inputs, recurrents
        Of the input product and of the recurrent products; the same ones where `shared`.
    shared
        Whether it is one pool.
    gates
        How the multipliers of the input product are divided among the gates; nothing where all
        gates share them.
    """

    inputs: int
    recurrents: int
    shared: bool
    gates: tuple[int, ...] = ()


def divide(
    input_products: int,
    recurrent_products: int,
    input_reuse: int | None,
    recurrent_reuse: int | None,
    multipliers: int | None,
) -> Folding:
    """Read a layer's folding: two reuse factors, or the size of one pool.

    Raises
    ------
    ChronogateError
        When neither or both are given, or one is below one.
    """
    if multipliers is None:
        if input_reuse is None or recurrent_reuse is None:
            raise ChronogateError(
                "a recurrent layer has no multipliers: "
                "give input_reuse and recurrent_reuse, or multipliers"
            )
        return Folding(
            lanes_for(input_products, input_reuse),
            lanes_for(recurrent_products, recurrent_reuse),
            shared=False,
        )
    if input_reuse is not None or recurrent_reuse is not None:
        raise ChronogateError(
            "a recurrent layer has either one pool of multipliers or reuse factors: leave one out"
        )
    if multipliers < 1:
        raise ChronogateError(f"a pool of {multipliers} multipliers is not possible: use 1 or more")
    return Folding(multipliers, multipliers, shared=True)


def divide_by_gate(
    gate_products: Sequence[int],
    recurrent_products: int,
    gate_reuse: Sequence[int],
    recurrent_reuse: int | None,
    others: Sequence[int | None],
) -> Folding:
    """Read a layer's folding with a reuse factor for the input product of each gate.

    Parameters
    ----------
    gate_products
        Of the input with the kernel of each gate.
    recurrent_products
        Of all gates.
    gate_reuse, recurrent_reuse
        The reuse factors.
    others
        What may not be given beside them.

    Raises
    ------
    ChronogateError
        When there are more or fewer than gates, one is below one, or `recurrent_reuse` is missing.
    """
    if len(gate_reuse) != len(gate_products):
        raise ChronogateError(
            f"gate_reuse has {len(gate_reuse)} reuse factors for {len(gate_products)} gates: "
            "give one for each"
        )
    if recurrent_reuse is None or any(other is not None for other in others):
        raise ChronogateError(
            "gate_reuse folds the input product gate by gate: give recurrent_reuse beside it, "
            "and neither input_reuse nor multipliers"
        )
    lanes = tuple(map(lanes_for, gate_products, gate_reuse))
    recurrents = lanes_for(recurrent_products, recurrent_reuse)
    return Folding(sum(lanes), recurrents, shared=False, gates=lanes)


def gate_columns(
    kernel: np.ndarray, gate_of: np.ndarray, lanes: Sequence[int], skip_zeros: bool
) -> tuple[Column, ...]:
    """Return the columns of an input product in which every gate has lanes of its own.

    Parameters
    ----------
    kernel
        int64 codes ``(n_in, outputs)``.
    gate_of
        Gate of each output.
    lanes
        Of each gate.
    skip_zeros
        Whether zero weights are left out.
    """
    columns: list[Column] = []
    for gate, count in enumerate(lanes):
        outputs = np.flatnonzero(gate_of == gate)
        found: Sequence[Column]
        if skip_zeros:
            (found,) = sparse_columns((kernel[:, outputs],), count)
        else:
            (found,) = plain_columns(len(kernel), (len(outputs),), count)
        columns += [replace(c, outputs=tuple(outputs[list(c.outputs)].tolist())) for c in found]
    return tuple(columns)


def smallest_pool(interval_of: Callable[[int], int], products: int, cycles: int) -> int:
    """Return the fewest multipliers in one pool that take a beat every `cycles` cycles.

    Parameters
    ----------
    interval_of
        The layer's interval for a size of the pool; it falls as the pool grows.
    products
        Of one step.
    cycles
        Fewest cycles between two beats.

    Raises
    ------
    ChronogateError
        When the tails alone take longer.
    """
    low, high = max(-(-products // max(cycles, 1)), 1), products
    if interval_of(high) > cycles:
        raise ChronogateError(
            f"a recurrent layer of {products} products a step takes {interval_of(high)} cycles a "
            f"step with a multiplier for each of them, more than the {cycles} that are left"
        )
    while low < high:
        middle = (low + high) // 2
        if interval_of(middle) <= cycles:
            high = middle
        else:
            low = middle + 1
    return low
