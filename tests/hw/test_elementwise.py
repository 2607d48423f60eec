"""Blocks without weights of a matrix: hardware = reference = NumPy, cycles = contract."""

from fractions import Fraction

import numpy as np
import pytest

from hw import ChronogateError, FixedPoint
from hw.block import Spec
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.elementwise.add import Add
from hw.layer.elementwise.batch_normalization import BatchNormalization
from hw.layer.elementwise.concatenate import Concatenate
from hw.layer.elementwise.multiply import Multiply
from hw.layer.elementwise.select import Select
from hw.layer.shape.crop import Crop
from hw.layer.shape.replay import Replay
from hw.layer.shape.unflatten import Unflatten
from hw.network.stage import emission
from hw.stream import Port
from tests.hw.drawing import draw_codes
from tests.hw.harness import run_block

WINDOWS = 4
BYTE = FixedPoint(8, 3)


def draw_format(rng: np.random.Generator) -> FixedPoint:
    width = int(rng.integers(1, 9))
    return FixedPoint(width, int(rng.integers(-2, 10)), bool(rng.random() < 0.6))


def draw_input(rng: np.random.Generator, port: Port) -> np.ndarray:
    shape = (port.channels,) if port.steps is None else (port.steps, port.channels)
    codes = draw_codes(rng, port.format, WINDOWS, *shape)
    codes[0], codes[1] = port.format.minimum, port.format.maximum
    return codes


def draw_block(kind: str, rng: np.random.Generator) -> Spec:
    channels, steps = int(rng.integers(1, 5)), int(rng.integers(1, 6))
    per_step = steps if rng.random() < 0.7 else None
    formats = tuple(draw_format(rng) for _ in range(int(rng.integers(2, 4))))
    static = (int(rng.integers(len(formats))),) if per_step and rng.random() < 0.5 else ()
    pace = int(rng.integers(1, 4))
    match kind:
        case "add":
            factors = tuple(int(f) for f in rng.choice([-3, -1, 1, 5], len(formats)))
            return Add(channels, formats, factors, per_step, static)
        case "multiply":
            return Multiply(channels, formats, per_step, static)
        case "concatenate":
            widths = tuple(int(w) for w in rng.integers(1, 4, len(formats)))
            return Concatenate(widths, formats[0], per_step, static)
        case "normalization":
            scale, offset, source = BYTE, formats[0], formats[1]
            return BatchNormalization(
                draw_codes(rng, scale, channels),
                draw_codes(rng, offset, channels),
                source,
                scale,
                offset,
                reuse=int(rng.integers(1, channels + 3)),
                steps=per_step,
            )
        case "select":
            order = tuple(int(c) for c in rng.integers(0, channels, rng.integers(1, 6)))
            return Select(channels, order, formats[0], per_step)
        case "sum":
            return WindowSum(steps, channels, formats[0])
        case "crop":
            begin = int(rng.integers(steps))
            end = int(rng.integers(begin + 1, steps + 1))
            return Crop(steps, channels, formats[0], begin, end)
        case "unflatten":
            return Unflatten(steps, channels, formats[0], pace)
    return Replay(steps, channels, formats[0], pace, backwards=kind == "backwards")


def define(spec: Spec, codes: list[np.ndarray]) -> np.ndarray:
    """Compute with exact rationals, and return the values."""
    values = [
        array.astype(object) * Fraction(2) ** -port.format.fraction
        for array, port in zip(codes, spec.inputs, strict=True)
    ]
    axes = max(value.ndim for value in values)
    values = [v if v.ndim == axes else v[:, np.newaxis] for v in values]
    match spec:
        case Add():
            return sum(v * factor for v, factor in zip(values, spec.factors, strict=True))
        case Multiply():
            return np.multiply.reduce(np.array(np.broadcast_arrays(*values)), axis=0)
        case Concatenate():
            ones = np.ones((*np.broadcast_shapes(*(v.shape[:-1] for v in values)), 1), dtype=object)
            return np.concatenate([v * ones for v in values], axis=-1)
        case BatchNormalization():
            scale = spec.scale.astype(object) * Fraction(2) ** -spec.scale_format.fraction
            offset = spec.offset.astype(object) * Fraction(2) ** -spec.offset_format.fraction
            return values[0] * scale + offset
        case Select():
            return np.take(values[0], spec.order, axis=-1)
        case WindowSum():
            return sum(values[0][:, k] for k in range(spec.steps))
        case Crop():
            return values[0][:, spec.begin : spec.end]
        case Unflatten():
            return values[0].reshape(-1, spec.steps, spec.channels)
        case Replay():
            return np.flip(values[0], axis=1) if spec.backwards else values[0]
    raise AssertionError(spec)


