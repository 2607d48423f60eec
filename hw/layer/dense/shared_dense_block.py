"""The hardware of `hw.layer.dense.shared_dense.SharedDense`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data

from hw.layer.saturating import SaturatingBlock
from hw.pipeline import constants, delay, later
from hw.product.array import MultiplierArray
from hw.product.bank import Lookup, Result
from hw.product.model_store import ModelStore, lead_out, read_table, store_members, tables_of

if TYPE_CHECKING:
    from hw.layer.dense.shared_dense import SharedDense


@dataclass(frozen=True)
class Results:
    """Values of one layer by channel: as kept, and with those that come in this very cycle."""

    kept: list[Value]
    newest: list[Value]


class SharedDenseBlock(SaturatingBlock):
    """`SharedDense` in hardware: each layer starts the next a fixed number of cycles later."""

    def __init__(self, spec: "SharedDense") -> None:
        super().__init__(spec.inputs, spec.outputs, store_members(tables_of(spec)))
        self._spec = spec
        self._store = ModelStore(spec.model_tables) if spec.reloadable else None

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec, plan = self._spec, self._spec.plan
        store = self._store
        if store is not None:
            m.submodules.model = store
            lead_out(m, self, store)
        weights = None if store is None else store["weights0"]
        m.submodules.product = array = MultiplierArray(plan, "product", weights)
        pulse, tag = self.i.valid, self.i.payload.tag.as_value()
        m.d.comb += array.vectors[0].as_value().eq(self._vector(m))
        last = len(spec.layers) - 1
        for index, cycles in enumerate(spec.layer_cycles):
            m.d.comb += array.starts[index].eq(pulse)
            if store is not None:
                chosen = data.View(self.i.payload.tag.shape(), tag).model
                m.d.comb += array.models[index].eq(chosen)
            results = self._results(m, index, array)
            if index == last:
                for channel, value in enumerate(results.kept):
                    m.d.comb += self.o.payload.data[channel].eq(value)
            else:
                for channel, value in enumerate(results.newest):
                    m.d.comb += array.vectors[index + 1][channel].eq(value)
            due = cycles + (plan.lead + 1 if index == last else 0)
            pulse, tag = later(m, pulse, tag, due, spec.interval_cycles, f"layer{index}")
        m.d.comb += [self.o.valid.eq(pulse), self.o.payload.tag.as_value().eq(tag)]
        return m

    def _vector(self, m: Module) -> Value:
        """Hold the beat until it is sampled."""
        value = self.i.payload.data.as_value()
        if self._spec.plan.lead == 0:
            return value
        held = Signal.like(value, name="vector")
        with m.If(self.i.valid):
            m.d.sync += held.eq(value)
        return held

    def _results(self, m: Module, index: int, array: MultiplierArray) -> Results:
        """Add what lies behind the sums of a layer; each column's results come in order."""
        spec, bank = self._spec, array.banks[index]
        layer, program = spec.layers[index], spec.plan.programs[index]
        kept: dict[int, Value] = {}
        newest: dict[int, Value] = {}
        self._look(m, index, array)
        for number, column in enumerate(program.columns):
            lookup, result = bank.lookups[number], bank.results[number]
            name = f"layer{index}_output{column.outputs[0]}"
            m.d.comb += lookup.initial.eq(self._bias(m, index, number, lookup))
            valid, value = self._function(m, index, result, name)
            line = [Signal.like(value, name=f"{name}_kept{i}") for i in range(column.units)]
            shifted = [*line[1:], value]
            with m.If(valid):
                m.d.sync += [a.eq(b) for a, b in zip(line, shifted, strict=True)]
            # Columns that are done earlier have nothing new in the cycle of the last result.
            is_last = column.busy_cycles == program.busy_cycles
            kept |= dict(zip(column.outputs, line, strict=True))
            newest |= dict(zip(column.outputs, shifted if is_last else line, strict=True))
        order = range(len(layer.bias))
        return Results([kept[i] for i in order], [newest[i] for i in order])

    def _bias(self, m: Module, index: int, number: int, lookup: Lookup) -> Value:
        """Return what the sums of a column of a layer begin with."""
        layer, program = self._spec.layers[index], self._spec.plan.programs[index]
        if self._store is not None:
            bias = read_table(m, self._store[f"bias{index}_{number}"], lookup, lookup.unit)
            return bias << (program.total.fraction - layer.bias_format.fraction)
        outputs = program.columns[number].outputs
        codes = layer.aligned_bias(program.total)[list(outputs)].tolist()
        name = f"layer{index}_output{outputs[0]}_bias"
        return constants(m, lookup.unit, codes, program.total.shape, name)

    def _look(self, m: Module, index: int, array: MultiplierArray) -> None:
        """Let the sums of a layer be watched, where that is asked for."""
        results, columns = array.banks[index].results, self._spec.plan.programs[index].columns
        slowest = max(range(len(columns)), key=lambda c: columns[c].busy_cycles)
        last = results[slowest]
        finished = last.valid & (last.unit == columns[slowest].units - 1)
        self.look(m, f"sum{index}", [(r.valid, r.sum) for r in results], finished)

    def _function(self, m: Module, index: int, result: Result, name: str) -> tuple[Value, Signal]:
        """Return a column's results, and when they are valid."""
        layer, program = self._spec.layers[index], self._spec.plan.programs[index]
        total = Signal(program.total.shape, name=f"{name}_total")
        m.d.comb += total.eq(result.sum)
        if layer.function is None:
            return result.valid, total
        value = layer.function.hardware(m, total, program.total, name)
        cycles = layer.function.delay_cycles(program.total)
        return delay(m, result.valid, cycles, f"{name}_valid"), value
