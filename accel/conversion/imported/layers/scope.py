"""What handlers of nodes are given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from accel.conversion.imported.node import ImportedNode
from accel.conversion.layers.context import Context
from accel.conversion.piece import Piece, Wire


@dataclass(frozen=True)
class Scope:
    """What holds for the whole graph.

    Parameters
    ----------
    context
        As handlers of Keras layers want it.
    constants
        Values that do not depend on the input, float64, by name.
    """

    context: Context
    constants: Mapping[str, np.ndarray]


Handler = Callable[[ImportedNode, tuple[Wire, ...], Scope], Piece]
