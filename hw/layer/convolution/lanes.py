"""How the multipliers of a depthwise convolution are divided among its output channels."""

from dataclasses import dataclass
from math import ceil

import numpy as np


@dataclass(frozen=True)
class Lanes:
    """Multipliers that walk through the kernels of some output channels.

    Parameters
    ----------
    lanes
        Multipliers, at most `taps`.
    taps
        Products for each output channel.
    filters
        The output channels, in order of completion.
    """

    lanes: int
    taps: int
    filters: range

    @property
    def busy_cycles(self) -> int:
        """Cycles in which the multipliers work."""
        return ceil(len(self.filters) * self.taps / self.lanes)

    def ends(self) -> list[bool]:
        """Tell for every cycle whether an output channel's last product falls into it."""
        return [
            (k * self.lanes) % self.taps + self.lanes >= self.taps for k in range(self.busy_cycles)
        ]

    def follows(self) -> list[list[bool]]:
        """Tell for every cycle which lanes already work for the channel after the ending one."""
        return [
            [(k * self.lanes) % self.taps + lane >= self.taps for lane in range(self.lanes)]
            for k in range(self.busy_cycles)
        ]

    def weights(self, kernel: np.ndarray) -> np.ndarray:
        """Return the weights in the order of use, int64 ``(cycles, lanes)``; zeros at the end."""
        table = np.zeros(self.busy_cycles * self.lanes, dtype=np.int64)
        ordered = kernel[:, list(self.filters)].T.ravel()
        table[: len(ordered)] = ordered
        return table.reshape(-1, self.lanes)
