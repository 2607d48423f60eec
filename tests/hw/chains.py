"""Small networks of streaming layers, for tests."""

from collections.abc import Callable

import numpy as np

from hw import (
    Activation,
    AveragePooling,
    Conv1D,
    Dense,
    DepthwiseConv1D,
    FixedPoint,
    Flatten,
    Function,
    MaxPooling,
    MovingAverage,
    Network,
    Node,
    Overflow,
    Padding,
    Pool,
    Port,
    Quantizer,
    Rounding,
)
from hw.block import Spec
from hw.layer.elementwise.add import Add
from tests.hw.drawing import draw_codes, draw_recurrent

STEPS, FEATURES = 18, 3
SOURCE = FixedPoint(7, 3)
WEIGHT = FixedPoint(6, 1)
SQUEEZE = Quantizer(Function.LINEAR, FixedPoint(6, 4, True, Rounding.RND_CONV, Overflow.SAT))
AVERAGE = FixedPoint(9, 4, True, Rounding.RND_CONV, Overflow.SAT)


class Chain:
    """Layers one after the other, drawn from one seed, each fed by the last."""

    def __init__(self, source: Port | None = None) -> None:
        self.source = source or INPUT
        self.rng = np.random.default_rng(11)
        self.nodes: list[Node] = []

    @property
    def port(self) -> Port:
        return self.nodes[-1].spec.outputs[0] if self.nodes else self.source

    def add(self, make: Callable[[Port], Spec]) -> "Chain":
        spec = make(self.port)
        source = self.nodes[-1].name if self.nodes else self.source.name
        self.nodes.append(Node(f"{type(spec).__name__}{len(self.nodes)}", spec, (source,)))
        return self

    def draw(self, *shape: int) -> np.ndarray:
        return draw_codes(self.rng, WEIGHT, *shape)

    def squeeze(self) -> "Chain":
        return self.add(lambda p: Activation(p.channels, p.format, SQUEEZE, p.steps, p.series))

    def conv(self, taps: int, filters: int, reuse: int, padding: Padding, **rest: int) -> "Chain":
        def make(port: Port) -> Spec:
            kernel, bias = self.draw(taps, port.channels, filters), self.draw(filters)
            return Conv1D(
                kernel,
                bias,
                port.format,
                WEIGHT,
                WEIGHT,
                port.beats,
                reuse,
                padding,
                **rest,
                series=port.series,
            )

        return self.add(make).squeeze()

    def depthwise(self, taps: int, reuse: int, padding: Padding, **rest: int) -> "Chain":
        def make(port: Port) -> Spec:
            kernel, bias = self.draw(taps, port.channels, 1), self.draw(port.channels)
            return DepthwiseConv1D(
                kernel,
                bias,
                port.format,
                WEIGHT,
                WEIGHT,
                port.beats,
                reuse,
                padding,
                **rest,
                series=port.series,
            )

        return self.add(make).squeeze()

    def average(self, pool: Callable[[int], Pool]) -> "Chain":
        return self.add(
            lambda p: AveragePooling(p.channels, p.format, pool(p.beats), AVERAGE, p.series)
        ).squeeze()

    def dense(self, reuse: int) -> "Chain":
        return self.add(
            lambda p: Dense(
                self.draw(p.channels, 4),
                self.draw(4),
                p.format,
                WEIGHT,
                WEIGHT,
                reuse,
                p.steps,
                p.series,
            )
        )

    def flatten(self) -> "Chain":
        return self.add(lambda p: Flatten(p.beats, p.channels, p.format, p.series))

    def total(self, *sources: str, factors: tuple[int, ...] = (1, 1)) -> "Chain":
        """Add the results of some nodes."""
        ports = {node.name: node.spec.outputs[0] for node in self.nodes}
        given = [ports[source] for source in sources]
        terms = tuple(port.format for port in given)
        spec = Add(given[0].channels, terms, factors, given[0].steps)
        self.nodes.append(Node(f"total{len(self.nodes)}", spec, sources))
        return self

    def network(self, name: str) -> Network:
        return Network(name, (self.source,), tuple(self.nodes), (self.nodes[-1].name,))


INPUT = Port("input", FEATURES, SOURCE, STEPS)


