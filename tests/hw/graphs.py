"""Small networks with branches that meet again, and random ones."""

from itertools import count

import numpy as np

from hw import (
    Activation,
    ChronogateError,
    Dense,
    FixedPoint,
    Flatten,
    Function,
    Network,
    Node,
    Overflow,
    Port,
    Quantizer,
    Rounding,
)
from hw.block import Spec
from hw.function.quotient import Quotient
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.elementwise.add import Add
from hw.layer.elementwise.concatenate import Concatenate
from hw.layer.elementwise.multiply import Multiply
from hw.layer.shape.crop import Crop
from hw.layer.shape.replay import Replay
from hw.layer.shape.unflatten import Unflatten
from tests.hw.drawing import draw_codes

NARROW = FixedPoint(6, 2, True, Rounding.RND_CONV, Overflow.SAT)
KEEP = Quantizer(Function.LINEAR, NARROW)
PACE = 4
"""Of all bursts; no block that is drawn takes longer for a beat of one."""


class Draft:
    """A network in the making.

    Parameters
    ----------
    seed
        Of the weights.
    steps
        Beats in an input window, or ``None`` for one.
    channels
        Values in a beat.
    """

    def __init__(self, seed: int, steps: int | None, channels: int = 2) -> None:
        self.rng = np.random.default_rng(seed)
        self.input = Port("input", channels, NARROW.plain(), steps)
        self.ports = {"input": self.input}
        self.nodes: list[Node] = []

    def put(self, name: str, spec: Spec, *sources: str) -> str:
        """Add a node and return its name."""
        self.nodes.append(Node(name, spec, sources))
        self.ports[name] = spec.outputs[0]
        return name

    def dense(self, name: str, source: str, n_out: int, reuse: int) -> str:
        """Add a dense layer and a quantizer behind it."""
        port = self.ports[source]
        kernel = draw_codes(self.rng, NARROW, port.channels, n_out)
        bias = draw_codes(self.rng, NARROW, n_out)
        spec = Dense(kernel, bias, port.format, NARROW, NARROW, reuse, port.steps)
        return self.narrow(f"{name}_narrow", self.put(name, spec, source))

    def narrow(self, name: str, source: str, function: Quantizer | Quotient = KEEP) -> str:
        """Add an activation."""
        port = self.ports[source]
        spec = Activation(port.channels, port.format, function, port.steps)
        return self.put(name, spec, source)

    def add(self, name: str, *sources: str, factors: tuple[int, ...] | None = None) -> str:
        """Add a sum of several nodes, those that come once a window to every step."""
        ports = [self.ports[source] for source in sources]
        steps = next((port.steps for port in ports if port.steps), None)
        static = tuple(k for k, port in enumerate(ports) if port.steps is None and steps)
        formats = tuple(port.format for port in ports)
        ones = (1,) * len(ports)
        return self.put(
            name, Add(ports[0].channels, formats, factors or ones, steps, static), *sources
        )

    def flatten(self, name: str, source: str) -> str:
        """Add a flatten, unless a window is one beat already."""
        port = self.ports[source]
        if port.steps is None:
            return source
        return self.put(name, Flatten(port.steps, port.channels, port.format), source)

    def network(self, output: str) -> Network:
        """Return the network."""
        return Network("graph", (self.input,), tuple(self.nodes), (output,))


def residual() -> Network:
    """Return a residual sum around a dense layer, per step, then around another, per window."""
    draft = Draft(1, steps=3)
    inner = draft.dense("inner", "input", 2, reuse=3)
    joined = draft.narrow("joined_narrow", draft.add("joined", "input", inner))
    flat = draft.flatten("flat", joined)
    outer = draft.dense("outer", flat, 6, reuse=7)
    return draft.network(draft.add("out", flat, outer))


def two_branches() -> Network:
    """Return two branches of different latency, concatenated."""
    draft = Draft(2, steps=4)
    flat = draft.flatten("flat", "input")
    slow = draft.dense("slow", draft.dense("slower", flat, 5, reuse=9), 3, reuse=2)
    fast = draft.narrow("fast", flat)
    spec = Concatenate((3, 8), NARROW)
    return draft.network(draft.put("out", spec, slow, fast))


def mean_normalized() -> Network:
    """Return a linear forecaster on windows without their mean, which the output gets back."""
    steps = 6
    draft = Draft(3, steps)
    total = draft.put("total", WindowSum(steps, 2, NARROW.plain()), "input")
    again = draft.put("again", Replay(steps, 2, NARROW.plain(), PACE), "input")
    scaled = draft.add("scaled", again, total, factors=(steps, -1))
    centred = draft.narrow("centred", scaled, Quotient(steps, NARROW))
    mixed = draft.dense("mixed", centred, 2, reuse=PACE)
    forecast = draft.dense("forecast", draft.flatten("flat", mixed), 2, reuse=5)
    mean = draft.narrow("mean", total, Quotient(steps, NARROW))
    return draft.network(draft.add("out", forecast, mean))


