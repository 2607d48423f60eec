"""What every block is: a frozen spec with ports, software, cycle contract and hardware."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from hw.stream import Block, Port
from hw.timing import BlockTiming


@runtime_checkable
class Spec(Protocol):
    """The pattern of a block: parameters -> software -> hardware, in one file."""

    @property
    def inputs(self) -> tuple[Port, ...]:
        """Input ports."""
        ...

    @property
    def outputs(self) -> tuple[Port, ...]:
        """Output ports, their formats derived from the parameters."""
        ...

    @property
    def timing(self) -> BlockTiming:
        """Closed-form cycles."""
        ...

    @property
    def reference(self) -> Callable[..., np.ndarray]:
        """Compute the block in NumPy integers, vectorized over the batch.

        Takes int64 codes ``(N, [T,] C)`` for each input port, in order, and the keyword `trace`,
        a dictionary or ``None``, which receives what a block wants to show of its inside.
        """
        ...

    def build(self) -> Block:
        """Return the hardware."""
        ...
