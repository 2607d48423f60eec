"""One engine for several layers: exact, as fast as its closed form says, close to the limit."""

from dataclasses import replace
from itertools import pairwise
from math import ceil

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from hw import (
    Activation,
    ChronogateError,
    Dense,
    FixedPoint,
    Function,
    Network,
    Node,
    Overflow,
    Port,
    Quantizer,
    Rounding,
    SharedDense,
    SharedLayer,
)
from hw.network.balance import balance_to_interval
from hw.network.serialization import load_network, save_network
from tests.hw.drawing import draw_codes, draw_format, draw_quantizer
from tests.hw.harness import run_block
from tests.hw.test_blocks import slowed

SIZES = (16, 64, 32, 32, 5)
PRODUCTS = 4256
"""Of the network of the comparison."""


def draw_shared(rng: np.random.Generator, layers: int, steps: int | None) -> SharedDense:
    """Draw a chain on few or many multipliers; some functions take longer, the last may lack."""
    source = draw_format(rng, signed=bool(rng.random() < 0.7))
    sizes = [int(size) for size in rng.integers(1, 8, layers + 1)]
    drawn = []
    for index, shape in enumerate(pairwise(sizes)):
        kernel, bias = draw_format(rng, signed=bool(rng.random() < 0.8)), draw_format(rng)
        function = Quantizer(Function.LINEAR, draw_format(rng))
        if rng.random() < 0.5:
            function = draw_quantizer(rng, [Function.HARD_TANH, Function.HARD_SIGMOID])
            function = slowed(function, int(rng.integers(0, 3)))
        drawn.append(
            SharedLayer(
                draw_codes(rng, kernel, *shape),
                draw_codes(rng, bias, shape[1]),
                kernel,
                bias,
                None if index == layers - 1 and rng.random() < 0.5 else function,
            )
        )
    products = max(layer.kernel.size for layer in drawn)
    multipliers = int(rng.integers(1, int(rng.integers(1, products + 3)) + 1))
    return SharedDense(tuple(drawn), source, multipliers, steps)


def chain_of(spec: SharedDense) -> Network:
    """Return the same layers as nodes of their own."""
    port = replace(spec.inputs[0], name="input")
    nodes: list[Node] = []
    for index, (layer, source) in enumerate(zip(spec.layers, spec.formats, strict=False)):
        dense = Dense(
            layer.kernel,
            layer.bias,
            source,
            layer.kernel_format,
            layer.bias_format,
            reuse=ceil(layer.kernel.size / spec.multipliers),
            steps=spec.steps,
        )
        before = nodes[-1].name if nodes else "input"
        nodes.append(Node(f"dense{index}", dense, (before,)))
        if layer.function is not None:
            channels = layer.kernel.shape[1]
            activation = Activation(channels, dense.output, layer.function, spec.steps)
            nodes.append(Node(f"function{index}", activation, (nodes[-1].name,)))
    return Network("chain", (port,), tuple(nodes), (nodes[-1].name,))


def mlp(sizes: tuple[int, ...], multipliers: int) -> SharedDense:
    """Draw a network with 8 bits everywhere and relu behind each layer but the last."""
    rng = np.random.default_rng(3)
    grid = FixedPoint(8, 1)
    relu = Quantizer(Function.LINEAR, FixedPoint(8, 5, False, Rounding.RND_CONV, Overflow.SAT))
    layers = tuple(
        SharedLayer(
            draw_codes(rng, grid, *shape),
            draw_codes(rng, grid, shape[1]),
            grid,
            grid,
            None if index == len(sizes) - 2 else relu,
        )
        for index, shape in enumerate(pairwise(sizes))
    )
    return SharedDense(layers, grid, multipliers)


