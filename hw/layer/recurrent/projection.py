"""Where the input product of a step waits for the recurrent product.

Each reader takes a row of consecutive sums. What a column of the input product contributes to a
row is a memory of its own, so every memory has one writer and one reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Const, Module, Shape, Signal, Value
from amaranth.lib.memory import Memory

from hw.pipeline import delay, low_bits
from hw.product.bank import Result
from hw.product.folded import Program


@dataclass(frozen=True)
class Run:
    """Sums ``first .. first + count - 1`` of a column that are ``offset ...`` of a reader's row."""

    program: int
    column: int
    first: int
    count: int
    offset: int


def runs_of(programs: Sequence[Program], base: int, count: int) -> list[Run]:
    """Find the sums ``base .. base + count - 1`` of programs that follow one another."""
    runs = []
    begin = 0
    for number, program in enumerate(programs):
        for index, column in enumerate(program.columns):
            wanted = [begin + output - base for output in column.outputs]
            start = 0
            for i in range(1, len(wanted) + 1):
                if i == len(wanted) or wanted[i] != wanted[i - 1] + 1:
                    runs += _clip(Run(number, index, start, i - start, wanted[start]), count)
                    start = i
        begin += program.kernel.shape[1]
    return runs


def _clip(run: Run, count: int) -> list[Run]:
    low, high = max(run.offset, 0), min(run.offset + run.count, count)
    if low >= high:
        return []
    return [Run(run.program, run.column, run.first + low - run.offset, high - low, low)]


class ProjectionStore:
    """Memories between the input product and its readers.

    Parameters
    ----------
    programs
        Of the input product.
    results
        Of its columns.
    shape
        Of a sum.
    banks
        Steps whose sums are kept.
    bank
        Which step the results belong to, modulo `banks`.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        results: Sequence[Result],
        shape: Shape,
        banks: int,
        bank: Value,
    ) -> None:
        self._programs = programs
        self._results = results
        self._shape = shape
        self._banks = banks
        self._bank = bank

    def read(
        self, m: Module, base: int, count: int, address: Value, bank: Value, name: str
    ) -> Signal:
        """Return sum ``base + address`` of step `bank`, both as of the cycle before.

        Parameters
        ----------
        base, count
            The reader's row.
        address
            Below `count`.
        bank
            Step, modulo the number of banks.
        name
            Prefix of the signals.
        """
        chosen = Signal(self._shape, name=f"{name}_chosen")
        for number, run in enumerate(runs_of(self._programs, base, count)):
            value = self._memory(m, run, address, bank, f"{name}_part{number}")
            if run.count == count:
                m.d.comb += chosen.eq(value)
                continue
            here = Signal(name=f"{name}_part{number}_here")
            m.d.comb += here.eq(within(address, run.offset, run.count))
            with m.If(delay(m, here, 1, f"{name}_part{number}_here")):
                m.d.comb += chosen.eq(value)
        return chosen

    def _memory(self, m: Module, run: Run, address: Value, bank: Value, name: str) -> Value:
        result = self._results[run.column]
        bits = (run.count - 1).bit_length()
        write = Signal(name=f"{name}_write")
        mine = result.valid & within(result.unit, run.first, run.count)
        if len(self._programs) > 1:
            mine &= result.program == run.program
        m.d.comb += write.eq(mine)
        bank_bits = (self._banks - 1).bit_length()
        places = [Signal(max(bits, 1), name=f"{name}_{side}_place") for side in ("write", "read")]
        m.d.comb += places[0].eq(result.unit - run.first)
        m.d.comb += places[1].eq(address - run.offset)
        depth = self._banks << bits
        if depth == 1:
            register = Signal(self._shape, name=f"{name}_register")
            with m.If(write):
                m.d.sync += register.eq(result.sum)
            return delay(m, register, 1, f"{name}_read")
        memory = Memory(shape=self._shape, depth=depth, init=[])
        m.submodules[name] = memory
        writer, reader = memory.write_port(), memory.read_port()
        m.d.comb += [
            writer.en.eq(write),
            writer.addr.eq(low_bits((places[0], bits), (self._bank, bank_bits))),
            writer.data.eq(result.sum),
            reader.addr.eq(low_bits((places[1], bits), (bank, bank_bits))),
        ]
        return reader.data


def within(value: Value, first: int, count: int) -> Value:
    """Tell whether an unsigned `value` is one of ``first .. first + count - 1``.

    Comparisons that are always true are left out: they are warnings in Verilog.
    """
    result: Value = Const(1)
    if first > 0:
        result = value >= first
    if first + count < 1 << len(value):
        result = result & (value < first + count)
    return result
