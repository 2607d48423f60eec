"""How many multipliers the products of a recurrent layer get."""

from collections.abc import Callable
from dataclasses import dataclass

from hw.errors import ChronogateError
from hw.product.folded import lanes_for


@dataclass(frozen=True)
class Folding:
    """How many multipliers each product of a recurrent layer gets.

    Parameters
    ----------
    inputs, recurrents
        Of the input product and of the recurrent products; the same ones where `shared`.
    shared
        Whether it is one pool.
    """

    inputs: int
    recurrents: int
    shared: bool


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
