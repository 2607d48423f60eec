"""Networks of convolutions, pooling and moving averages, through Verilator."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hw import (
    Activation,
    AveragePooling,
    ChronogateError,
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
from hw.network.serialization import fingerprint, load_network, save_network
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
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


@pytest.mark.parametrize("make", [tcn, separable, recurrent, trend])
def test_rtl_equals_golden_model_and_its_cycles_the_contract(
    make: Callable[[], Chain], tmp_path: Path
) -> None:
    network = make().network(make.__name__)
    codes = draw_codes(np.random.default_rng(3), SOURCE, 120, STEPS, FEATURES)
    expected = network.reference(codes)
    assert len(np.unique(expected, axis=0)) > 60
    with RtlModel(network, tmp_path, "-O1") as model:
        assert measure_cycles(model) == CycleReport.predicted(network.timing)
        assert model.run(codes).outputs.tolist() == expected.tolist()
        for seed, (gaps, stalls) in enumerate([(0.5, 0.0), (0.0, 0.8), (0.3, 0.5)]):
            run = model.run(codes[:60], gaps, stalls, seed)
            assert run.outputs.tolist() == expected[:60].tolist()


@pytest.mark.parametrize("make", [tcn, separable, trend])
def test_files_give_the_same_network(make: Callable[[], Chain], tmp_path: Path) -> None:
    network = make().network(make.__name__)
    save_network(network, tmp_path)
    assert fingerprint(load_network(tmp_path)) == fingerprint(network)


def test_a_burst_too_fast_for_the_next_block_is_refused() -> None:
    chain = Chain().depthwise(5, reuse=4, padding=Padding.SAME)
    chain.conv(1, 4, reuse=6, padding=Padding.VALID).flatten()
    with pytest.raises(ChronogateError, match="takes a beat every 6 cycles but gets one every 4"):
        _ = chain.network("fast").timing
