"""SharedDense: several dense layers in turn on one engine, for the smallest parts.

The layers are programs of one array of multipliers (`hw.product.folded`), so all their weights lie
in one memory. A layer needs all results of the one before, hence a short tail between two layers;
the next beat's first layer follows the last one without a tail::

    layer 0 | tail | layer 1 | tail | layer 2 | layer 0 of the next beat ...

Each column of multipliers gives one sum after the other, which pass through one function and are
shifted into a register: neither the function nor a multiplexer is there for every channel.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

import numpy as np

from hw.errors import ChronogateError
from hw.layer.dense.shared_dense_block import SharedDenseBlock
from hw.layer.dense.shared_layer import SharedLayer
from hw.layer.saturating import Quantized, quantized_by
from hw.number.fixed_point import FixedPoint
from hw.product.columns import Column, plain_columns
from hw.product.folded import (
    TREE_RADIX,
    TREE_STAGES,
    ArrayPlan,
    Program,
)
from hw.product.model_store import MODELS, ModelTable, array_tables, check_codes
from hw.product.sparse_columns import sparse_columns
from hw.product.storage import Storage
from hw.stream import Block, Port
from hw.timing import BlockTiming


@dataclass(frozen=True, eq=False)
class SharedDense:
    """Dense layers, each behind the other, on the same multipliers.

    Parameters
    ----------
    layers
        The layers, in order.
    input
        Format of the first one's input.
    multipliers
        Multipliers that every layer uses, as far as it has products for them.
    steps
        Beats in a window, or ``None`` for one.
    series
        Independent series that share the hardware.
    storage
        Where the weights of all layers lie.
    skip_zeros
        Leave zero weights out: fewer cycles, and a multiplexer for each multiplier's operands
        (`hw.product.sparse_columns`).
    reloadable
        Let a host replace kernels and biases at run time, as of `hw.layer.dense.dense.Dense`.

    Raises
    ------
    ChronogateError
        When there is no layer or no multiplier, two layers do not fit, a reloadable engine skips
        zeros, or a code of it lies outside its format.
    """

    layers: tuple[SharedLayer, ...]
    input: FixedPoint
    multipliers: int
    steps: int | None = None
    series: int = 1
    storage: Storage = Storage.AUTO
    skip_zeros: bool = False
    reloadable: bool = False

    def __post_init__(self) -> None:
        if not self.layers:
            raise ChronogateError("a shared engine without layers: give it one or more")
        if self.multipliers < 1:
            raise ChronogateError(
                f"a shared engine of {self.multipliers} multipliers is not possible: use 1 or more"
            )
        for index, (before, after) in enumerate(zip(self.layers, self.layers[1:], strict=False)):
            if before.kernel.shape[1] != after.kernel.shape[0]:
                raise ChronogateError(
                    f"layer {index} of a shared engine gives {before.kernel.shape[1]} values, but "
                    f"layer {index + 1} takes {after.kernel.shape[0]}: give kernels that fit"
                )
        if self.reloadable:
            self._check_reloadable()

    def _check_reloadable(self) -> None:
        if self.skip_zeros:
            raise ChronogateError(
                "a shared engine that skips zero weights cannot be reloadable, because the zeros "
                "are wired in: leave out skip_zeros or reloadable"
            )
        for layer in self.layers:
            check_codes("shared engine", layer.kernel, layer.kernel_format, "weight")
            check_codes("shared engine", layer.bias, layer.bias_format, "bias")

    def folded_to(self, cycles: int) -> "SharedDense":
        """Return the layers on the fewest multipliers that take a beat every `cycles` cycles.

        Raises
        ------
        ChronogateError
            When the tails between the layers alone take longer.
        """
        sizes = [self._products(layer) for layer in self.layers]
        low = max(ceil(sum(sizes) / max(cycles, 1)), 1)

        def fits(multipliers: int) -> bool:
            return self._interval(self._plan(multipliers)) <= cycles

        # More multipliers take longer only where an adder tree gets deeper.
        largest = max(*sizes, 1)
        for most in (*(TREE_RADIX**stages for stages in range(TREE_STAGES)), largest):
            tried = range(low, min(most, largest) + 1)
            found = bisect_left(tried, True, key=fits)
            if found < len(tried):
                return replace(self, multipliers=tried[found])
        raise ChronogateError(
            f"{len(sizes)} layers on a shared engine take longer than {cycles} cycles, however "
            "many multipliers there are: use Strategy='Resource'"
        )

    def _products(self, layer: SharedLayer) -> int:
        return int(np.count_nonzero(layer.kernel)) if self.skip_zeros else layer.kernel.size

    @cached_property
    def formats(self) -> tuple[FixedPoint, ...]:
        """Formats of every layer's input, and of the output."""
        formats = [self.input]
        for layer in self.layers:
            formats.append(layer.result_format(self._total(layer, formats[-1])))
        return tuple(formats)

    @cached_property
    def totals(self) -> tuple[FixedPoint, ...]:
        """Formats of every layer's sums."""
        pairs = zip(self.layers, self.formats, strict=False)
        return tuple(self._total(layer, source) for layer, source in pairs)

    def _total(self, layer: SharedLayer, source: FixedPoint) -> FixedPoint:
        return layer.worst_total(source) if self.reloadable else layer.total(source)

    @cached_property
    def plan(self) -> ArrayPlan:
        """The multipliers; every layer has its own bank of adder trees."""
        return self._plan(self.multipliers)

    def _plan(self, multipliers: int) -> ArrayPlan:
        banks: list[tuple[Program, ...]] = []
        for layer, source, total in zip(self.layers, self.formats, self.totals, strict=False):
            columns: tuple[Column, ...]
            if self.skip_zeros:
                (columns,) = sparse_columns((layer.kernel,), multipliers)
            else:
                n_in, n_out = layer.kernel.shape
                (columns,) = plain_columns(n_in, (n_out,), multipliers)
            banks.append((Program(layer.kernel, source, layer.kernel_format, total, columns),))
        return ArrayPlan(tuple(banks), self.storage, self.reloadable)

    @property
    def layer_cycles(self) -> tuple[int, ...]:
        """Cycles from the first operands of each layer to its result."""
        return tuple(
            program.busy_cycles + tail
            for program, tail in zip(self.plan.programs, self._tails(self.plan), strict=True)
        )

    def _tails(self, plan: ArrayPlan) -> tuple[int, ...]:
        """Return the cycles from each layer's last operands to its result."""
        return tuple(
            plan.sum_delay + layer.delay_cycles(total)
            for layer, total in zip(self.layers, self.totals, strict=True)
        )

    def _interval(self, plan: ArrayPlan) -> int:
        return sum(p.busy_cycles for p in plan.programs) + sum(self._tails(plan)[:-1])

    @property
    def interval_cycles(self) -> int:
        """Fewest cycles between two beats: all layers, and all tails but the last."""
        return self._interval(self.plan)

    @property
    def inputs(self) -> tuple[Port, ...]:
        channels = self.layers[0].kernel.shape[0]
        return (Port("i", channels, self.input, self.steps, self.series, self.models),)

    @property
    def outputs(self) -> tuple[Port, ...]:
        channels = self.layers[-1].kernel.shape[1]
        return (Port("o", channels, self.formats[-1], self.steps, self.series, self.models),)

    @property
    def models(self) -> int:
        """Models that the hardware keeps."""
        return MODELS if self.reloadable else 1

    @cached_property
    def model_tables(self) -> tuple[ModelTable, ...]:
        """The weights of all layers, and for each layer's columns of multipliers their biases."""
        biases = [
            ModelTable(
                f"bias{index}_{number}",
                layer.bias[list(column.outputs), np.newaxis],
                layer.bias_format,
            )
            for index, (layer, program) in enumerate(
                zip(self.layers, self.plan.programs, strict=True)
            )
            for number, column in enumerate(program.columns)
        ]
        return (*array_tables([self.plan]), *biases)

    @property
    def quantized(self) -> tuple[Quantized, ...]:
        """Sums of layers behind which there is nothing but a quantizer."""
        return tuple(
            point
            for index, (layer, total) in enumerate(zip(self.layers, self.totals, strict=True))
            for point in quantized_by(f"sum{index}", layer.function, total)
        )

    @property
    def timing(self) -> BlockTiming:
        plan = self.plan
        return BlockTiming(
            latency_cycles=plan.lead + 1 + sum(self.layer_cycles),
            interval_cycles=self.interval_cycles,
            multipliers=plan.multipliers,
            products=sum(self._products(layer) for layer in self.layers),
            shifters=plan.shifters,
        )

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, [T,] n_in)`` to ``(N, [T,] n_out)``.

        `trace` receives the results of every layer, behind its function, under ``"0"``, ``"1"``
        and so on, and what enters its quantizer, if it has one, under ``"sum0"`` and so on.
        """
        places = {point.place for point in self.quantized}
        leading = codes.shape[:-1]
        values = codes.reshape(-1, codes.shape[-1])
        for index, layer in enumerate(self.layers):
            source, total = self.formats[index], self.totals[index]
            if trace is not None and f"sum{index}" in places:
                trace[f"sum{index}"] = layer.sums(values, source, total).reshape(*leading, -1)
            values = layer.apply(values, source, total)
            if trace is not None:
                trace[str(index)] = values.reshape(*leading, -1)
        return values.reshape(*leading, -1)

    def build(self) -> Block:
        return SharedDenseBlock(self)
