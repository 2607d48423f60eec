"""What every block is: a frozen spec with ports, software, cycle contract and hardware."""

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

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Compute the block in NumPy integers, vectorized over the batch."""
        ...

    def build(self) -> Block:
        """Return the hardware."""
        ...