def feeding(spec: Spec, rng: np.random.Generator, gaps: bool) -> np.ndarray:
    """Return the cycles of the input beats: windows as close as the bursts allow."""
    beats = max(port.beats for port in spec.inputs)
    rule = emission(spec.timing, max(spec.inputs, key=lambda p: p.beats), spec.outputs[0])
    burst = max(rule.delay) + 1
    spacing = np.full((WINDOWS, beats), spec.timing.interval_cycles)
    if gaps:
        spacing += rng.integers(0, 4, spacing.shape)
    # The next window may come while this one leaves, but must not be complete before.
    spacing[:, -1] += np.maximum(burst - spacing.sum(axis=1), 0)
    return np.cumsum(spacing)


KINDS = [
    "add",
    "multiply",
    "concatenate",
    "normalization",
    "select",
    "sum",
    "crop",
    "unflatten",
    "replay",
    "backwards",
]


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", KINDS)
def test_drawn_block(kind: str, seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps, KINDS.index(kind)])
    spec = draw_block(kind, rng)
    codes = [draw_input(rng, port) for port in spec.inputs]
    result = spec.outputs[0]
    expected = spec.reference(*codes)
    step = Fraction(2) ** -result.format.fraction
    assert (expected.astype(object) * step).tolist() == define(spec, codes).tolist()
    assert expected.min() >= result.format.minimum
    assert expected.max() <= result.format.maximum
    fed = feeding(spec, rng, gaps)
    trace = run_block(spec, codes, fed)
    assert trace.codes.tolist() == expected.reshape(-1, result.channels).tolist()
    source = max(spec.inputs, key=lambda port: port.beats)
    rule = emission(spec.timing, source, result)
    due = fed.reshape(WINDOWS, -1)[:, list(rule.trigger)] + np.array(rule.delay)
    assert trace.cycles.tolist() == (due + spec.timing.latency_cycles).ravel().tolist()


@pytest.mark.parametrize("reuse", range(1, 9))
def test_normalization_keeps_its_interval_for_every_reuse_factor(reuse: int) -> None:
    rng = np.random.default_rng(reuse)
    spec = BatchNormalization(
        draw_codes(rng, BYTE, 6), draw_codes(rng, BYTE, 6), BYTE, BYTE, BYTE, reuse
    )
    assert spec.timing.interval_cycles == reuse
    assert spec.timing.multipliers == -(-6 // reuse)
    codes = draw_codes(rng, BYTE, 5, 6)
    trace = run_block(spec, codes, np.arange(5) * reuse)
    assert trace.codes.tolist() == spec.reference(codes).tolist()


@pytest.mark.parametrize(
    ("make", "fix"),
    [
        (lambda: Add(2, (BYTE,), (1,)), "two or more"),
        (lambda: Add(2, (BYTE, BYTE), (1, 0)), "not zero"),
        (lambda: Multiply(2, (BYTE, BYTE), 3, (0, 1)), "at least per step"),
        (lambda: Multiply(2, (FixedPoint(40, 8),) * 2).outputs, "narrower"),
        (lambda: Concatenate((2,), BYTE), "two or more"),
        (lambda: Select(2, (0, 2), BYTE), "from 0 to 1"),
        (lambda: Crop(4, 1, BYTE, 2, 5), "end <= steps"),
        (lambda: Replay(4, 1, BYTE, pace=0), "from 1 on"),
        (lambda: Unflatten(4, 1, BYTE, pace=0), "from 1 on"),
    ],
)
def test_refusals(make, fix: str) -> None:
    with pytest.raises(ChronogateError, match=fix):
        make()
