"""Weights that are powers of two: shifters in every folded layer, the same sums and cycles."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, unsigned
from amaranth.sim import Simulator

from hw import (
    Activation,
    ChronogateError,
    Conv1D,
    Dense,
    DepthwiseConv1D,
    FixedPoint,
    Function,
    Network,
    Node,
    Padding,
    Port,
    Quantizer,
    UnrolledDense,
)
from hw.block import Spec
from hw.network.balance import balance_to_interval, balance_to_multipliers
from hw.product.weight_code import PlainCode, ShiftCode, weight_code
from hw.top.axi import accelerator_verilog
from tests.hw.drawing import draw_codes, draw_format, draw_recurrent
from tests.hw.recurrent_shapes import recurrent_layer
from tests.hw.streaming import check_block

KINDS = ("binary", "ternary", "powers")
RECURRENT = ("lstm", "gru_after", "gru_before", "simple_rnn")


def draw_weights(
    rng: np.random.Generator, format: FixedPoint, kind: str, *shape: int
) -> np.ndarray:
    """Draw codes that are plus or minus one, or zero too, or any power of two."""
    highest = format.maximum.bit_length() - 1
    exponents = rng.integers(0, highest + 1, shape)
    if kind != "powers":
        exponents = np.full(shape, int(rng.integers(0, highest + 1)))
    signs = rng.choice([-1, 1], shape) if format.signed else np.ones(shape, np.int64)
    kept = 1 if kind == "binary" else rng.random(shape) < 0.7
    return (signs << exponents) * kept


def draw_formats(rng: np.random.Generator) -> tuple[FixedPoint, FixedPoint, FixedPoint]:
    """Draw formats of inputs, weights and biases, of any signedness."""
    signs = rng.random(2) < 0.7
    source, kernel = (draw_format(rng, signed=bool(sign)) for sign in signs)
    return source, kernel, draw_format(rng)


@pytest.mark.parametrize("seed", range(30))
def test_a_product_is_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, kernel, _ = draw_formats(rng)
    kind = ("any", *KINDS)[seed % 4]
    weights = draw_codes(rng, kernel, 12) if kind == "any" else draw_weights(rng, kernel, kind, 12)
    padded = bool(rng.random() < 0.5)
    code = weight_code([weights[:5], weights[5:]], [kernel], padded)
    if kind != "any":
        assert code.is_shift
        assert code.width <= kernel.width
    stored = code.encode(weights)
    assert stored.min() >= 0
    assert stored.max() < 1 << code.width
    m = Module()
    operand = Signal(source.shape)
    word = Signal(unsigned(code.width))
    exact = code.product(m, operand, word, "lane")
    result = Signal(exact.shape())
    m.d.comb += result.eq(exact)

    async def bench(ctx) -> None:
        for value in (source.minimum, source.maximum, *draw_codes(rng, source, 3).tolist()):
            for weight, bits in zip(weights.tolist(), stored.tolist(), strict=True):
                ctx.set(operand, value)
                ctx.set(word, bits)
                assert ctx.get(result) == value * weight, (value, weight, code)
            if padded and code.is_shift:
                ctx.set(word, int(code.encode(np.array(0))))
                assert ctx.get(result) == 0

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()


def test_the_narrowest_code() -> None:
    grid = FixedPoint(8, 2)
    ones = np.ones(3, np.int64)
    assert weight_code([4 * ones, -4 * ones], [grid], padded=False) == ShiftCode(2, 2, True, False)
    assert weight_code([ones, -ones], [grid], padded=True).width == 2
    assert weight_code([ones, 64 * ones], [grid], padded=False) == ShiftCode(0, 6, False, False)
    assert weight_code([0 * ones], [grid], padded=False).width == 1
    assert weight_code([ones], [grid], padded=False).width == 1
    assert isinstance(weight_code([3 * ones], [grid], padded=False), PlainCode)


def check_shifts(spec: Spec, rng: np.random.Generator, gaps: bool = False) -> None:
    assert spec.timing.shifters > 0
    check_block(spec, rng, gaps)


@pytest.mark.parametrize("skip_zeros", [False, True])
@pytest.mark.parametrize("seed", range(9))
def test_dense(seed: int, skip_zeros: bool) -> None:
    rng = np.random.default_rng([seed, skip_zeros])
    source, kernel, bias = draw_formats(rng)
    n_in, n_out = (int(n) for n in rng.integers(1, 9, 2))
    spec = Dense(
        draw_weights(rng, kernel, KINDS[seed % 3], n_in, n_out),
        draw_codes(rng, bias, n_out),
        source,
        kernel,
        bias,
        reuse=int(rng.integers(1, n_in * n_out + 2)),
        skip_zeros=skip_zeros,
    )
    if spec.kernel.any():
        check_shifts(spec, rng, gaps=seed % 2 == 0)
        assert spec.timing.shifters == spec.timing.multipliers


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", [Conv1D, DepthwiseConv1D])
def test_convolutions(kind: type[Conv1D | DepthwiseConv1D], seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, kernel, bias = draw_formats(rng)
    taps, channels, filters = (int(n) for n in rng.integers(1, 5, 3))
    outputs = filters if kind is Conv1D else channels * filters
    spec = kind(
        draw_weights(rng, kernel, KINDS[seed % 3], taps, channels, filters),
        draw_codes(rng, bias, outputs),
        source,
        kernel,
        bias,
        steps=taps + 3,
        reuse=int(rng.integers(1, taps * channels * filters + 2)),
        padding=Padding.CAUSAL,
    )
    check_shifts(spec, rng)
    assert spec.timing.shifters == spec.timing.multipliers


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent_layers(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = draw_recurrent(rng, FixedPoint(6, 2), 3, 3, kind)
    of_two = replace(
        drawn,
        kernel=draw_weights(rng, drawn.kernel_format, KINDS[seed], *drawn.kernel.shape),
        recurrent_kernel=draw_weights(
            rng, drawn.recurrent_format, KINDS[seed], *drawn.recurrent_kernel.shape
        ),
    )
    check_shifts(of_two, rng)
    assert of_two.timing.shifters == of_two.plan.multipliers
    assert of_two.timing.interval_cycles <= drawn.timing.interval_cycles


def test_each_product_of_a_recurrent_layer_decides_alone() -> None:
    rng = np.random.default_rng(1)
    drawn = draw_recurrent(rng, FixedPoint(6, 2), 3, 3, "lstm")
    kernel = draw_weights(rng, drawn.kernel_format, "powers", *drawn.kernel.shape)
    recurrent = np.full_like(drawn.recurrent_kernel, 3)
    apart = replace(
        drawn,
        kernel=kernel,
        recurrent_kernel=recurrent,
        multipliers=None,
        input_reuse=3,
        recurrent_reuse=4,
    )
    check_shifts(apart, rng)
    assert apart.timing.shifters == apart.plan.arrays[0].multipliers
    assert apart.pooled(5).timing.shifters == 0


def chain(kernels: tuple[np.ndarray, np.ndarray]) -> Network:
    """Return two dense layers, one behind the other."""
    grid = FixedPoint(8, 2)
    first, second = (Dense(k, np.zeros(k.shape[1], np.int64), grid, grid, grid, 1) for k in kernels)
    narrow = Activation(8, first.output, Quantizer(Function.LINEAR, grid))
    nodes = (
        Node("first", first, ("input",)),
        Node("narrow", narrow, ("first",)),
        Node("second", second, ("narrow",)),
    )
    return Network("chain", (Port("input", 8, grid),), nodes, ("second",))


def test_shifters_need_no_budget_of_multipliers() -> None:
    rng = np.random.default_rng(1)
    plain = rng.integers(3, 100, (8, 8)) | 3
    of_two = draw_weights(rng, FixedPoint(8, 2), "powers", 8, 8) | 0
    of_two[of_two == 0] = 1
    network = chain((plain, of_two))
    found = balance_to_multipliers(network, 8)
    assert (found.multipliers, found.shifters, found.interval_cycles) == (8, 8, 8)
    both = balance_to_multipliers(network, 8, shifters=4)
    assert (both.multipliers, both.shifters, both.interval_cycles) == (4, 4, 16)
    assert balance_to_multipliers(chain((plain, plain)), 8).interval_cycles == 16
    assert balance_to_interval(network, 32).shifters == 2
    with pytest.raises(ChronogateError, match="and 1 shifters"):
        balance_to_multipliers(network, 8, shifters=0)


@pytest.mark.parametrize("kind", RECURRENT)
def test_a_recurrent_layer_gives_shifters_a_pool_of_their_own(kind: str) -> None:
    rng = np.random.default_rng(2)
    drawn = recurrent_layer(kind, 3, 4, steps=2, seed=1, multipliers=1)
    of_two = np.where(rng.random(drawn.recurrent_kernel.shape) < 0.5, 1, -2)
    mixed = replace(drawn, kernel=drawn.kernel | 3, recurrent_kernel=of_two)
    cycles = 24 if kind == "simple_rnn" else 40
    folded = mixed.folded_to(cycles)
    assert folded.timing.interval_cycles <= cycles
    assert folded.plan.arrays[1].shifters == folded.plan.arrays[1].multipliers > 0
    assert folded.plan.arrays[0].multipliers == -(-mixed.kernel.size // cycles)
    check_shifts(folded, rng)


@pytest.mark.parametrize("seed", range(3))
def test_unrolled_layers_only_shift_and_add(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = FixedPoint(6, 2)
    kernel = draw_weights(rng, grid, KINDS[seed], 4, 3)
    spec = UnrolledDense(kernel, draw_codes(rng, grid, 3), grid, grid, grid, 1)
    assert spec.timing.multipliers == 0
    network = Network("n", (Port("input", 4, grid),), (Node("d", spec, ("input",)),), ("d",))
    verilog = accelerator_verilog(network)
    assert " * " not in verilog
    # As many adders at most as there are weights and biases.
    assert verilog.count(" + ") + verilog.count(" - ") <= 2 * (np.count_nonzero(kernel) + 3)