def single_beats() -> Network:
    """Return a deep branch beside a wire, one beat a window, one window a cycle."""
    draft = Draft(4, steps=None, channels=3)
    deep = "input"
    for layer in range(4):
        deep = draft.dense(f"deep{layer}", deep, 3, reuse=1)
    return draft.network(draft.add("out", "input", deep))


def forth_and_back() -> Network:
    """Return every step plus its mirror image: one branch follows the input, one the window."""
    draft = Draft(5, steps=5)
    mirrored = draft.put("mirrored", Replay(5, 2, NARROW.plain(), 1, backwards=True), "input")
    return draft.network(draft.flatten("flat", draft.add("both", "input", mirrored)))


def late_value() -> Network:
    """Return a window plus a value of the whole window that is long in coming."""
    steps = 3
    draft = Draft(6, steps)
    again = draft.put("again", Replay(steps, 2, NARROW.plain(), 2), "input")
    total = draft.narrow(
        "total_narrow", draft.put("total", WindowSum(steps, 2, NARROW.plain()), "input")
    )
    late = draft.dense("late", total, 2, reuse=4)
    scaled = draft.put("scaled", Multiply(2, (NARROW, NARROW), steps, (1,)), again, late)
    return draft.network(draft.flatten("flat", draft.add("out", scaled, again, late)))


GRAPHS = {
    graph.__name__: graph
    for graph in (residual, two_branches, mean_normalized, single_beats, forth_and_back, late_value)
}


def draw_graph(seed: int) -> Network:
    """Draw a network in which every node's result is used, and branches meet at random.

    One that needs a value before it is there is thrown away.
    """
    for attempt in count():
        network = _draw_graph([seed, attempt])
        try:
            _ = network.schedule
        except ChronogateError as error:
            if "put a Replay between" not in str(error):
                raise
        else:
            return network
    raise AssertionError("unreachable")


def _draw_graph(seed: list[int]) -> Network:
    rng = np.random.default_rng(seed)
    steps = None if rng.random() < 0.2 else int(rng.integers(1, 6))
    draft = Draft(seed[0], steps, channels=2)
    narrow = ["input"]
    for number in range(int(rng.integers(2, 8))):
        source = str(rng.choice(narrow))
        port, name = draft.ports[source], f"n{number}"
        choices = ["dense", "join", "join", "delay"]
        choices += ["replay", "crop", "sum"] if port.steps else ["burst"]
        match str(rng.choice(choices)):
            case "dense":
                narrow.append(draft.dense(name, source, 2, reuse=int(rng.integers(1, PACE + 1))))
            case "delay":
                narrow.append(draft.narrow(name, source, Quotient(3, NARROW)))
            case "replay":
                pace = int(rng.integers(PACE, PACE + 3))
                spec = Replay(port.beats, 2, port.format, pace, bool(rng.random() < 0.5))
                narrow.append(draft.narrow(f"{name}n", draft.put(name, spec, source)))
            case "crop":
                begin = int(rng.integers(port.beats))
                end = int(rng.integers(begin, port.beats)) + 1
                spec = Crop(port.beats, 2, port.format, begin, end)
                narrow.append(draft.narrow(f"{name}n", draft.put(name, spec, source)))
            case "sum":
                total = draft.put(name, WindowSum(port.beats, 2, port.format), source)
                narrow.append(draft.narrow(f"{name}n", total, Quotient(port.beats, NARROW)))
            case "burst":
                wide = draft.dense(f"{name}d", source, 6, reuse=int(rng.integers(1, 8)))
                spec = Unflatten(3, 2, NARROW, PACE)
                narrow.append(draft.put(name, spec, wide))
            case "join":
                partners = [
                    other
                    for other in narrow
                    if draft.ports[other].steps in (port.steps, None) or port.steps is None
                ]
                joined = draft.add(name, source, str(rng.choice(partners)))
                narrow.append(draft.narrow(f"{name}n", joined))
    return _closed(draft)


def _closed(draft: Draft) -> Network:
    """Join all loose ends, per window, and return the network."""
    used = {source for node in draft.nodes for source in node.inputs}
    loose = [node.name for node in draft.nodes if node.name not in used]
    ends = [draft.flatten(f"{name}_flat", name) for name in loose]
    if len(ends) == 1:
        return draft.network(ends[0])
    widths = tuple(draft.ports[end].channels for end in ends)
    ends = [
        end if draft.ports[end].format.same_grid(NARROW) else draft.narrow(f"{end}_end", end)
        for end in ends
    ]
    return draft.network(draft.put("out", Concatenate(widths, NARROW), *ends))
