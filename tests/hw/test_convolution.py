"""Streaming convolutions: hardware = reference, and cycles = contract."""

import numpy as np
import pytest

from hw.layer.conv1d import Conv1D
from hw.layer.receptive_field import Padding
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
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("padding", list(Padding))
def test_drawn_convolution(padding: Padding, seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps])
    check_block(draw_conv(rng, padding), rng, gaps)
