"""Networks and codes that the tests of exports share."""

import numpy as np

from hw import Activation, FixedPoint, Network, Node, Overflow, Port, Rounding
from hw.function.pointwise import Pointwise

BYTE = FixedPoint(8, 2, True, Rounding.RND_CONV, Overflow.SAT)


def draw(network: Network, windows: int = 24, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = [(p.beats, p.channels) if p.steps else (p.channels,) for p in network.inputs]
    grids = [port.format.plain() for port in network.inputs]
    return [
        rng.integers(grid.minimum, grid.maximum, (windows, *shape), endpoint=True)
        for grid, shape in zip(grids, shapes, strict=True)
    ]


def one(function: Pointwise, source: FixedPoint = BYTE) -> Network:
    node = Node("function", Activation(3, source, function), ("input",))
    return Network("one", (Port("input", 3, source),), (node,), ("function",))
