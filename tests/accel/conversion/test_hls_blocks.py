"""Blocks without recurrence in HLS: drawn graphs, every code against the golden model.

Branches meet again, values leave at several places, and a second input comes once a window.
"""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from hw import Activation, FixedPoint, Flatten, Function, Network, Node, Port, Quantizer, Rounding
from hw.block import Spec
from hw.errors import ChronogateError
from hw.function.quotient import Quotient
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.depthwise_conv1d import DepthwiseConv1D
from hw.layer.convolution.moving_average import MovingAverage
from hw.layer.convolution.pool import Pool
from hw.layer.convolution.pooling import AveragePooling, MaxPooling
from hw.layer.convolution.receptive_field import Padding
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.dense.shared_dense import SharedDense
from hw.layer.dense.shared_layer import SharedLayer
from hw.layer.elementwise.add import Add
from hw.layer.elementwise.batch_normalization import BatchNormalization
from hw.layer.elementwise.concatenate import Concatenate
from hw.layer.elementwise.multiply import Multiply
from hw.layer.elementwise.select import Select
from hw.layer.shape.crop import Crop
from hw.layer.shape.replay import Replay
from hw.layer.shape.unflatten import Unflatten
from tests.accel.conversion.compare import compare_codes, draw_inputs
from tests.accel.conversion.hls_library import build_library
from tests.accel.conversion.test_hls_recurrent import draw_any_format
from tests.hw.drawing import draw_codes, draw_dense, draw_format, draw_unrolled_dense

DRAWS = 7
WINDOWS = 40
OVERLAPS = ((2, 1), (3, 1), (3, 2))
"""Size and stride of pools."""


