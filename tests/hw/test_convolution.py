"""Streaming convolutions: hardware = reference, and cycles = contract."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.depthwise_conv1d import DepthwiseConv1D
from hw.layer.convolution.receptive_field import Padding
from hw.network.balance import balance_to_interval
from tests.hw.chains import Chain, separable, tcn
from tests.hw.drawing import draw_codes, draw_format
from tests.hw.streaming import check_block


def draw_conv(rng: np.random.Generator, padding: Padding) -> Conv1D:
    source, kernel, bias = draw_format(rng, bool(rng.random() < 0.7)), *(draw_format(rng),) * 2
    taps, n_in, filters = (int(rng.integers(1, 5)) for _ in range(3))
    dilation = int(rng.integers(1, 5))
    least = (taps - 1) * dilation + 1 if padding is Padding.VALID else 1
    return Conv1D(
        draw_codes(rng, kernel, taps, n_in, filters),
        draw_codes(rng, bias, filters),
        source,
        kernel,
        bias,
        steps=least + int(rng.integers(0, 9)),
        reuse=int(rng.integers(1, taps * n_in * filters + 3)),
        padding=padding,
        stride=int(rng.integers(1, 4)),
        dilation=dilation,
        pace=int(rng.integers(1, 30)),
    )


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("padding", list(Padding))
def test_drawn_convolution(padding: Padding, seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps])
    check_block(draw_conv(rng, padding), rng, gaps)


@pytest.mark.parametrize("seed", range(8))
def test_a_dilated_history_in_a_memory(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw.layer.convolution.receptive_field_block.MEMORY_BITS", 1)
    rng = np.random.default_rng(seed)
    spec = draw_conv(rng, Padding.CAUSAL if seed % 2 else Padding.VALID)
    dilation = int(rng.integers(2, 6))
    steps = max(spec.kernel.shape[0], 2) * dilation + int(rng.integers(0, 9))
    check_block(replace(spec, dilation=dilation, steps=steps, reuse=2), rng, gaps=seed > 3)


def draw_depthwise(rng: np.random.Generator, padding: Padding) -> DepthwiseConv1D:
    source, kernel, bias = draw_format(rng, bool(rng.random() < 0.7)), *(draw_format(rng),) * 2
    taps, channels, multiplier = (int(rng.integers(1, most)) for most in (6, 6, 3))
    dilation = int(rng.integers(1, 4))
    least = (taps - 1) * dilation + 1 if padding is Padding.VALID else 1
    return DepthwiseConv1D(
        draw_codes(rng, kernel, taps, channels, multiplier),
        draw_codes(rng, bias, channels * multiplier),
        source,
        kernel,
        bias,
        steps=least + int(rng.integers(0, 9)),
        reuse=int(rng.integers(1, taps * channels * multiplier + 3)),
        padding=padding,
        stride=int(rng.integers(1, 4)),
        dilation=dilation,
        pace=int(rng.integers(1, 30)),
    )


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("padding", list(Padding))
def test_drawn_depthwise_convolution(padding: Padding, seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps])
    spec = draw_depthwise(rng, padding)
    assert spec.timing.multipliers == -(-spec.kernel.size // spec.reuse)
    check_block(spec, rng, gaps)


@pytest.mark.parametrize("reuse", range(1, 23))
def test_depthwise_convolution_takes_every_reuse_factor(reuse: int) -> None:
    rng = np.random.default_rng(reuse)
    source, kernel, bias = (draw_format(rng) for _ in range(3))
    spec = DepthwiseConv1D(
        draw_codes(rng, kernel, 3, 7, 1),
        draw_codes(rng, bias, 7),
        source,
        kernel,
        bias,
        steps=4,
        reuse=reuse,
        padding=Padding.CAUSAL,
    )
    assert spec.timing.multipliers == -(-3 * 7 // reuse)
    assert spec.timing.interval_cycles == reuse
    check_block(spec, rng, gaps=False)


@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_depthwise_convolution_without_its_zeros(seed: int, few: bool) -> None:
    rng = np.random.default_rng([seed, few])
    drawn = draw_depthwise(rng, list(Padding)[seed % 3])
    kernel = drawn.kernel * (rng.random(drawn.kernel.shape) < rng.choice([0.2, 0.6]))
    spec = replace(drawn, kernel=kernel, skip_zeros=True, few_operands=few)
    nonzero = np.count_nonzero(kernel)
    assert spec.timing.products == nonzero * spec.field.outputs / spec.steps
    assert spec.timing.multipliers >= -(-nonzero // spec.reuse)
    if not few:
        assert spec.timing.multipliers == -(-nonzero // spec.reuse)
    assert spec.output == replace(spec, skip_zeros=False).output
    check_block(spec, rng, gaps=seed > 2)
    if spec.padding is not Padding.SAME and not few:
        assert spec.folded_to(5).timing.interval_cycles <= 5


@pytest.mark.parametrize("seed", range(12))
def test_folding_meets_an_interval_with_the_fewest_multipliers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    draw = draw_conv if seed % 2 else draw_depthwise
    spec = draw(rng, list(Padding)[seed % 3])
    cycles = int(rng.integers(1, 12))
    folded = spec.folded_to(cycles)
    assert folded.timing.interval_cycles <= cycles
    fewer = [
        replace(folded, reuse=reuse).timing
        for reuse in range(1, spec.kernel.size + 1)
        if -(-spec.kernel.size // reuse) < folded.timing.multipliers
    ]
    assert all(timing.interval_cycles > cycles for timing in fewer)


@pytest.mark.parametrize("make", [tcn, separable])
def test_a_network_of_convolutions_is_balanced(make: Callable[[], Chain]) -> None:
    network = make().network("balanced")
    balanced = balance_to_interval(network, 20 * network.look_back)
    assert balanced.network.timing.interval_cycles <= 20 * network.look_back
    assert balanced.multipliers < sum(layer.multipliers for layer in network.timing.layers)