def check(spec: SharedDense, rng: np.random.Generator, gaps: bool, windows: int = 3) -> None:
    steps = spec.steps or 1
    shape = (spec.steps or 1,) if spec.steps else ()
    codes = draw_codes(rng, spec.input, windows, *shape, spec.inputs[0].channels)
    spacing = np.full(windows * steps, spec.timing.interval_cycles)
    spacing += rng.integers(0, 9, len(spacing)) if gaps else 0
    fed = np.cumsum(spacing)
    found = run_block(spec, codes, fed)
    expected = spec.reference(codes)
    assert found.codes.tolist() == expected.reshape(len(fed), -1).tolist()
    assert (found.cycles - fed).tolist() == [spec.timing.latency_cycles] * len(fed)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(16))
def test_drawn_chain(seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps])
    steps = int(rng.integers(1, 4)) if seed % 2 else None
    spec = draw_shared(rng, layers=1 + seed % 4, steps=steps)
    check(spec, rng, gaps)
    codes = draw_codes(rng, spec.input, 50, *((steps,) if steps else ()), spec.inputs[0].channels)
    trace: dict[str, np.ndarray] = {}
    result = spec.reference(codes, trace)
    chain = chain_of(spec)
    assert spec.outputs[0].carries_same(chain.output)
    of_chain: dict[str, np.ndarray] = {}
    assert result.tolist() == chain.reference(codes, of_chain).tolist()
    for index, layer in enumerate(spec.layers):
        name = f"dense{index}" if layer.function is None else f"function{index}"
        assert trace[str(index)].tolist() == of_chain[name].tolist()


@pytest.mark.parametrize("multipliers", range(1, 23))
def test_every_number_of_multipliers(multipliers: int) -> None:
    rng = np.random.default_rng(multipliers)
    drawn = draw_shared(np.random.default_rng(0), layers=3, steps=None)
    shapes = [(4, 5), (5, 3), (3, 7)]
    layers = tuple(
        replace(
            layer,
            kernel=draw_codes(rng, layer.kernel_format, *shape),
            bias=draw_codes(rng, layer.bias_format, shape[1]),
        )
        for layer, shape in zip(drawn.layers, shapes, strict=True)
    )
    spec = replace(drawn, layers=layers, multipliers=multipliers)
    # Two partial columns are not made, so now and then some of a layer lie idle.
    assert spec.timing.multipliers <= min(multipliers, 21)
    busy = [program.busy_cycles for program in spec.plan.programs]
    assert busy == [ceil(a * b / min(multipliers, a * b)) for a, b in shapes]
    check(spec, rng, gaps=False)


