"""Small networks of streaming layers, for tests."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module

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
from hw.number.arithmetic import sum_format
from hw.stream import Block
from hw.timing import BlockTiming
from tests.hw.drawing import draw_codes, draw_recurrent

STEPS, FEATURES = 18, 3
SOURCE = FixedPoint(7, 3)
WEIGHT = FixedPoint(6, 1)
SQUEEZE = Quantizer(Function.LINEAR, FixedPoint(6, 4, True, Rounding.RND_CONV, Overflow.SAT))
AVERAGE = FixedPoint(9, 4, True, Rounding.RND_CONV, Overflow.SAT)


class Chain:
    """Layers one after the other, drawn from one seed, each fed by the last."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(11)
        self.nodes: list[Node] = []

    @property
    def port(self) -> Port:
        return self.nodes[-1].spec.outputs[0] if self.nodes else INPUT

    def add(self, make: Callable[[Port], Spec]) -> "Chain":
        spec = make(self.port)
        source = self.nodes[-1].name if self.nodes else INPUT.name
        self.nodes.append(Node(f"{type(spec).__name__}{len(self.nodes)}", spec, (source,)))
        return self

    def draw(self, *shape: int) -> np.ndarray:
        return draw_codes(self.rng, WEIGHT, *shape)

    def squeeze(self) -> "Chain":
        return self.add(lambda p: Activation(p.channels, p.format, SQUEEZE, p.steps))

    def conv(self, taps: int, filters: int, reuse: int, padding: Padding, **rest: int) -> "Chain":
        def make(port: Port) -> Spec:
            kernel, bias = self.draw(taps, port.channels, filters), self.draw(filters)
            return Conv1D(
                kernel, bias, port.format, WEIGHT, WEIGHT, port.beats, reuse, padding, **rest
            )

        return self.add(make).squeeze()

    def depthwise(self, taps: int, reuse: int, padding: Padding, **rest: int) -> "Chain":
        def make(port: Port) -> Spec:
            kernel, bias = self.draw(taps, port.channels, 1), self.draw(port.channels)
            return DepthwiseConv1D(
                kernel, bias, port.format, WEIGHT, WEIGHT, port.beats, reuse, padding, **rest
            )

        return self.add(make).squeeze()

    def average(self, pool: Callable[[int], Pool]) -> "Chain":
        return self.add(
            lambda p: AveragePooling(p.channels, p.format, pool(p.beats), AVERAGE)
        ).squeeze()

    def dense(self, reuse: int) -> "Chain":
        return self.add(
            lambda p: Dense(
                self.draw(p.channels, 4), self.draw(4), p.format, WEIGHT, WEIGHT, reuse, p.steps
            )
        )

    def flatten(self) -> "Chain":
        return self.add(lambda p: Flatten(p.beats, p.channels, p.format))

    def network(self, name: str) -> Network:
        return Network(name, (INPUT,), tuple(self.nodes), (self.nodes[-1].name,))


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


def trend() -> Chain:
    """A moving average, and what a linear forecaster makes of it."""
    return (
        Chain()
        .add(lambda p: MovingAverage(p.channels, p.format, p.beats, 7, AVERAGE, pace=2))
        .conv(3, 2, reuse=2, padding=Padding.SAME, pace=2)
        .flatten()
        .dense(reuse=16)
    )


@dataclass(frozen=True)
class Total:
    """The sum of two streams of one format: the simplest join."""

    port: Port

    @property
    def inputs(self) -> tuple[Port, ...]:
        port = self.port
        return tuple(Port(f"i{k}", port.channels, port.format, port.steps) for k in range(2))

    @property
    def outputs(self) -> tuple[Port, ...]:
        format = sum_format(self.port.format, self.port.format)
        return (Port("o", self.port.channels, format, self.port.steps),)

    @property
    def timing(self) -> BlockTiming:
        return BlockTiming(1, 1)

    def reference(
        self, *codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        return codes[0] + codes[1]

    def build(self) -> Block:
        return TotalBlock(self)


class TotalBlock(Block):
    """`Total` in hardware."""

    def __init__(self, spec: Total) -> None:
        super().__init__(spec.inputs, spec.outputs)
        self._channels = spec.port.channels

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += [self.o.valid.eq(self.i0.valid), self.o.payload.tag.eq(self.i0.payload.tag)]
        for channel in range(self._channels):
            both = self.i0.payload.data[channel] + self.i1.payload.data[channel]
            m.d.sync += self.o.payload.data[channel].eq(both)
        return m


def residual() -> Chain:
    """A burst at the window's end in one branch, none in the other, and their sum."""
    chain = Chain().conv(3, 4, reuse=5, padding=Padding.CAUSAL)
    early = chain.nodes[-1].name
    chain.conv(5, 4, reuse=8, padding=Padding.SAME)
    late = chain.nodes[-1].name
    chain.nodes.append(Node("total", Total(chain.port), (early, late)))
    return chain.squeeze().average(lambda steps: Pool(steps, 4, 4)).flatten().dense(reuse=12)
