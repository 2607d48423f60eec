"""Delta updates: inputs and states that moved less than a threshold cost no multiplications.

D. Neil et al., "Delta Networks for Optimized Recurrent Network Computation" (ICML 2017); C. Gao et
al., "DeltaRNN" (FPGA 2018). A layer remembers the value of every input and state that it has last
propagated, and the sums of all products of those values. Where a value has moved by more than its
threshold since, its column of the kernels times the difference is added to the sums::

    moved = |x - x'| > threshold;  x' = x where moved;  likewise h' of q(h)
    z = x' . kernel + bias + h' . recurrent_kernel

Sums keep every bit, so nothing drifts, and with thresholds of zero the layer is the plain one,
code for code. A window begins with x' = h' = 0. The folding is in `hw.layer.delta.plan`, the
hardware in `hw.layer.delta.block`.
"""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hw.errors import ChronogateError
from hw.layer.delta.plan import DeltaPlan
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.saturating import Quantized
from hw.number.fixed_point import FixedPoint
from hw.stream import Port
from hw.timing import EVENTS, BlockTiming

CELL_MULTIPLIERS = 3
"""Of an LSTM's cell as of a GRU's."""

MOVED_INPUTS, MOVED_STATES = "moved_inputs", "moved_states"
"""Names under which a reference traces how many inputs and states moved, ``(N, T)``."""


class DeltaLayer:
    """What every delta spec says in the same words.

    Raises
    ------
    ChronogateError
        When a threshold is negative, or the layer has two pools, several series, or skips
        zeros.
    """

    input_threshold: int
    state_threshold: int

    if TYPE_CHECKING:  # what a layer adds

        @property
        def layer(self) -> LSTM | GRU:
            """The plain layer."""
            ...

        @cached_property
        def plan(self) -> DeltaPlan:
            """Its folding."""
            ...

        @property
        def grid(self) -> FixedPoint:
            """Format of all sums in their memories."""
            ...

        @property
        def bias(self) -> np.ndarray:
            """What the sums of a window begin with, as Keras numbers them, on `grid`."""
            ...

    def __post_init__(self) -> None:
        if self.input_threshold < 0 or self.state_threshold < 0:
            raise ChronogateError(
                f"thresholds of {self.input_threshold} and {self.state_threshold} codes for delta "
                "updates: give 0 or more"
            )
        if self.layer.multipliers is None:
            raise ChronogateError(
                "a delta layer has one pool of multipliers: give the layer multipliers in place of "
                "reuse factors"
            )
        if self.layer.skip_zeros:
            raise ChronogateError(
                "delta updates take whole columns of the kernels, zeros included: leave skip_zeros "
                "out of the layer"
            )
        if self.layer.series > 1:
            raise ChronogateError(
                f"delta updates are for one series, not for {self.layer.series} that share the "
                "hardware: leave delta updates out, or give each series a core of its own"
            )

    @property
    def inputs(self) -> tuple[Port, ...]:
        return self.layer.inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        return self.layer.outputs

    @property
    def quantized(self) -> tuple[Quantized, ...]:
        """Where a step brings values into narrower formats."""
        return self.layer.quantized

    @property
    def timing(self) -> BlockTiming:
        return self.plan.timing(CELL_MULTIPLIERS)


class Propagated:
    """The values last propagated, and how many of them moved in each step.

    Parameters
    ----------
    rows, values
        Rows of the batch, values of each.
    threshold
        In codes.
    """

    def __init__(self, rows: int, values: int, threshold: int) -> None:
        self.codes = np.zeros((rows, values), dtype=np.int64)
        self.moved: list[np.ndarray] = []
        self._threshold = threshold

    def update(self, codes: np.ndarray) -> np.ndarray:
        """Take over what moved; returns the values that are propagated from now on."""
        moves = np.abs(codes - self.codes) > self._threshold
        self.codes = np.where(moves, codes, self.codes)
        self.moved.append(moves.sum(axis=1))
        return self.codes


def trace_moves(trace: dict[str, np.ndarray], inputs: Propagated, states: Propagated) -> None:
    """Note how many values moved in each step, and how many passes came on top of the first."""
    moved = [np.stack(p.moved, axis=1).astype(np.int64) for p in (inputs, states)]
    trace[MOVED_INPUTS], trace[MOVED_STATES] = moved
    trace[EVENTS] = np.maximum(moved[0] + moved[1], 1) - 1


def difference_format(source: FixedPoint) -> FixedPoint:
    """Return the format of the difference of two codes."""
    span = source.maximum - source.minimum
    return FixedPoint.covering(-span, span, source.fraction)
