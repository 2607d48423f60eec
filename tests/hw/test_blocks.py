"""Every block: hardware = reference, code for code, and its cycles = its contract."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, Value

from hw import Activation, Dense, FixedPoint, Flatten, Function, Quantizer, SimpleRNN
from hw.block import Spec
from hw.function.pointwise import Pointwise
from hw.pipeline import delay
from tests.hw.drawing import (
    draw_codes,
    draw_dense,
    draw_format,
    draw_quantizer,
    draw_recurrent,
)
from tests.hw.harness import run_block
from tests.hw.recurrent_shapes import recurrent_layer

WINDOWS = 4


def draw_block(kind: str, rng: np.random.Generator) -> Spec:
    source = draw_format(rng, signed=bool(rng.random() < 0.7))
    channels, steps = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    if kind == "activation":
        quantizer = draw_quantizer(rng, list(Function))
        return Activation(channels, source, quantizer, steps if rng.random() < 0.5 else None)
    if kind == "flatten":
        return Flatten(steps, channels, source)
    if kind == "dense":
        return draw_dense(rng, source, channels)
    spec = draw_recurrent(rng, source, channels, steps, kind)
    return replace(spec, return_sequences=bool(rng.random() < 0.5))


def check_block(spec: Spec, rng: np.random.Generator, gaps: bool) -> None:
    port = spec.inputs[0]
    steps = port.steps or 1
    shape = (port.channels,) if port.steps is None else (port.steps, port.channels)
    codes = draw_codes(rng, port.format, WINDOWS, *shape)
    spacing = np.full(WINDOWS * steps, spec.timing.interval_cycles)
    spacing += rng.integers(0, 4, len(spacing)) if gaps else 0
    fed = np.cumsum(spacing)
    trace = run_block(spec, codes, fed)
    expected = spec.reference(codes).reshape(-1, spec.outputs[0].channels)
    assert trace.codes.tolist() == expected.tolist()
    per_step = spec.outputs[0].steps is not None
    depended_on = fed if per_step else fed[steps - 1 :: steps]
    assert (trace.cycles - depended_on).tolist() == [spec.timing.latency_cycles] * len(depended_on)


@pytest.mark.parametrize("gaps", [False, True])
def test_input_sums_in_their_finest_order(gaps: bool) -> None:
    spec = recurrent_layer("gru_before", 33, 12, steps=2, seed=1, multipliers=65)
    assert spec.timing.interval_cycles == 28  # 31 by groups of units
    check_block(spec, np.random.default_rng(gaps), gaps)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "kind", ["activation", "flatten", "dense", "lstm", "gru_after", "gru_before", "simple_rnn"]
)
def test_drawn_block(kind: str, seed: int, gaps: bool) -> None:
    rng = np.random.default_rng([seed, gaps])
    check_block(draw_block(kind, rng), rng, gaps)


@pytest.mark.parametrize("reuse", range(1, 24))
def test_dense_keeps_its_interval_for_every_reuse_factor(reuse: int) -> None:
    rng = np.random.default_rng(reuse)
    source, kernel, bias = (draw_format(rng) for _ in range(3))
    spec = Dense(
        draw_codes(rng, kernel, 3, 7), draw_codes(rng, bias, 7), source, kernel, bias, reuse
    )
    assert spec.timing.interval_cycles == reuse
    assert spec.timing.multipliers == -(-3 * 7 // reuse)
    check_block(spec, rng, gaps=False)


@pytest.mark.parametrize("kind", ["lstm", "gru_after", "gru_before", "simple_rnn"])
def test_recurrent_extremes(kind: str) -> None:
    """All weights and inputs at the ends of their range: sums must not overflow."""
    rng = np.random.default_rng(5)
    spec = draw_recurrent(rng, FixedPoint(6, 2), 4, 3, kind)
    for format, array in (
        (spec.kernel_format, spec.kernel),
        (spec.recurrent_format, spec.recurrent_kernel),
    ):
        array[:] = rng.choice([format.minimum, format.maximum], array.shape)
    port = spec.inputs[0]
    codes = rng.choice([port.format.minimum, port.format.maximum], (WINDOWS, 3, 4))
    fed = np.arange(WINDOWS * 3) * spec.timing.interval_cycles
    assert run_block(spec, codes, fed).codes.tolist() == spec.reference(codes).tolist()


@dataclass(frozen=True)
class Slow(Quantizer):
    """A quantizer that takes some cycles longer, as activations in tables and searches do."""

    extra: int

    def delay_cycles(self, source: FixedPoint) -> int:
        return super().delay_cycles(source) + self.extra

    def hardware(self, m: Module, value: Value, source: FixedPoint, name: str) -> Signal:
        result = super().hardware(m, value, source, name)
        late = Signal.like(result, name=f"{name}_late")
        m.d.comb += late.eq(delay(m, result, self.extra, name))
        return late


def slowed(function: Pointwise, extra: int) -> Slow:
    assert isinstance(function, Quantizer)
    return Slow(function.function, function.output, extra)


@pytest.mark.parametrize(("activation", "gate"), [(0, 3), (2, 0), (4, 5)])
@pytest.mark.parametrize("kind", ["lstm", "gru_after", "gru_before", "simple_rnn"])
def test_activations_of_several_cycles(kind: str, activation: int, gate: int) -> None:
    for seed in range(3):
        rng = np.random.default_rng([seed, activation, gate])
        spec = draw_recurrent(rng, FixedPoint(6, 2), 3, 3, kind)
        spec = replace(spec, activation=slowed(spec.activation, activation))
        if not isinstance(spec, SimpleRNN):
            spec = replace(spec, recurrent_activation=slowed(spec.recurrent_activation, gate))
        check_block(spec, rng, gaps=seed == 0)
