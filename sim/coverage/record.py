"""What the pins of a design did in a test, from which coverage is told afterwards."""

from dataclasses import dataclass, field

import numpy as np

NEVER = np.iinfo(np.int64).max
"""The cycle in which a beat moves that a reset cut short."""


@dataclass(frozen=True)
class BeatRecord:
    """One beat.

    Parameters
    ----------
    offered, taken
        Cycles from which it was offered and in which it moved; `NEVER` where a reset came before.
    last, series
        Its ``tlast`` and ``tid``.
    """

    offered: int
    taken: int
    last: int = 0
    series: int = 0

    @property
    def wait(self) -> int:
        """Cycles for which it waited."""
        return self.taken - self.offered


@dataclass
class StreamRecord:
    """The beats of one stream, in order."""

    beats: list[BeatRecord] = field(default_factory=list)


@dataclass
class Record:
    """All streams, and the cycles in which a reset began.

    Parameters
    ----------
    inputs, outputs
        In the design's order.
    resets
        Beats up to these cycles were before the reset, those after it behind.
    """

    inputs: list[StreamRecord]
    outputs: list[StreamRecord]
    resets: list[int] = field(default_factory=list)