@pytest.mark.parametrize("seed", range(8))
def test_zeros_are_skipped(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = draw_shared(rng, layers=1 + seed % 4, steps=2 if seed % 2 else None)
    layers = tuple(
        replace(layer, kernel=layer.kernel * (rng.random(layer.kernel.shape) < rng.random()))
        for layer in whole.layers
    )
    spec = replace(whole, layers=layers, skip_zeros=True)
    assert spec.timing.multipliers <= whole.multipliers
    assert spec.timing.products == sum(np.count_nonzero(layer.kernel) for layer in layers)
    check(spec, rng, gaps=seed > 3)
    folded = spec.folded_to(40)
    assert folded.timing.interval_cycles <= 40


def test_half_the_weights_take_about_half_the_cycles() -> None:
    rng = np.random.default_rng(1)
    whole = mlp(SIZES, 4)
    layers = tuple(
        replace(layer, kernel=layer.kernel * (rng.random(layer.kernel.shape) < 0.5))
        for layer in whole.layers
    )
    sparse = replace(whole, layers=layers, skip_zeros=True)
    assert sparse.timing.interval_cycles < 0.6 * whole.timing.interval_cycles


def test_extremes_do_not_overflow() -> None:
    rng = np.random.default_rng(2)
    spec = draw_shared(rng, layers=3, steps=None)
    for layer in spec.layers:
        ends = layer.kernel_format.minimum, layer.kernel_format.maximum
        layer.kernel[:] = rng.choice(ends, layer.kernel.shape)
    ends = spec.input.minimum, spec.input.maximum
    codes = rng.choice(ends, (6, spec.inputs[0].channels))
    fed = np.arange(6) * spec.timing.interval_cycles
    assert run_block(spec, codes, fed).codes.tolist() == spec.reference(codes).tolist()


@pytest.mark.parametrize("multipliers", [1, 2, 4, 8, 16])
def test_cycles_are_close_to_the_products(multipliers: int) -> None:
    timing = mlp(SIZES, multipliers).timing
    limit = 1.05 * PRODUCTS / multipliers + 10 * (len(SIZES) - 1)
    assert timing.products == PRODUCTS
    assert timing.multipliers == multipliers
    assert timing.interval_cycles <= limit
    assert timing.latency_cycles <= limit


def test_four_multipliers_in_simulation() -> None:
    check(mlp(SIZES, 4), np.random.default_rng(4), gaps=False, windows=2)


def test_the_series_travels_with_its_beat() -> None:
    spec = replace(draw_shared(np.random.default_rng(1), layers=3, steps=2), series=5)
    block, timing = spec.build(), spec.timing
    rng = np.random.default_rng(6)
    tags = rng.integers(0, 5 << 2, 12).tolist()
    taken: list[tuple[int, int]] = []

    async def bench(ctx) -> None:
        for cycle in range(len(tags) * timing.interval_cycles + timing.latency_cycles + 1):
            number, wait = divmod(cycle, timing.interval_cycles)
            arrives = wait == 0 and number < len(tags)
            ctx.set(block.i.valid, arrives)
            # Tags between the beats must not matter.
            tag = tags[number] if arrives else int(rng.integers(0, 32))
            ctx.set(block.i.payload.tag.as_value(), tag)
            if ctx.get(block.o.valid):
                taken.append((cycle, ctx.get(block.o.payload.tag.as_value())))
            await ctx.tick()

    top = Module()
    top.domains.sync = ClockDomain()
    top.submodules.block = block
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    leaving = range(timing.latency_cycles, 1 << 20, timing.interval_cycles)
    assert taken == list(zip(leaving, tags, strict=False))


def check_folding(spec: SharedDense) -> None:
    largest = max(layer.kernel.size for layer in spec.layers)
    intervals = [
        replace(spec, multipliers=count).timing.interval_cycles for count in range(1, largest + 1)
    ]
    for cycles in range(min(intervals), max(intervals) + 2):
        fewest = next(i for i, interval in enumerate(intervals, start=1) if interval <= cycles)
        assert spec.folded_to(cycles).multipliers == fewest
    with pytest.raises(ChronogateError, match="Resource"):
        spec.folded_to(min(intervals) - 1)


@pytest.mark.parametrize("seed", range(6))
def test_folding_takes_the_fewest_multipliers(seed: int) -> None:
    check_folding(draw_shared(np.random.default_rng(seed), layers=1 + seed % 3, steps=None))


def test_folding_where_more_multipliers_take_longer() -> None:
    spec = mlp((9, 1, 1, 1, 1, 1), 4)
    assert replace(spec, multipliers=5).timing.interval_cycles > spec.timing.interval_cycles
    check_folding(spec)


def test_the_balancer_and_the_disk_know_it(tmp_path) -> None:
    spec = mlp(SIZES, 1)
    network = Network(
        "shared", (Port("input", 16, spec.input),), (Node("engine", spec, ("input",)),), ("engine",)
    )
    balanced = balance_to_interval(network, 1200)
    assert balanced.multipliers == 4
    save_network(balanced.network, tmp_path)
    read = load_network(tmp_path)
    codes = draw_codes(np.random.default_rng(1), spec.input, 20, 16)
    assert read.reference(codes).tolist() == network.reference(codes).tolist()
    assert read.timing == balanced.network.timing


def test_what_is_not_possible_is_refused() -> None:
    spec = mlp(SIZES, 1)
    with pytest.raises(ChronogateError, match="use 1 or more"):
        replace(spec, multipliers=0)
    with pytest.raises(ChronogateError, match="one or more"):
        replace(spec, layers=())
    with pytest.raises(ChronogateError, match="layer 1 of a shared engine gives"):
        replace(spec, layers=(spec.layers[0], spec.layers[1], spec.layers[1]))
