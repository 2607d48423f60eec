"""How many multipliers the products of a recurrent layer get, and what follows for its spec."""

from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from hw.errors import ChronogateError
from hw.layer.step import recurrent_columns
from hw.number.fixed_point import FixedPoint
from hw.product.columns import Column, Group, unit_groups
from hw.product.folded import Program, lanes_for, plain_programs, sparse_programs, used
from hw.product.sparse_columns import sparse_column, sparse_groups
from hw.product.weight_code import is_powers_of_two
from hw.stream import Port
from hw.timing import BlockTiming


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


class FoldedRecurrence:
    """What every recurrent spec says in the same words: its ports, and how it is folded.

    The fields themselves stay with the layers, whose order of parameters is their own.

    Raises
    ------
    ChronogateError
        When neither or both foldings are given, one is below one, or interleaved series should
        begin in states of their own.
    """

    kernel: np.ndarray
    recurrent_kernel: np.ndarray
    input: FixedPoint
    state: FixedPoint
    steps: int
    input_reuse: int | None
    recurrent_reuse: int | None
    multipliers: int | None
    return_sequences: bool
    series: int
    skip_zeros: bool
    initial_state: bool

    STATES: ClassVar[tuple[str, ...]] = ("h0",)
    """Inputs that bring the state in which a window begins, where the layer has them."""

    if TYPE_CHECKING:  # what a layer adds
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

        @cached_property
        def groups(self) -> tuple[Group, ...]:
            """Units and lanes of each cell."""
            ...

        @property
        def hidden(self) -> FixedPoint:
            """Format of h before the state quantizer: the output's."""
            ...

        @property
        def timing(self) -> BlockTiming:
            """Closed-form cycles."""
            ...

    def __post_init__(self) -> None:
        self._divide()
        if self.initial_state and self.series > 1:
            raise ChronogateError(
                f"a recurrent layer of {self.series} interleaved series begins in the state zero: "
                "leave initial_state out, or give every series hardware of its own"
            )

    @property
    def units(self) -> int:
        return self.recurrent_kernel.shape[0]

    @cached_property
    def used_inputs(self) -> np.ndarray:
        """Inputs that have a weight, ascending; one at least."""
        return used(self.kernel, axis=1)

    @cached_property
    def used_units(self) -> np.ndarray:
        """Units whose state has a weight, ascending; one at least."""
        return used(self.recurrent_kernel, axis=1)

    @property
    def input_weights(self) -> np.ndarray:
        """The kernel's rows of `used_inputs`."""
        return self.kernel[self.used_inputs]

    @property
    def recurrent_weights(self) -> np.ndarray:
        """The recurrent kernel's rows of `used_units`."""
        return self.recurrent_kernel[self.used_units]

    @property
    def input_products(self) -> int:
        """Products of the input with its kernel that are computed in a step."""
        return self._products(self.input_weights)

    @property
    def recurrent_products(self) -> int:
        """Products of the state with its kernel that are computed in a step."""
        return self._products(self.recurrent_weights)

    def _products(self, kernel: np.ndarray) -> int:
        return int(np.count_nonzero(kernel)) if self.skip_zeros else kernel.size

    def unit_groups(self, gates: int) -> tuple[Group, ...]:
        """Divide the recurrent lanes among units, of which a program computes so many gates."""
        kernel, lanes = self.recurrent_weights, self.folding.recurrents
        if self.skip_zeros:
            return sparse_groups(kernel, gates, self.units, lanes)
        return unit_groups(len(kernel), gates, self.units, lanes)

    def recurrent_columns(self, order: tuple[int, ...]) -> tuple[Column, ...]:
        """Return the columns of the recurrent program that computes the gates in `order`."""
        if not self.skip_zeros:
            return recurrent_columns(self.groups, self.units, order)
        kernel, units = self.recurrent_weights, self.units
        return tuple(
            sparse_column(
                kernel,
                group.lanes[0],
                [gate * units + unit for unit in group.units for gate in order],
                len(order),
            )
            for group in self.groups
        )

    def input_programs(
        self, kernels: Sequence[np.ndarray], format: FixedPoint, total: FixedPoint
    ) -> tuple[Program, ...]:
        """Return the programs of the input product, one for each part of its kernel."""
        programs = sparse_programs if self.skip_zeros else plain_programs
        return programs(kernels, self.input, format, total, self.folding.inputs)

    @property
    def inputs(self) -> tuple[Port, ...]:
        names = self.STATES if self.initial_state else ()
        return (
            Port("i", self.kernel.shape[0], self.input, self.steps, self.series),
            *(Port(name, self.units, self.state) for name in names),
        )

    @property
    def outputs(self) -> tuple[Port, ...]:
        steps = self.steps if self.return_sequences else None
        return (Port("o", self.units, self.hidden, steps, self.series),)

    @property
    def folding(self) -> Folding:
        """Multipliers of the products."""
        return self._divide()

    def pooled(self, multipliers: int) -> Self:
        """Return the layer with one pool of multipliers for all products."""
        return replace(self, input_reuse=None, recurrent_reuse=None, multipliers=multipliers)

    def folded_to(self, cycles: int) -> Self:
        """Return the layer with the fewest multipliers that takes a beat every `cycles` cycles.

        One pool needs the fewest, but where only one kernel is made of powers of two, a pool of
        its own takes no DSP block at all.
        """
        products = max(self.input_products + self.recurrent_products, 1)
        pooled = self.pooled(
            smallest_pool(lambda p: self.pooled(p).timing.interval_cycles, products, cycles)
        )
        kernels = self.input_weights, self.recurrent_weights
        if len({is_powers_of_two(kernel) for kernel in kernels}) == 1:
            return pooled
        try:
            apart = self._apart(cycles)
        except ChronogateError:  # An input product of its own may lose cycles that a pool does not.
            return pooled
        return min(pooled, apart, key=lambda x: x.timing.multipliers - x.timing.shifters)

    def _apart(self, cycles: int) -> Self:
        """Return the layer with the smallest pools of their own for the two products."""
        inputs = max(-(-self.input_products // max(cycles, 1)), 1)

        def with_lanes(recurrents: int) -> Self:
            reuses = [
                max(products // lanes + (products % lanes > 0), 1)
                for products, lanes in (
                    (self.input_products, inputs),
                    (self.recurrent_products, recurrents),
                )
            ]
            return replace(self, input_reuse=reuses[0], recurrent_reuse=reuses[1], multipliers=None)

        most = max(self.recurrent_products, 1)
        return with_lanes(
            smallest_pool(lambda p: with_lanes(p).timing.interval_cycles, most, cycles)
        )

    def _divide(self) -> Folding:
        return divide(
            self.input_products,
            self.recurrent_products,
            self.input_reuse,
            self.recurrent_reuse,
            self.multipliers,
        )
