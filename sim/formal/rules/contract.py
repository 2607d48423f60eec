"""Cycle contracts: beats leave in the very cycles that `timing` says, and in no others.

Beats come in any rhythm that the network's pace allows, windows as they should be, data anything;
a free clock enable freezes the block at any moment. Cycles are those in which it is not frozen.
"""

from collections.abc import Callable

import numpy as np
from amaranth.hdl import Cat, EnableInserter, Module, Mux, Signal, Value

from hw.block import Spec
from hw.function.quantizer import Function, Quantizer
from hw.layer.convolution.conv1d import Conv1D
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.dense.dense import Dense
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.simple_rnn import SimpleRNN
from hw.layer.shape.replay import Replay
from hw.network.graph import Network, Node
from hw.number.fixed_point import FixedPoint, Overflow, Rounding
from hw.timing import Emission
from sim.formal.bug import Bug
from sim.formal.property import Property
from sim.formal.setting import Setting, implies

NARROW = FixedPoint(3, 1)
STATE = FixedPoint(3, 1, True, Rounding.RND_CONV, Overflow.SAT)
SQUASH = Quantizer(Function.HARD_TANH, STATE)
GATE = Quantizer(Function.HARD_SIGMOID, FixedPoint(3, 0, False, Rounding.RND_CONV, Overflow.SAT))


def keeps(make: Callable[[], Spec]) -> Callable[[Setting], None]:
    """Return the statement about one block with one input and one output."""

    def build(s: Setting) -> None:
        spec = make()
        source, result = spec.inputs[0], spec.outputs[0]
        m, enable = Module(), s.free(1, "enable")
        m.submodules.block = block = spec.build()
        valid, index = _paced(s, m, spec)
        m.d.comb += [
            block.i.valid.eq(valid),
            block.i.payload.data.as_value().eq(
                s.free(source.channels * source.format.width, "data")
            ),
            block.i.payload.tag.first.eq(index == 0),
            block.i.payload.tag.last.eq(index == source.beats - 1),
        ]
        due = _due(m, spec, valid, index)
        tag, there = block.o.payload.tag, block.o.valid
        s.prove(implies(enable, there == Cat(due).any()))
        s.prove(implies(enable & there, tag.first == due[0]))
        s.prove(implies(enable & there, tag.last == due[result.beats - 1]))
        s.m.submodules.frozen = EnableInserter(enable)(m)

    return build


def _paced(s: Setting, m: Module, spec: Spec) -> tuple[Signal, Signal]:
    """Return when beats come, at will but no faster than the pace, and their place in a window."""
    source = spec.inputs[0]
    pace = Network("one", (source,), (Node("y", spec, (source.name,)),), ("y",)).schedule.pace
    step_wait = Signal(range(pace.step + 1), name="step_wait")
    window_wait = Signal(range(pace.window + 1), name="window_wait")
    index = Signal(range(max(source.beats, 2)), name="index")
    valid, last = Signal(name="comes"), Signal(name="comes_last")
    m.d.comb += [
        last.eq(index == source.beats - 1),
        valid.eq(s.free(1, "offer") & (step_wait == 0) & (~last | (window_wait == 0))),
    ]
    m.d.sync += [
        step_wait.eq(Mux(valid, pace.step - 1, step_wait - (step_wait != 0))),
        window_wait.eq(Mux(valid & last, pace.window - 1, window_wait - (window_wait != 0))),
    ]
    with m.If(valid):
        m.d.sync += index.eq(Mux(last, 0, index + 1))
    return valid, index


def _due(m: Module, spec: Spec, valid: Signal, index: Signal) -> list[Value]:
    """Return for each output beat of a window whether it is due now."""
    emission, timing = emission_of(spec), spec.timing
    ages = [timing.latency_cycles + delay for delay in emission.delay]
    lines: dict[int, list[Value]] = {}
    for trigger in set(emission.trigger):
        line: list[Value] = [valid & (index == trigger)]
        for age in range(max(ages)):
            register = Signal(name=f"beat{trigger}_{age}")
            m.d.sync += register.eq(line[-1])
            line.append(register)
        lines[trigger] = line
    return [lines[trigger][age] for trigger, age in zip(emission.trigger, ages, strict=True)]


def emission_of(spec: Spec) -> Emission:
    """Return when the beats of a window leave, spelled out where the block follows its input."""
    if spec.timing.emission is not None:
        return spec.timing.emission
    beats, results = spec.inputs[0].beats, spec.outputs[0].beats
    triggers = range(beats) if results == beats else (beats - 1,)
    return Emission(tuple(triggers), (0,) * results)


def _codes(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).integers(NARROW.minimum, NARROW.maximum + 1, shape)


def dense(skip_zeros: bool = False, steps: int | None = None) -> Dense:
    """Return a dense layer of 3 inputs and 2 outputs on two multipliers."""
    kernel = _codes(3, 2)
    if skip_zeros:
        kernel[1, 0] = 0
    formats = (NARROW, NARROW, NARROW)
    return Dense(kernel, _codes(2), *formats, reuse=3, steps=steps, skip_zeros=skip_zeros)