class Drawing:
    """A graph under way; each method adds a block behind `port` of the node `name`."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.inputs = [Port("x", self.number(1, 4), draw_any_format(rng), self.number(3, 8))]
        self.nodes: list[Node] = []

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))

    def add(self, spec: Spec, *sources: Port) -> Port:
        name = f"{type(spec).__name__.lower()}_{len(self.nodes)}"
        self.nodes.append(Node(name, spec, tuple(source.name for source in sources)))
        port = spec.outputs[0]
        return Port(name, port.channels, port.format, port.steps)

    def narrow(self, port: Port) -> Port:
        """Quantize, now and then through a division."""
        output = draw_any_format(self.rng)
        function = Quantizer(Function.LINEAR, output)
        if self.rng.random() < 0.3:
            function = Quotient(self.number(1, 13), output)
        return self.add(Activation(port.channels, port.format, function, port.steps), port)

    def layer(self, port: Port) -> Port:
        """Add any block for one input with time steps."""
        blocks = [
            self.convolution, self.convolution, self.depthwise, self.pooling, self.average,
            self.moving_average, self.normalization, self.crop, self.select, self.replay,
            self.dense,
        ]  # fmt: skip
        return blocks[self.number(0, len(blocks) - 1)](port)

    def field(self, port: Port) -> tuple[int, int, int, Padding]:
        """Return taps, stride, dilation and padding."""
        padding = list(Padding)[self.number(0, 2)]
        dilation = self.number(1, 2)
        most = 4 if padding is not Padding.VALID else (port.beats - 1) // dilation + 1
        return self.number(1, min(most, 4)), self.number(1, 3), dilation, padding

    def convolution(self, port: Port) -> Port:
        taps, stride, dilation, padding = self.field(port)
        kernel, bias, filters = draw_format(self.rng), draw_format(self.rng), self.number(1, 4)
        spec = Conv1D(
            draw_codes(self.rng, kernel, taps, port.channels, filters),
            draw_codes(self.rng, bias, filters),
            port.format, kernel, bias, port.beats, self.number(1, 9), padding, stride, dilation,
        )  # fmt: skip
        return self.add(spec, port)

    def depthwise(self, port: Port) -> Port:
        taps, stride, dilation, padding = self.field(port)
        kernel, bias, each = draw_format(self.rng), draw_format(self.rng), self.number(1, 3)
        spec = DepthwiseConv1D(
            draw_codes(self.rng, kernel, taps, port.channels, each),
            draw_codes(self.rng, bias, port.channels * each),
            port.format, kernel, bias, port.beats, self.number(1, 9), padding, stride, dilation,
        )  # fmt: skip
        return self.add(spec, port)

    def pool(self, port: Port) -> Pool:
        # Small ones, so that there are more pools than accumulators.
        return Pool(port.beats, self.number(1, min(port.beats, 3)), self.number(1, 2))

    def pooling(self, port: Port) -> Port:
        return self.add(MaxPooling(port.channels, port.format, self.pool(port)), port)

    def average(self, port: Port) -> Port:
        pool = self.pool(port)
        exact = not pool.span & (pool.span - 1) and self.rng.random() < 0.5
        output = None if exact else draw_any_format(self.rng)
        return self.add(AveragePooling(port.channels, port.format, pool, output), port)

    def moving_average(self, port: Port) -> Port:
        size = 2 * self.number(1, min(3, port.beats)) + 1
        output = draw_any_format(self.rng)
        return self.add(MovingAverage(port.channels, port.format, port.beats, size, output), port)

    def normalization(self, port: Port) -> Port:
        scale, offset = draw_format(self.rng), draw_format(self.rng)
        codes = [draw_codes(self.rng, format, port.channels) for format in (scale, offset)]
        spec = BatchNormalization(
            codes[0], codes[1], port.format, scale, offset, self.number(1, 4), port.steps
        )
        return self.add(spec, port)

    def crop(self, port: Port) -> Port:
        begin = self.number(0, port.beats - 1)
        end = self.number(begin + 1, port.beats)
        return self.add(Crop(port.beats, port.channels, port.format, begin, end), port)

    def select(self, port: Port) -> Port:
        order = tuple(self.number(0, port.channels - 1) for _ in range(self.number(1, 5)))
        return self.add(Select(port.channels, order, port.format, port.steps), port)

    def replay(self, port: Port) -> Port:
        backwards = bool(self.rng.random() < 0.6)
        spec = Replay(port.beats, port.channels, port.format, backwards=backwards)
        return self.add(spec, port)

    def dense(self, port: Port) -> Port:
        flat = self.add(Flatten(port.beats, port.channels, port.format), port)
        again = self.add(Unflatten(port.channels, port.beats, port.format), flat)
        return self.add(
            SharedDense(
                tuple(self.shared_layers(again)), again.format, self.number(1, 4), again.steps
            ),
            again,
        )

    def shared_layers(self, port: Port) -> list[SharedLayer]:
        n_in, layers = port.channels, []
        for _ in range(self.number(1, 2)):
            n_out, kernel, bias = self.number(1, 4), draw_format(self.rng), draw_format(self.rng)
            function = Quantizer(Function.HARD_TANH, draw_any_format(self.rng))
            codes = draw_codes(self.rng, kernel, n_in, n_out), draw_codes(self.rng, bias, n_out)
            layers.append(SharedLayer(*codes, kernel, bias, function))
            n_in = n_out
        return layers

    def join(self, left: Port, right: Port) -> Port:
        """Add a block of two inputs; `right` may come once a window."""
        static = (1,) if right.steps != left.steps else ()
        rates = left.steps, static
        kind = self.number(0, 2)
        if kind == 0:
            factors = self.pick([(1, 1), (1, -1), (3, -5)])
            spec = Add(left.channels, (left.format, right.format), factors, *rates)
            return self.add(spec, left, right)
        if kind == 1:
            return self.add(
                Multiply(left.channels, (left.format, right.format), *rates), left, right
            )
        common = FixedPoint(14, 6)
        wide = [
            self.add(
                Activation(p.channels, p.format, Quantizer(Function.LINEAR, common), p.steps), p
            )
            for p in (left, right)
        ]
        widths = (left.channels, right.channels, left.channels)
        static = (1,) if static else ()
        joined = Concatenate(widths, common, left.steps, static)
        return self.add(joined, wide[0], wide[1], wide[0])

    def pick(self, choices: list[tuple[int, int]]) -> tuple[int, int]:
        return choices[self.number(0, len(choices) - 1)]

    def once(self, port: Port) -> Port:
        """Bring a window into one beat."""
        whole = Pool(port.beats)
        kinds: list[Callable[[], Spec]] = [
            lambda: WindowSum(port.beats, port.channels, port.format),
            lambda: MaxPooling(port.channels, port.format, whole),
            lambda: AveragePooling(port.channels, port.format, whole, draw_any_format(self.rng)),
        ]
        return self.add(kinds[self.number(0, 2)](), port)


def draw_network(rng: np.random.Generator) -> Network:
    """Draw a chain with a branch, joins, a second input, and several outputs."""
    draw = Drawing(rng)
    port = draw.inputs[0]
    for _ in range(draw.number(1, 3)):
        port = draw.narrow(draw.layer(port))
    once = draw.narrow(draw.once(port))
    whole = draw.add(Replay(port.beats, port.channels, port.format), port)
    joined = draw.narrow(draw.join(whole, once))
    if rng.random() < 0.5:
        draw.inputs.append(Port("fixed", joined.channels, draw_any_format(rng)))
        joined = draw.narrow(draw.join(joined, draw.inputs[1]))
    flat = draw.add(Flatten(joined.beats, joined.channels, joined.format), joined)
    kinds = (draw_dense, draw_unrolled_dense)
    head = draw.add(kinds[draw.number(0, 1)](rng, flat.format, flat.channels), flat)
    outputs = [head.name]
    used = {source for node in draw.nodes for source in node.inputs}
    outputs += [n.name for n in draw.nodes if n.name not in used and n.name != head.name]
    if rng.random() < 0.5:
        outputs.append(once.name)
    return Network("drawn", tuple(draw.inputs), tuple(draw.nodes), tuple(outputs))


def draw_telling_network(seed: int) -> Network:
    """Draw until the forecast is no constant and every number fits."""
    for attempt in count():
        rng = np.random.default_rng([seed, attempt])
        try:
            network = draw_network(rng)
            outputs = network.evaluate(draw_inputs(network, WINDOWS, seed))
        except ChronogateError:
            continue  # more than 63 bits
        wide = max(port.format.width for port in network.output_ports) > 53
        if not wide and len(np.unique(outputs[0], axis=0)) > 12:
            return network
    raise AssertionError("unreachable")


def all_quotients() -> Network:
    """Return a quotient for every rounding mode; nearly every code of the input comes up."""
    source = Port("x", 32, FixedPoint(9, 5))
    nodes = [
        Node(
            mode,
            Activation(32, source.format, Quotient(6, FixedPoint(8, 4, rounding=mode))),
            ("x",),
        )
        for mode in Rounding
    ]
    return Network("quotients", (source,), tuple(nodes), tuple(Rounding))


def overlapping_pools() -> Network:
    """Return pools that overlap and of which every accumulator has several in turn."""
    format, steps = FixedPoint(6, 3), 11
    source = Port("x", 2, format, steps)
    pools = {f"pool_{size}_{stride}": Pool(steps, size, stride) for size, stride in OVERLAPS}
    nodes = []
    for name, pool in pools.items():
        assert pool.outputs > 2 * pool.open_pools > 2
        nodes += [
            Node(f"max_{name}", MaxPooling(2, format, pool), ("x",)),
            Node(f"mean_{name}", AveragePooling(2, format, pool, FixedPoint(7, 3)), ("x",)),
        ]
    return Network("pools", (source,), tuple(nodes), tuple(node.name for node in nodes))


@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
def test_drawn_graphs(io_type: str, tmp_path: Path) -> None:
    first = 100 * (io_type == "io_stream")
    networks = [all_quotients(), overlapping_pools()]
    networks += [draw_telling_network(first + n) for n in range(DRAWS)]
    for network, run in zip(networks, build_library(networks, io_type, tmp_path), strict=True):
        codes = draw_inputs(network, WINDOWS, 1)
        layers = ", ".join(node.name for node in network.nodes)
        expected = network.evaluate(codes)
        for name, wanted, found in zip(network.outputs, expected, run(codes), strict=True):
            compare_codes(f"{name} of {layers} in C", wanted, found)
