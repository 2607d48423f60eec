"""Networks with several inputs and outputs."""

import numpy as np

from hw import Activation, Network, Node, Port
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.elementwise.add import Add
from tests.hw.drawing import draw_codes
from tests.hw.graphs import KEEP, NARROW, Draft

Arrays = tuple[np.ndarray, ...]


def draw_arrays(network: Network, rng: np.random.Generator, windows: int) -> Arrays:
    """Draw codes for every input."""
    return tuple(
        draw_codes(
            rng,
            port.format,
            windows,
            *(() if port.steps is None else (port.steps,)),
            port.channels,
        )
        for port in network.inputs
    )


def many_ports(steps: int = 3, reuse: int = 2) -> Network:
    """Return two series and a static value; a forecast, a mean-like sum, and a sequence."""
    draft = Draft(7, steps)
    plain = NARROW.plain()
    store = Port("store", 3, plain)
    known = Port("known-ahead", 2, plain, steps)
    draft.ports |= {"store": store, "known-ahead": known}
    where = draft.dense("where", "store", 2, reuse)
    both = draft.narrow("both_narrow", draft.add("both", "input", "known-ahead"))
    placed = draft.narrow("placed_narrow", draft.add("placed", both, where))
    mixed = draft.dense("mixed", placed, 2, reuse)
    forecast = draft.dense("forecast", draft.flatten("flat", mixed), 2, 5)
    total = draft.put("total", WindowSum(steps, 2, plain), "known-ahead")
    return Network(
        "ports", (store, draft.input, known), tuple(draft.nodes), (forecast, total, placed)
    )


def static_only() -> Network:
    """Return two inputs of one beat a window, both needed for one output, one for the other."""
    first, second = Port("first", 2, NARROW.plain()), Port("second", 2, NARROW.plain())
    add = Add(2, (first.format, second.format), (1, -1))
    keep = Activation(2, second.format, KEEP)
    nodes = (Node("sum", add, ("first", "second")), Node("same", keep, ("second",)))
    return Network("pair", (first, second), nodes, ("sum", "same"))