def lstm(return_sequences: bool = False) -> LSTM:
    """Return an LSTM of one input and one unit that does a product a cycle."""
    return LSTM(
        *(_codes(1, 4), _codes(1, 4), _codes(4)),
        *(NARROW, NARROW, NARROW, NARROW, STATE, SQUASH, GATE),
        steps=2,
        input_reuse=4,
        recurrent_reuse=4,
        return_sequences=return_sequences,
    )


def pooled_lstm() -> LSTM:
    """Return the same with one multiplier for both products."""
    return LSTM(
        *(_codes(1, 4), _codes(1, 4), _codes(4)),
        *(NARROW, NARROW, NARROW, NARROW, STATE, SQUASH, GATE),
        steps=2,
        multipliers=1,
    )


def gru(reset_after: bool) -> GRU:
    """Return a GRU of one input and one unit."""
    bias = _codes(3) if reset_after else np.zeros(3, dtype=np.int64)
    return GRU(
        *(_codes(1, 3), _codes(1, 3), _codes(3), bias),
        *(NARROW, NARROW, NARROW, NARROW, STATE, SQUASH, GATE, reset_after),
        steps=2,
        input_reuse=3,
        recurrent_reuse=3,
    )


def simple_rnn() -> SimpleRNN:
    """Return a simple recurrent layer of one input and two units."""
    return SimpleRNN(
        *(_codes(1, 2), _codes(2, 2), _codes(2)),
        *(NARROW, NARROW, NARROW, NARROW, STATE, SQUASH),
        steps=2,
        input_reuse=2,
        recurrent_reuse=4,
    )


def convolution() -> Conv1D:
    """Return a convolution over two of three steps."""
    return Conv1D(_codes(2, 1, 1), _codes(1), NARROW, NARROW, NARROW, steps=3, reuse=2)


CASES: tuple[tuple[str, Callable[[], Spec], Bug], ...] = (
    (
        "Dense",
        dense,
        Bug(
            "hw.layer.dense.dense_block",
            "done = final.valid & (final.unit",
            "done = final.valid | (final.unit",
        ),
    ),
    (
        "Dense, zeros skipped",
        lambda: dense(skip_zeros=True),
        Bug(
            "hw.layer.dense.sparse_dense_block",
            "1 + plan.lead + plan.op",
            "2 + plan.lead + plan.op",
        ),
    ),
    (
        "Dense, per step",
        lambda: dense(steps=2),
        Bug("hw.layer.dense.dense_block", 'plan.sum_delay, "tag', 'plan.sum_delay + 3, "tag'),
    ),
    (
        "LSTM",
        lstm,
        Bug("hw.layer.recurrent.lstm_cell", "last.valid, late, ", "last.valid, late + 1, "),
    ),
    (
        "LSTM, sequences",
        lambda: lstm(True),
        Bug("hw.layer.recurrent.lstm_cell", "last.valid, late, ", "last.valid, late + 1, "),
    ),
    (
        "LSTM, one pool",
        pooled_lstm,
        Bug("hw.layer.recurrent.lstm_cell", "last.valid, late, ", "last.valid, late + 1, "),
    ),
    (
        "GRU, reset after",
        lambda: gru(True),
        Bug("hw.layer.recurrent.gru_cell", "last.valid, after + 2", "last.valid, after + 3"),
    ),
    (
        "GRU, reset before",
        lambda: gru(False),
        Bug("hw.layer.recurrent.gru_cell", "last.valid, after + 2", "last.valid, after + 1"),
    ),
    (
        "SimpleRNN",
        simple_rnn,
        Bug("hw.layer.recurrent.simple_rnn", "total.valid, late, ", "total.valid, late - 1, "),
    ),
    (
        "Conv1D",
        convolution,
        Bug("hw.layer.convolution.receptive_field_block", "state.valid & fires", "state.valid"),
    ),
    (
        "Replay",
        lambda: Replay(2, 1, NARROW),
        Bug("hw.layer.shape.replay", "reading.eq(~final)", "reading.eq(1)"),
    ),
    (
        "Replay, paced",
        lambda: Replay(2, 1, NARROW, pace=2),
        Bug("hw.network.schedule", "pace_apart(term, 1, steps, ", "pace_apart(term, 0, steps, "),
    ),
    (
        "WindowSum",
        lambda: WindowSum(2, 1, NARROW),
        Bug("hw.layer.convolution.window_sum", "state.valid & tag.last", "state.valid"),
    ),
)

PROPERTIES = tuple(
    Property(
        "beats leave when timing says, stalled or not",
        block,
        keeps(make),
        bug,
        quick=block in ("Dense", "LSTM", "GRU, reset before", "Conv1D"),
    )
    for block, make, bug in CASES
)
