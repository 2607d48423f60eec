"""GRU with delta updates (`hw.layer.delta.layer`), reset after the product, and its cell.

The candidate's two sums, of inputs and of states, are kept apart, because r is applied to one of
them. Cycles after the sums of a unit's gates are all there::

    + gate         r and z
    + 1            r * (h' . R_h + d_h)
    + 2            the candidate's sum
    + activation   g
    + 1            (1 - z) * g, z * s
    + 2            h
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Module, Signal

from hw.errors import ChronogateError
from hw.layer.delta.block import DeltaBlock, DeltaCell
from hw.layer.delta.layer import DeltaLayer, Propagated, trace_moves
from hw.layer.delta.plan import DeltaPlan
from hw.layer.recurrent.gru import GRU
from hw.layer.recurrent.gru_cell import CANDIDATE, RESET, UPDATE, candidate_cycles, gate_cycles
from hw.layer.recurrent.history import History
from hw.layer.recurrent.recurrent_cell import padded
from hw.layer.saturating import places
from hw.number.arithmetic import common_format, complement_format
from hw.number.fixed_point import FixedPoint
from hw.number.resize import resize
from hw.pipeline import delay
from hw.stream import Block


@dataclass(frozen=True, eq=False)
class DeltaGRU(DeltaLayer):
    """A GRU in which values that hardly moved cost no multiplications.

    Parameters
    ----------
    layer
        The plain layer, with the reset after the product, on one pool of multipliers.
    input_threshold, state_threshold
        Codes, of the input's and of the state's grid, by which a value may differ from the one
        last propagated without being propagated itself.

    Raises
    ------
    ChronogateError
        When a threshold is negative, or the layer has two pools, several series, or its reset
        before the product.
    """

    layer: GRU
    input_threshold: int = 0
    state_threshold: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.layer.reset_after:
            raise ChronogateError(
                "delta updates of a GRU need the reset behind the product of the state, since "
                "r * s moves whenever r does: train it with reset_after=True"
            )

    @cached_property
    def plan(self) -> DeltaPlan:
        layer = self.layer
        tail = gate_cycles(layer) + candidate_cycles(layer) + 4
        pool = layer.folding.inputs
        return DeltaPlan(layer.kernel.shape[0], layer.units, 3, pool, tail)

    @property
    def grid(self) -> FixedPoint:
        layer = self.layer
        return common_format(layer.sum, layer.input_product.output, layer.biased)

    @property
    def bias(self) -> np.ndarray:
        product = self.layer.input_product
        return product.aligned_bias << (self.grid.fraction - product.output.fraction)

    @property
    def late_bias(self) -> np.ndarray:
        """What the sums of states for the candidate begin with, ``(units,)``, on `grid`."""
        bias = self.layer.recurrent_bias[CANDIDATE * self.layer.units :]
        return bias << (self.grid.fraction - self.layer.bias_format.fraction)

    def reference(
        self, codes: np.ndarray, trace: dict[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """Map int64 codes ``(N, T, n_in)`` to hidden states, as `GRU` does.

        `trace`, if given, receives what it does there, and how many values moved in each step
        (`trace_moves`).
        """
        layer = self.layer
        inputs = Propagated(len(codes), codes.shape[2], self.input_threshold)
        states = Propagated(len(codes), layer.units, self.state_threshold)
        hidden = np.zeros((len(codes), layer.units), dtype=np.int64)
        history = History(("h",) if trace is None else places(layer.quantized))
        for step in range(codes.shape[1]):
            state = layer.state.resize(hidden, layer.hidden)
            hidden = layer.step(
                layer.input_product.reference(inputs.update(codes[:, step])),
                state,
                states.update(state),
                history,
            )
        if trace is not None:
            history.into(trace)
            trace_moves(trace, inputs, states)
        return history["h"] if layer.return_sequences else hidden

    def build(self) -> Block:
        return DeltaGRUBlock(self)


class DeltaGRUBlock(DeltaBlock):
    """`DeltaGRU` in hardware."""

    def __init__(self, spec: DeltaGRU) -> None:
        super().__init__(spec, (CANDIDATE, spec.late_bias))
        self._layer = spec.layer

    def hidden(self, m: Module, cell: DeltaCell) -> Signal:
        layer, name, gate = self._layer, cell.name, gate_cycles(self._layer)
        totals = [cell.sum(number, layer.sum) for number in (UPDATE, RESET)]
        for total in totals:
            self.note(cell, "gates", total, 0)
        z, r = (
            padded(m, layer.recurrent_activation, total, layer.sum, gate, f"{name}_gate{number}")
            for number, total in zip((UPDATE, RESET), totals, strict=True)
        )
        biased = delay(m, cell.late_sum(layer.biased), gate, f"{name}_biased")
        projection = layer.input_product.output
        projected = delay(m, cell.sum(CANDIDATE, projection), gate + 1, f"{name}_projected")
        reset = Signal(layer.reset_sum.shape, name=f"{name}_reset")
        summed = Signal(layer.candidate_sum.shape, name=f"{name}_candidate_sum")
        rest = complement_format(layer.gate)
        one_minus = Signal(rest.shape, name=f"{name}_one_minus_update")
        m.d.sync += [
            reset.eq(r * biased),
            summed.eq(
                (projected << (layer.candidate_sum.fraction - projection.fraction))
                + (reset << (layer.candidate_sum.fraction - layer.reset_sum.fraction))
            ),
            one_minus.eq((1 << rest.fraction) - (z << (rest.fraction - layer.gate.fraction))),
        ]
        self.note(cell, "candidate", summed, gate + 2)
        candidate = layer.activation.hardware(m, summed, layer.candidate_sum, f"{name}_squash")
        # The blend of the old state and the candidate.
        late = candidate_cycles(layer) + 2
        states = cell.memory(layer.state, "state")
        state = states.read(gate + late - 1)
        kept = Signal(layer.kept.shape, name=f"{name}_kept")
        learned = Signal(layer.learned.shape, name=f"{name}_learned")
        hidden = Signal(layer.hidden.shape, name=f"{name}_hidden")
        m.d.sync += [
            kept.eq(delay(m, z, late, f"{name}_update") * state),
            learned.eq(delay(m, one_minus, late - 1, f"{name}_one_minus") * candidate),
            hidden.eq(
                (kept << (layer.hidden.fraction - layer.kept.fraction))
                + (learned << (layer.hidden.fraction - layer.learned.fraction))
            ),
        ]
        new = resize(m, hidden, layer.hidden, layer.state, f"{name}_new_state")
        states.write(new, self.plan.tail)
        return hidden