def tcn() -> Chain:
    """Dilated causal convolutions with strides, the average of the window, a dense layer."""
    return (
        Chain()
        .conv(3, 5, reuse=7, padding=Padding.CAUSAL)
        .conv(2, 4, reuse=11, padding=Padding.CAUSAL, dilation=4)
        .conv(3, 4, reuse=9, padding=Padding.CAUSAL, dilation=8, stride=2)
        .average(Pool)
        .dense(reuse=5)
    )


def separable() -> Chain:
    """Depthwise and pointwise convolutions whose windows end in bursts, pools, a wide dense."""
    return (
        Chain()
        .depthwise(5, reuse=4, padding=Padding.SAME, pace=6)
        .conv(1, 4, reuse=6, padding=Padding.VALID)
        .conv(3, 4, reuse=10, padding=Padding.SAME, stride=2)
        .add(lambda p: MaxPooling(p.channels, p.format, Pool(p.beats, 3, 2)))
        .flatten()
        .dense(reuse=30)
    )


def recurrent() -> Chain:
    """A strided convolution without padding in front of a GRU."""
    chain = (
        Chain()
        .conv(4, 4, reuse=6, padding=Padding.VALID, stride=2)
        .average(lambda steps: Pool(steps, 2, 1))
    )
    port = chain.port
    chain.add(
        lambda p: draw_recurrent(chain.rng, p.format, p.channels, p.beats, "gru_after")
    ).squeeze()
    assert port.steps is not None
    return chain.dense(reuse=3)


def decomposition() -> Chain:
    """A moving average, what is left without it, and a linear forecast of each, added up."""
    chain = Chain().squeeze()
    series = chain.nodes[-1].name
    chain.add(lambda p: MovingAverage(p.channels, p.format, p.beats, 7, AVERAGE, pace=2))
    trend = chain.nodes[-1].name
    chain.flatten().dense(reuse=16)
    forecast = chain.nodes[-1].name
    return (
        chain.total(series, trend, factors=(1, -1))
        .flatten()
        .dense(reuse=20)
        .total(forecast, chain.nodes[-1].name)
    )


def residual() -> Chain:
    """A burst at the window's end in one branch, none in the other, and their sum."""
    chain = Chain().conv(3, 4, reuse=5, padding=Padding.CAUSAL)
    early = chain.nodes[-1].name
    chain.conv(5, 4, reuse=8, padding=Padding.SAME)
    late = chain.nodes[-1].name
    chain.total(early, late)
    return chain.squeeze().average(lambda steps: Pool(steps, 4, 4)).flatten().dense(reuse=12)


def crossing() -> Chain:
    """A slow branch that needs the beats early and a quick one that needs them late."""
    chain = Chain().squeeze()
    squeezed = chain.nodes[-1]
    chain.conv(3, 4, reuse=6, padding=Padding.CAUSAL)
    chain.conv(3, 4, reuse=6, padding=Padding.CAUSAL)
    early = chain.nodes[-1].name
    nodes, chain.nodes = chain.nodes, [squeezed]
    chain.conv(5, 4, reuse=1, padding=Padding.SAME, pace=6)
    late = chain.nodes[1:]
    renamed = [
        Node("late0", late[0].spec, ("Activation0",)),
        Node("late1", late[1].spec, ("late0",)),
    ]
    chain.nodes = [*nodes, *renamed]
    chain.total(early, "late1")
    return chain.squeeze().flatten().dense(reuse=12)


def shortcut() -> Chain:
    """A beat every cycle; the queue of one branch is full while beats come and go."""
    chain = Chain().squeeze()
    start = chain.nodes[-1].name
    chain.squeeze().squeeze().squeeze()
    chain.total(start, chain.nodes[-1].name)
    return chain.squeeze().flatten().dense(reuse=12)


def endless() -> Chain:
    """Causal convolutions that keep their history from sample to sample."""
    return (
        Chain(Port("input", FEATURES, SOURCE, 1))
        .conv(3, 6, reuse=7, padding=Padding.CAUSAL)
        .conv(3, 6, reuse=11, padding=Padding.CAUSAL, dilation=8)
        .depthwise(4, reuse=6, padding=Padding.CAUSAL, dilation=3)
        .dense(reuse=5)
    )
