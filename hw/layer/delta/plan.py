"""Where the weights and sums of a delta layer lie, and how many cycles its steps take.

A row is what the multipliers do in one cycle: the gates of one unit in each cell, or where there
are fewer multipliers than gates, a part of them. A pass, one cycle a row, adds a single column of
the kernels, times how far its input or state has moved, to all sums. The last pass of a step hands
the sums to the cells as it goes; a step in which nothing moved has one pass with nothing to add.

With the beat in cycle 0::

    1            what moved is known, the first pass is picked
    2            address of the first row's weights
    3, 4         weights, operands
    5            products, added to the sums
    6            sums of the first row of a single pass
    + rows - 1   sums of the last row
    + tail       h of the last unit
    + 1          the output beat
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hw.timing import BlockTiming, Extra

SUM_CYCLES = 4
"""From the address of a row's weights to the row's sums."""

FIRST_ROW = 2
"""From a beat to the address of the first weights."""


@dataclass(frozen=True)
class DeltaPlan:
    """The folding of a delta layer.

    Parameters
    ----------
    inputs, units, gates
        Of the layer: columns are ``gates * units`` high.
    available
        Multipliers that may be used; those that save no cycle are left out.
    tail
        Cycles from the sums of a unit's last gate to its h.
    """

    inputs: int
    units: int
    gates: int
    available: int
    tail: int

    @property
    def cells(self) -> int:
        """Units that are computed at once."""
        most = min(max(self.available // self.gates, 1), self.units)
        return -(-self.units // -(-self.units // most))

    @property
    def unit_rows(self) -> int:
        """Units of a cell; unit u is number ``u // cells`` of cell ``u % cells``."""
        return -(-self.units // self.cells)

    @property
    def parts(self) -> int:
        """Rows of one unit."""
        return -(-self.gates // min(self.available, self.gates))

    @property
    def lanes(self) -> int:
        """Multipliers of a cell; in part p of a unit lane l has the gate ``p * lanes + l``."""
        return -(-self.gates // self.parts)

    @property
    def rows(self) -> int:
        """Cycles of a pass."""
        return self.unit_rows * self.parts

    @property
    def elements(self) -> int:
        """Inputs and states."""
        return self.inputs + self.units

    @property
    def latency_cycles(self) -> int:
        """From a beat to its output, in a step of one pass."""
        return FIRST_ROW + self.rows - 1 + SUM_CYCLES + self.tail + 1

    def timing(self, cell_multipliers: int) -> BlockTiming:
        """Return the contract, for cells with so many multipliers of their own."""
        return BlockTiming(
            latency_cycles=self.latency_cycles,
            # While the output beat leaves, the last h is compared, and what moved is looked at a
            # cycle after a beat.
            interval_cycles=self.latency_cycles,
            multipliers=self.cells * (self.lanes + cell_multipliers),
            products=self.elements * self.gates * self.units + cell_multipliers * self.units,
            extra=Extra(
                cycles=self.rows,
                # A window begins with states of zero, which have not moved.
                first=max(self.inputs, 1) - 1,
                most=self.elements - 1,
                lead=FIRST_ROW,
            ),
        )

    @cached_property
    def outputs(self) -> np.ndarray:
        """Keras's number of every sum, int64 ``(rows, cells, lanes)``; -1 where there is none."""
        row, cell, lane = np.ogrid[: self.rows, : self.cells, : self.lanes]
        unit = row // self.parts * self.cells + cell
        gate = row % self.parts * self.lanes + lane
        return np.where((unit < self.units) & (gate < self.gates), gate * self.units + unit, -1)

    def arranged(self, values: np.ndarray) -> np.ndarray:
        """Return int64 values ``(..., gates * units)`` by row, ``(..., rows, cells * lanes)``."""
        chosen = np.where(self.outputs < 0, 0, values[..., self.outputs])
        return chosen.reshape(*values.shape[:-1], self.rows, -1)


def pack(values: np.ndarray, bits: int) -> list[int]:
    """Return the words in which `values` ``(words, n)`` lie side by side, `bits` each."""
    mask = (1 << bits) - 1
    return [
        sum((value & mask) << (bits * place) for place, value in enumerate(row))
        for row in values.tolist()
    ]
