"""What every recurrent spec says in the same words: ports, folding, what a host can reach."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from hw.errors import ChronogateError
from hw.layer.recurrent.fewest import fewest_multipliers
from hw.layer.recurrent.folding import Folding, divide, divide_by_gate, gate_columns
from hw.layer.recurrent.options import RecurrentOptions
from hw.layer.recurrent.state_access import state_memory
from hw.layer.recurrent.step import StepPlan
from hw.layer.recurrent.step_order import column_biases, recurrent_columns
from hw.layer.saturating import Quantized
from hw.memory_port import Memory
from hw.number.fixed_point import FixedPoint
from hw.product.columns import Column, Group, unit_groups
from hw.product.folded import (
    Program,
    extreme_kernel,
    kept,
    plain_programs,
    product_sum_format,
    sparse_programs,
)
from hw.product.model_store import MODELS, ModelTable, array_tables, check_codes
from hw.product.sparse_columns import sparse_column, sparse_groups
from hw.stream import Port
from hw.timing import BlockTiming

if TYPE_CHECKING:
    from hw.layer.dense.dense import Dense


class FoldedRecurrence(RecurrentOptions):
    """What every recurrent spec says in the same words: its ports, and how it is folded.

    The fields of the cell stay with the layers, whose order of parameters is their own.

    Raises
    ------
    ChronogateError
        When neither or both foldings are given, one is below one, or what is reloadable skips
        zeros.
    """

    kernel: np.ndarray
    recurrent_kernel: np.ndarray
    bias: np.ndarray
    input: FixedPoint
    kernel_format: FixedPoint
    recurrent_format: FixedPoint
    bias_format: FixedPoint
    state: FixedPoint
    steps: int
    gate_reuse: tuple[int, ...] = ()

    if TYPE_CHECKING:  # what a layer adds

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

        @cached_property
        def plan(self) -> StepPlan:
            """When everything runs."""
            ...

        @cached_property
        def input_product(self) -> "Dense":
            """The arithmetic of the input product."""
            ...

        @property
        def input_bias(self) -> np.ndarray:
            """Biases of the input product in the order of its programs, on its output's grid."""
            ...

    def __post_init__(self) -> None:
        super().__post_init__()
        self._divide()
        if self.period is not None:
            self._check_period(self.period)
        if self.reloadable:
            layer = type(self).__name__
            if self.skip_zeros:
                raise ChronogateError(
                    f"a {layer} that skips zero weights cannot be reloadable, because the zeros "
                    "are wired in: leave out skip_zeros or reloadable"
                )
            check_codes(layer, self.kernel, self.kernel_format, "weight")
            check_codes(layer, self.recurrent_kernel, self.recurrent_format, "weight")
            check_codes(layer, self.bias, self.bias_format, "bias")

    def _check_period(self, period: int) -> None:
        if self.series == 1:
            raise ChronogateError(
                "beats of one series cannot come in turns, because each waits for the state of "
                "the one before: leave period out"
            )
        least = self.plan.least_period
        if period < least:
            raise ChronogateError(
                f"a step takes {least} cycles of a recurrent layer's multipliers, more than the "
                f"{period} of a turn: use a period of {least} or more, or more multipliers"
            )

    def in_turns(self) -> Self:
        """Return the layer with the shortest `period`, in which no cycle is lost to the tails.

        Interleaved beats then come whole turns apart, or as late as `BlockTiming.span_cycles`
        says, and a hidden state later than without turns.
        """
        enough = self.input_products + self.recurrent_products + 3
        return replace(self, period=replace(self, period=enough).plan.least_period)

    @property
    def units(self) -> int:
        return self.recurrent_kernel.shape[0]

    @cached_property
    def used_inputs(self) -> np.ndarray:
        """Inputs that have a weight, ascending; one at least."""
        return kept(self.kernel, 1, self.reloadable)

    @cached_property
    def used_units(self) -> np.ndarray:
        """Units whose state has a weight, ascending; one at least."""
        return kept(self.recurrent_kernel, 1, self.reloadable)

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
        self,
        kernels: Sequence[np.ndarray],
        format: FixedPoint,
        total: FixedPoint,
        order: np.ndarray,
    ) -> tuple[Program, ...]:
        """Return the programs of the input product, one for each part of its kernel.

        `order` tells of each output, of all programs, which one of Keras's it is.
        """
        lanes = self.folding.gates
        if lanes:
            columns = gate_columns(kernels[0], order // self.units, lanes, self.skip_zeros)
            return (Program(kernels[0], self.input, format, total, columns),)
        programs = sparse_programs if self.skip_zeros else plain_programs
        return programs(kernels, self.input, format, total, self.folding.inputs)

    @property
    def inputs(self) -> tuple[Port, ...]:
        kinds = self.state_kinds if self.initial_state else ()
        return (
            Port("i", self.kernel.shape[0], self.input, self.steps, self.series, self.models),
            *(Port(f"{kind}0", self.units, self.state) for kind in kinds),
        )

    @property
    def outputs(self) -> tuple[Port, ...]:
        steps = self.steps if self.return_sequences else None
        return (Port("o", self.units, self.hidden, steps, self.series, self.models),)

    @property
    def quantized(self) -> tuple[Quantized, ...]:
        """Where a step brings values into narrower formats: the states that it hands on."""
        return (Quantized("h", self.hidden, self.state),)

    @property
    def state_kinds(self) -> tuple[str, ...]:
        """What a step hands on: in this order in `state_memory`, and as inputs ``h0``, ``c0``."""
        return ("h",)

    def state_memory(self, name: str, layer: str) -> Memory | None:
        """Return the memory in which a host finds the states, if it is asked for."""
        if not self.state_access:
            return None
        return state_memory(
            self.units, self.state_kinds, self.state.width, self.series, name, layer
        )

    @property
    def models(self) -> int:
        """Models that the hardware keeps."""
        return MODELS if self.reloadable else 1

    @cached_property
    def model_tables(self) -> tuple[ModelTable, ...]:
        """The weights of each array, and for each column of the input product its biases."""
        grid = self.input_product.bias_format
        scale = self.input_product.output.fraction - grid.fraction
        biases = [
            ModelTable(f"bias{index}", np.array(codes)[:, np.newaxis] >> scale, grid)
            for index, (codes, _) in enumerate(column_biases(self.plan, self.input_bias))
        ]
        return (*array_tables(self.plan.arrays), *biases)

    def sum_format_of(self, kernel: np.ndarray, source: FixedPoint) -> FixedPoint:
        """Return the format of a recurrent product; a reloadable layer's holds any kernel's."""
        if self.reloadable:
            kernel = extreme_kernel(len(kernel), self.recurrent_format)
        return product_sum_format(kernel, source, self.recurrent_format)

    @property
    def folding(self) -> Folding:
        """Multipliers of the products."""
        return self._divide()

    def pooled(self, multipliers: int) -> Self:
        """Return the layer with one pool of multipliers for all products."""
        return self._folded(None, None, multipliers)

    def apart(self, inputs: int, recurrents: int) -> Self:
        """Return the layer with a pool for each of the two products, by their reuse factors."""
        return self._folded(inputs, recurrents, None)

    def _folded(self, inputs: int | None, recurrents: int | None, multipliers: int | None) -> Self:
        gates = {"gate_reuse": ()} if self.gate_reuse else {}
        return replace(
            self, input_reuse=inputs, recurrent_reuse=recurrents, multipliers=multipliers, **gates
        )

    def folded_to(self, cycles: int) -> Self:
        """Return the layer with the fewest multipliers that takes a beat every `cycles` cycles."""
        return fewest_multipliers(self, cycles)

    def _divide(self) -> Folding:
        if self.gate_reuse:
            parts = np.split(self.input_weights, self.kernel.shape[1] // self.units, axis=1)
            return divide_by_gate(
                [self._products(part) for part in parts],
                self.recurrent_products,
                self.gate_reuse,
                self.recurrent_reuse,
                (self.input_reuse, self.multipliers),
            )
        return divide(
            self.input_products,
            self.recurrent_products,
            self.input_reuse,
            self.recurrent_reuse,
            self.multipliers,
        )
