"""The multipliers and sums of a delta layer: passes over the weights, one row a cycle."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib.memory import Memory

from hw.layer.delta.layer import DeltaLayer
from hw.layer.delta.plan import SUM_CYCLES, pack
from hw.pipeline import constants, delay


@dataclass(frozen=True)
class Row:
    """Where the multipliers are: cycles count from the address of the row's weights.

    Parameters
    ----------
    issues
        Whether there is a row.
    last
        Whether it is one of the step's last pass.
    begins
        Whether sums begin anew with it.
    of_state
        Whether the pass is for a state.
    number, unit, part
        Of the row; ``number = unit * parts + part``.
    """

    issues: Value
    last: Value
    begins: Value
    of_state: Value
    number: Value
    unit: Value
    part: Value

    def delayed(self, m: Module, cycles: int, name: str) -> "Row":
        """Return the row of `cycles` cycles ago."""
        fields = ("issues", "last", "begins", "of_state", "number", "unit", "part")
        return Row(*(delay(m, getattr(self, f), cycles, f"{name}_{f}") for f in fields))


@dataclass(frozen=True)
class CellSums:
    """While `valid`, the sums of all gates of the cell's unit `index`, and the one kept apart."""

    valid: Signal
    index: Value
    gates: tuple[Value, ...]
    late: Value | None


