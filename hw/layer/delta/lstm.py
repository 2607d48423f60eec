"""LSTM with delta updates (`hw.layer.delta.layer`), and its cell in hardware.

Cycles after the sums of a unit's gates are all there::

    + gate         i, f, o and the candidate
    + 1            f * c, i * candidate
    + 2            c, which goes to the state memory
    + activation   tanh(c)
    + 1            h
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Module, Signal, Value

from hw.layer.delta.block import DeltaBlock, DeltaCell
from hw.layer.delta.layer import DeltaLayer, Propagated, trace_moves
from hw.layer.delta.plan import DeltaPlan
from hw.layer.recurrent.history import History
from hw.layer.recurrent.lstm import LSTM
from hw.layer.recurrent.lstm_cell import CANDIDATE, FORGET, INPUT, OUTPUT, gate_cycles
from hw.layer.recurrent.recurrent_cell import padded
from hw.layer.saturating import places
from hw.number.arithmetic import product_format
from hw.number.fixed_point import FixedPoint
from hw.number.resize import resize
from hw.pipeline import delay
from hw.stream import Block


@dataclass(frozen=True, eq=False)
class DeltaLSTM(DeltaLayer):
    """An LSTM in which values that hardly moved cost no multiplications.

    Parameters
    ----------
    layer
        The plain layer, on one pool of multipliers.
    input_threshold, state_threshold
        Codes, of the input's and of the state's grid, by which a value may differ from the one
        last propagated without being propagated itself.

    Raises
    ------
    ChronogateError
        When a threshold is negative, or the layer has two pools or several series.
    """

    layer: LSTM
    input_threshold: int = 0
    state_threshold: int = 0

    @cached_property
    def plan(self) -> DeltaPlan:
        layer = self.layer
        tail = gate_cycles(layer) + layer.activation.delay_cycles(layer.carry) + 3
        pool = layer.folding.inputs
        return DeltaPlan(layer.kernel.shape[0], layer.units, 4, pool, tail)

    @property
    def grid(self) -> FixedPoint:
        return self.layer.sum

    @property
    def bias(self) -> np.ndarray:
        product = self.layer.input_product
        return product.aligned_bias << (self.grid.fraction - product.output.fraction)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, n_in)`` to hidden states, as `LSTM` does.

        `trace`, if given, receives what it does there, and how many values moved in each step
        (`trace_moves`).
        """
        layer = self.layer
        inputs = Propagated(len(codes), codes.shape[2], self.input_threshold)
        states = Propagated(len(codes), layer.units, self.state_threshold)
        hidden = np.zeros((len(codes), layer.units), dtype=np.int64)
        carry = np.zeros_like(hidden)
        history = History(("h",) if trace is None else places(layer.quantized))
        for step in range(codes.shape[1]):
            hidden, carry = layer.step(
                layer.input_product.reference(inputs.update(codes[:, step])),
                states.update(layer.state.resize(hidden, layer.hidden)),
                layer.state.resize(carry, layer.carry),
                history,
            )
        if trace is not None:
            history.into(trace)
            trace_moves(trace, inputs, states)
        return history["h"] if layer.return_sequences else hidden

    def build(self) -> Block:
        return DeltaLSTMBlock(self)


class DeltaLSTMBlock(DeltaBlock):
    """`DeltaLSTM` in hardware."""

    def __init__(self, spec: DeltaLSTM) -> None:
        super().__init__(spec)
        self._layer = spec.layer

    def hidden(self, m: Module, cell: DeltaCell) -> Signal:
        layer, name, ready = self._layer, cell.name, gate_cycles(self._layer)
        gates: list[Value] = []
        for gate in (INPUT, FORGET, CANDIDATE, OUTPUT):
            function = layer.activation if gate == CANDIDATE else layer.recurrent_activation
            total = cell.sum(gate, layer.sum)
            self.note(cell, "candidate" if gate == CANDIDATE else "gates", total, 0)
            gates.append(padded(m, function, total, layer.sum, ready, f"{name}_gate{gate}"))
        carries = cell.memory(layer.state, "carry")
        kept = carries.read(ready - 1)
        forgotten = product_format(layer.gate, layer.state)
        learned = product_format(layer.gate, layer.candidate)
        old = Signal(forgotten.shape, name=f"{name}_old")
        new = Signal(learned.shape, name=f"{name}_new")
        carry = Signal(layer.carry.shape, name=f"{name}_carry")
        hidden = Signal(layer.hidden.shape, name=f"{name}_hidden")
        squashed = layer.activation.hardware(m, carry, layer.carry, f"{name}_squash")
        late = self.plan.tail - 1 - ready
        opened = delay(m, gates[OUTPUT], late, f"{name}_output_gate")
        m.d.sync += [
            old.eq(gates[FORGET] * kept),
            new.eq(gates[INPUT] * gates[CANDIDATE]),
            carry.eq(
                (old << (layer.carry.fraction - forgotten.fraction))
                + (new << (layer.carry.fraction - learned.fraction))
            ),
            hidden.eq(opened * squashed),
        ]
        self.note(cell, "c", carry, ready + 2)
        self.note(cell, "squashed", carry, ready + 2)
        state = resize(m, carry, layer.carry, layer.state, f"{name}_carry_state")
        carries.write(state, ready + 2)
        return hidden
