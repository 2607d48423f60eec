"""The hardware of `hw.layer.dense.dense.Dense`: the multipliers, one register per output."""

from typing import TYPE_CHECKING

from amaranth.hdl import Const, Module, Signal, Value

from hw.pipeline import constants, delay, gathered
from hw.product.array import MultiplierArray
from hw.product.bank import Lookup
from hw.product.model_store import ModelStore, lead_out, read_table, store_members, tables_of
from hw.stream import Block

if TYPE_CHECKING:
    from hw.layer.dense.dense import Dense


class DenseBlock(Block):
    """`Dense` in hardware: the multipliers, one register per output."""

    def __init__(self, spec: "Dense") -> None:
        super().__init__(spec.inputs, spec.outputs, store_members(tables_of(spec)))
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spec = self._spec
        plan, program = spec.plan, spec.program
        store = ModelStore(spec.model_tables) if spec.reloadable else None
        weights = None if store is None else store["weights0"]
        m.submodules.product = array = MultiplierArray(plan, "product", weights)
        if store is not None:
            m.submodules.model = store
            lead_out(m, self, store)
            m.d.comb += array.models[0].eq(self.i.payload.tag.model)
        m.d.comb += [
            array.starts[0].eq(self.i.valid),
            array.vectors[0].as_value().eq(self._vector(m, plan.lead)),
        ]
        outputs = spec.used_outputs.tolist()
        for output in set(range(spec.kernel.shape[1])) - set(outputs):
            bias = Const(int(spec.aligned_bias[output]), spec.output.shape)
            m.d.comb += self.o.payload.data[output].eq(bias)
        bank = array.banks[0]
        for number, column in enumerate(program.columns):
            lookup, result = bank.lookups[number], bank.results[number]
            targets = [outputs[place] for place in column.outputs]
            m.d.comb += lookup.initial.eq(self._bias(m, store, number, lookup))
            with m.If(result.valid), m.Switch(result.unit):
                for index, output in enumerate(targets):
                    with m.Case(index):
                        m.d.sync += self.o.payload.data[output].eq(result.sum)
        slowest = max(range(len(program.columns)), key=lambda c: program.columns[c].busy_cycles)
        final = bank.results[slowest]
        done = final.valid & (final.unit == program.columns[slowest].units - 1)
        m.d.sync += self.o.valid.eq(done)
        # A beat's sums leave before those of the next, so its tag waits in step with the first.
        tag = Signal.like(self.i.payload.tag.as_value(), name="running_tag")
        with m.If(self.i.valid):
            m.d.sync += tag.eq(self.i.payload.tag.as_value())
        m.d.sync += self.o.payload.tag.as_value().eq(
            delay(m, tag, plan.lead + plan.sum_delay, "tag")
        )
        return m

    def _bias(self, m: Module, store: ModelStore | None, number: int, lookup: Lookup) -> Value:
        """Return what the sums of a column begin with."""
        spec = self._spec
        outputs = [spec.used_outputs[place] for place in spec.program.columns[number].outputs]
        if store is not None:
            bias = read_table(m, store[f"bias{number}"], lookup, lookup.unit)
            return bias << (spec.output.fraction - spec.bias_format.fraction)
        values = [int(spec.aligned_bias[output]) for output in outputs]
        return constants(m, lookup.unit, values, spec.output.shape, f"output{outputs[0]}_bias")

    def _vector(self, m: Module, lead: int) -> Value:
        """Hold the beat until it is sampled."""
        value = gathered(self.i.payload.data, self._spec.used_inputs)
        if lead == 0:
            return value
        held = Signal.like(value, name="vector")
        with m.If(self.i.valid):
            m.d.sync += held.eq(value)
        return held