class DeltaEngine:
    """Column-serial multipliers: a row of weights times how far a value moved, added to sums.

    Parameters
    ----------
    spec
        The layer.
    apart
        The gate whose products of states have sums of their own, and what these begin with.
    """

    def __init__(self, spec: DeltaLayer, apart: tuple[int, np.ndarray] | None) -> None:
        self._spec = spec
        self._plan = spec.plan
        self._apart = apart

    def gates(self, m: Module, address: Signal, row: Row, delta: Signal) -> "list[CellSums]":
        """Add the multipliers; returns the sums of the cells.

        Parameters
        ----------
        address
            Of the row's weights.
        row
            The row, in step with `address`.
        delta
            By how much the pass's value moved, a cycle behind `address`.
        """
        plan = self._plan
        sums, late = self._sums(m, row, self._products(m, address, delta))
        ready = row.delayed(m, SUM_CYCLES, "sum")
        valid = Signal(name="unit_valid")
        m.d.comb += valid.eq(ready.last & (ready.part == plan.parts - 1))
        return [
            CellSums(
                valid,
                ready.unit,
                tuple(
                    self._held(m, lanes[gate % plan.lanes], gate, ready, f"cell{number}_gate{gate}")
                    for gate in range(plan.gates)
                ),
                None
                if self._apart is None
                else self._held(m, late[number], self._apart[0], ready, f"cell{number}_late"),
            )
            for number, lanes in enumerate(sums)
        ]

    def _held(self, m: Module, value: Signal, gate: int, row: Row, name: str) -> Value:
        """Return a gate's sum while that of the unit's last part is there."""
        part = gate // self._plan.lanes
        if part == self._plan.parts - 1:
            return value
        held = Signal.like(value, name=f"{name}_held")
        with m.If(row.part == part):
            m.d.sync += held.eq(value)
        return held

    def _products(self, m: Module, address: Signal, delta: Signal) -> list[Signal]:
        """Return the products of a row, three cycles behind its address."""
        plan, layer = self._plan, self._spec.layer
        formats = layer.kernel_format, layer.recurrent_format
        width = max(f.width + (not f.signed) for f in formats)
        weights = plan.arranged(np.concatenate([layer.kernel, layer.recurrent_kernel]))
        lanes = weights.shape[-1]
        words = pack(weights.reshape(-1, lanes), width)
        in_block_ram = layer.storage.in_block_ram(len(words), lanes * width)
        memory = Memory(
            shape=unsigned(lanes * width),
            depth=max(len(words), 2),
            init=words,
            attrs=layer.storage.attributes(in_block_ram),
        )
        m.submodules.weights = memory
        port = memory.read_port()
        m.d.comb += port.addr.eq(address)
        # Registers on both sides of a multiplier, which take their place within it.
        operand = delay(m, delta, 1, "delta")
        products = []
        for lane in range(lanes):
            weight = Signal(signed(width), name=f"weight{lane}")
            result = weight * operand
            product = Signal(result.shape(), name=f"product{lane}")
            m.d.sync += [
                weight.eq(port.data[lane * width : (lane + 1) * width]),
                product.eq(result),
            ]
            products.append(product)
        return products

    def _sums(
        self, m: Module, row: Row, products: Sequence[Signal]
    ) -> tuple[list[list[Signal]], list[Signal]]:
        """Add the products to the sums in memory.

        Returns
        -------
        tuple
            The new sums of every cell, by lane, in the cycle behind the products; and for every
            cell those that are kept apart.
        """
        plan, spec = self._plan, self._spec
        now = row.delayed(m, SUM_CYCLES - 1, "product")
        early = delay(m, row.number, SUM_CYCLES - 2, "early_row")
        initial = self._initial(m, early, plan.arranged(spec.bias), "bias")
        layer = spec.layer
        of_input, of_state = (
            spec.grid.fraction - source.fraction - kernel.fraction
            for source, kernel in (
                (layer.input, layer.kernel_format),
                (layer.state, layer.recurrent_format),
            )
        )
        terms = []
        for number, product in enumerate(products):
            term = Signal(signed(spec.grid.width), name=f"term{number}")
            m.d.comb += term.eq(Mux(now.of_state, product << of_state, product << of_input))
            terms.append(term)
        apart: Value = Const(0, 1)
        late: list[Signal] = []
        if self._apart is not None:
            gate, bias = self._apart
            every = np.zeros(plan.gates * plan.units, dtype=np.int64)
            every[gate * plan.units : (gate + 1) * plan.units] = bias
            begins = self._initial(m, early, plan.arranged(every), "late_bias")
            for number in range(plan.cells):
                lane = number * plan.lanes + gate % plan.lanes
                term = Mux(now.of_state, terms[lane], 0)
                late.append(self._accumulate(m, now, begins[lane], term, f"cell{number}_late"))
            apart = now.of_state & (now.part == gate // plan.lanes)
        cells: list[list[Signal]] = []
        for number in range(plan.cells):
            cells.append([])
            for lane in range(plan.lanes):
                place = number * plan.lanes + lane
                term: Value = terms[place]
                if self._apart is not None and lane == self._apart[0] % plan.lanes:
                    term = Mux(apart, 0, term)
                name = f"cell{number}_lane{lane}"
                cells[-1].append(self._accumulate(m, now, initial[place], term, name))
        return cells, late

    def _accumulate(self, m: Module, row: Row, initial: Value, term: Value, name: str) -> Signal:
        """Add `term` to the row's sum in a memory; returns the new sum, in the next cycle."""
        shape = signed(self._spec.grid.width)
        memory = Memory(shape=shape, depth=max(self._plan.rows, 2), init=[])
        m.submodules[f"{name}_sums"] = memory
        # Read, added to and written in one cycle, so passes of a single row need no detour.
        read, write = memory.read_port(domain="comb"), memory.write_port()
        total = Signal(shape, name=f"{name}_total")
        result = Signal(shape, name=f"{name}_sum")
        m.d.comb += [
            read.addr.eq(row.number),
            total.eq(Mux(row.begins, initial, read.data) + term),
            write.addr.eq(row.number),
            write.en.eq(row.issues),
            write.data.eq(total),
        ]
        m.d.sync += result.eq(total)
        return result

    def _initial(self, m: Module, number: Value, rows: np.ndarray, name: str) -> list[Signal]:
        """Return what the sums of a row begin with; `number` is the row, a cycle early."""
        width = self._spec.grid.width
        words = pack(rows, width)
        word = constants(m, number, words, unsigned(rows.shape[1] * width), name)
        parts = []
        for lane in range(rows.shape[1]):
            value = Signal(signed(width), name=f"{name}{lane}")
            m.d.comb += value.eq(word[lane * width : (lane + 1) * width])
            parts.append(value)
        return parts
