"""The hardware of `hw.layer.gru.GRU`: a cell pipeline for each column of the recurrent products."""

from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Array, Const, Module, Signal, Value
from amaranth.lib import data

from hw.layer.recurrent import NewState, RecurrentBlock, Step, unit_queue
from hw.number.arithmetic import complement_format
from hw.pipeline import delay
from hw.product.engine import ProductEngine, Result

if TYPE_CHECKING:
    from hw.layer.gru import GRU

AFTER_STAGES = 7
"""Reset-after: sums, gates, reset product, candidate sum, candidate, two products, h."""

RESET_STAGES = 2
"""Reset-before, first part: sums, gates; r * s is stored while the second product starts."""

BEFORE_STAGES = 4
"""Reset-before, second part: candidate sum, candidate, two products, h."""


class GRUBlock(RecurrentBlock):
    """`GRU` in hardware."""

    def __init__(self, spec: "GRU") -> None:
        super().__init__(spec)
        self._spec = spec

    def cell(self, m: Module, step: Step) -> list[NewState]:
        spec = self._spec
        m.submodules.gate_product = engine = ProductEngine(spec.gate_product)
        m.d.comb += [engine.start.eq(step.go), engine.vector.eq(step.hidden)]
        columns = spec.gate_product.columns
        order = np.argsort([column.busy_cycles for column in columns], kind="stable")
        pairs = [(columns[i].units, engine.results[i]) for i in order]
        if spec.reset_after:
            return [self._after(m, step, result, units) for units, result in pairs]
        return self._before(m, step, pairs)

    def _after(self, m: Module, step: Step, result: Result, units: tuple[int, ...]) -> NewState:
        spec = self._spec
        name = f"unit{units[0]}"
        heads = unit_queue(m, step, units, (0, 1, 2), result.valid)
        late = spec.recurrent_bias[2 * spec.units :]
        bias = Array(Const(int(late[unit]), spec.bias_format.shape) for unit in units)
        biased = Signal(spec.biased.shape, name=f"{name}_biased")
        m.d.sync += biased.eq(
            (result.sums[2] << (spec.biased.fraction - spec.gate_product.sum_format.fraction))
            + (bias[result.unit] << (spec.biased.fraction - spec.bias_format.fraction))
        )
        z, r = (self._gate(m, heads[g], result.sums[g], f"{name}_gate{g}") for g in (0, 1))
        reset = Signal(spec.reset_sum.shape, name=f"{name}_reset")
        m.d.sync += reset.eq(r * delay(m, biased, 1, f"{name}_biased"))
        projected = delay(m, heads[2], 3, f"{name}_candidate_projection")
        index = delay(m, result.unit, 5, f"{name}_state_index")
        hidden = self._blend(
            m,
            projected,
            reset,
            delay(m, z, 3, f"{name}_update"),
            Array(step.hidden[unit] for unit in units)[index],
            name,
        )
        return NewState(
            delay(m, result.valid, AFTER_STAGES, f"{name}_valid"),
            delay(m, result.unit, AFTER_STAGES, f"{name}_index"),
            hidden,
            units,
        )

    def _before(
        self, m: Module, step: Step, pairs: list[tuple[tuple[int, ...], Result]]
    ) -> list[NewState]:
        spec = self._spec
        m.submodules.candidate_product = engine = ProductEngine(spec.candidate_product)
        layout = data.ArrayLayout(spec.reset_state.shape, spec.units)
        reset_state = data.View(layout, Signal(layout.size, name="reset_state"))
        updates: dict[int, Signal] = {}
        for units, result in pairs:
            self._reset(m, step, result, units, reset_state, updates)
        # The last sums' r * s is stored in the cycle of the start pulse and used in the next.
        units, result = pairs[-1]
        done = Signal(name="gates_done")
        m.d.comb += done.eq(result.valid & (result.unit == len(units) - 1))
        finished = delay(m, done, RESET_STAGES, "reset_done")
        m.d.comb += [engine.start.eq(finished), engine.vector.eq(reset_state)]
        # Both products have the same shape and reuse factor, hence the same columns.
        results = {
            column.units: result
            for column, result in zip(spec.candidate_product.columns, engine.results, strict=True)
        }
        return [self._candidate(m, step, results[units], units, updates) for units, _ in pairs]

    def _reset(
        self,
        m: Module,
        step: Step,
        result: Result,
        units: tuple[int, ...],
        reset_state: data.View,
        updates: dict[int, Signal],
    ) -> None:
        spec = self._spec
        name = f"unit{units[0]}"
        heads = unit_queue(m, step, units, (0, 1), result.valid)
        z, r = (self._gate(m, heads[g], result.sums[g], f"{name}_gate{g}") for g in (0, 1))
        valid = delay(m, result.valid, 2, f"{name}_gates_valid")
        index = delay(m, result.unit, 2, f"{name}_gates_index")
        product = Signal(spec.reset_state.shape, name=f"{name}_reset")
        m.d.comb += product.eq(r * Array(step.hidden[unit] for unit in units)[index])
        for position, unit in enumerate(units):
            updates[unit] = Signal(spec.gate.shape, name=f"update{unit}")
            with m.If(valid & (index == position)):
                m.d.sync += [updates[unit].eq(z), reset_state[unit].eq(product)]

    def _candidate(
        self,
        m: Module,
        step: Step,
        result: Result,
        units: tuple[int, ...],
        updates: dict[int, Signal],
    ) -> NewState:
        name = f"unit{units[0]}"
        heads = unit_queue(m, step, units, (2,), result.valid)
        index = delay(m, result.unit, 2, f"{name}_blend_index")
        hidden = self._blend(
            m,
            heads[0],
            result.sums[0],
            Array(updates[unit] for unit in units)[index],
            Array(step.hidden[unit] for unit in units)[index],
            name,
        )
        return NewState(
            delay(m, result.valid, BEFORE_STAGES, f"{name}_valid"),
            delay(m, result.unit, BEFORE_STAGES, f"{name}_index"),
            hidden,
            units,
        )

    def _gate(self, m: Module, projected: Signal, total: Signal, name: str) -> Signal:
        """Sum, activation; two registers."""
        spec = self._spec
        summed = Signal(spec.sum.shape, name=f"{name}_sum")
        m.d.sync += summed.eq(
            (projected << (spec.sum.fraction - spec.input_product.output.fraction))
            + (total << (spec.sum.fraction - spec.gate_product.sum_format.fraction))
        )
        return spec.recurrent_activation.hardware(m, summed, spec.sum, name)

    def _blend(
        self, m: Module, projected: Value, reset: Value, z: Value, state: Value, name: str
    ) -> Signal:
        """Candidate sum, candidate, two products, h: four registers.

        `z` and `state` are taken two cycles after `projected` and `reset`.
        """
        spec = self._spec
        summed = Signal(spec.candidate_sum.shape, name=f"{name}_candidate_sum")
        m.d.sync += summed.eq(
            (projected << (spec.candidate_sum.fraction - spec.input_product.output.fraction))
            + (reset << (spec.candidate_sum.fraction - spec.reset_sum.fraction))
        )
        candidate = spec.activation.hardware(m, summed, spec.candidate_sum, f"{name}_squash")
        rest = complement_format(spec.gate)
        one_minus = Signal(rest.shape, name=f"{name}_one_minus_update")
        kept = Signal(spec.kept.shape, name=f"{name}_kept")
        learned = Signal(spec.learned.shape, name=f"{name}_learned")
        hidden = Signal(spec.hidden.shape, name=f"{name}_hidden")
        m.d.comb += one_minus.eq((1 << rest.fraction) - (z << (rest.fraction - spec.gate.fraction)))
        m.d.sync += [
            kept.eq(z * state),
            learned.eq(one_minus * candidate),
            hidden.eq(
                (kept << (spec.hidden.fraction - spec.kept.fraction))
                + (learned << (spec.hidden.fraction - spec.learned.fraction))
            ),
        ]
        return hidden
