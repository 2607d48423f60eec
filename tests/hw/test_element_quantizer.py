"""Element quantizers: hardware = reference = each value by the float arithmetic of its format."""

import numpy as np
import pytest

from hw import ChronogateError, FixedPoint, Overflow, Rounding
from hw.layer.elementwise.element_quantizer import ZERO, ElementQuantizer
from tests.hw.drawing import draw_codes
from tests.hw.harness import run_block

WINDOWS = 8


def draw_spec(seed: int) -> ElementQuantizer:
    rng = np.random.default_rng(seed)
    overflows = [Overflow.WRAP, Overflow.SAT, Overflow.SAT_SYM]
    formats = tuple(
        FixedPoint(
            int(rng.integers(1, 9)), int(rng.integers(-2, 6)), bool(rng.integers(2)),
            list(Rounding)[rng.integers(len(Rounding))], overflows[rng.integers(3)],
        )
        for _ in range(rng.integers(1, 6))
    )  # fmt: skip
    steps = [None, 1, 2, 5][seed % 4]
    rows = 1 if seed % 3 == 0 else steps or 1
    choice = rng.integers(ZERO, len(formats), (rows, int(rng.integers(1, 5))))
    source = FixedPoint(int(rng.integers(2, 14)), int(rng.integers(-1, 7)), bool(rng.integers(2)))
    return ElementQuantizer(source, formats, tuple(map(tuple, choice.tolist())), steps)


@pytest.mark.parametrize("seed", range(12))
def test_element_quantizer(seed: int) -> None:
    spec = draw_spec(seed)
    (port,), rng = spec.inputs, np.random.default_rng(seed)
    codes = draw_codes(rng, spec.input, WINDOWS, port.beats, port.channels)
    found = spec.reference(codes if port.steps else codes[:, 0])
    values = spec.output.to_float(found).reshape(codes.shape)
    for step in range(port.beats):
        for channel in range(port.channels):
            number = spec.choice[step % len(spec.choice)][channel]
            given = spec.input.to_float(codes[:, step, channel])
            format = spec.formats[number]
            wanted = format.to_float(format.quantize(given)) if number != ZERO else 0 * given
            np.testing.assert_array_equal(values[:, step, channel], wanted)
    # Gaps between beats, garbage in them, and none.
    cycles = np.cumsum(rng.integers(1, 4, WINDOWS * port.beats)) + 2
    trace = run_block(spec, codes, cycles)
    np.testing.assert_array_equal(trace.codes, found.reshape(-1, port.channels))
    np.testing.assert_array_equal(trace.cycles, cycles + spec.timing.latency_cycles)


def test_a_window_that_breaks_off_does_not_shift_the_next() -> None:
    spec = ElementQuantizer(
        FixedPoint(6, 6), (FixedPoint(4, 4), FixedPoint(6, 6)), ((0,), (1,), (1,)), 3
    )
    from tests.hw.harness import run_beats

    beats = [([9], True, False), ([9], False, False), ([9], True, False), ([9], False, False)]
    trace = run_beats(spec, [beats], np.arange(4))
    assert trace.codes.ravel().tolist() == [-7, 9, -7, 9]


@pytest.mark.parametrize(("choice", "options", "message"), [
    (((1,),), {}, "1 formats chooses number 1"),
    (((0,), (0,)), {"steps": 3}, "formats for 2 steps and windows of 3"),
    (((0,), (0,)), {"steps": 2, "series": 2}, "cannot be shared by 2 series"),
])  # fmt: skip
def test_what_is_refused(
    choice: tuple[tuple[int, ...], ...], options: dict[str, int], message: str
) -> None:
    with pytest.raises(ChronogateError, match=message):
        ElementQuantizer(FixedPoint(6, 6), (FixedPoint(4, 4),), choice, **options)
