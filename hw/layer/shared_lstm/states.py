"""The state memory of a `hw.layer.shared_lstm.shared_lstm.SharedLSTM`.

It has one lane for each multiplier. The lower half holds h twice, what a step reads and what it
writes, dealt to words and lanes as the multipliers take it; the upper half holds c in the first
lane, one word a unit. So the first multiplier finds c where it finds h.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.number.fixed_point import FixedPoint
from hw.pipeline import BLOCK_ROM_BITS, low_bits


def place_bits(units: int, words: int) -> int:
    """Return the address bits of one half."""
    return max((2 * words - 1).bit_length(), (units - 1).bit_length())


def operand_cycles(units: int, words: int, lanes: int, state: FixedPoint) -> int:
    """Return the cycles from an address to operands: block RAM is slow and gets a register."""
    return 3 if _in_block_ram(units, words, lanes, state) else 2


def _in_block_ram(units: int, words: int, lanes: int, state: FixedPoint) -> bool:
    return (2 << place_bits(units, words)) * lanes * state.width >= BLOCK_ROM_BITS


class SharedStates:
    """States of one series.

    Parameters
    ----------
    m
        The block's module.
    units, words, lanes
        Units, and the words and lanes of the vector (h, x).
    state
        Format of h and c.
    start
        A pulse in the cycle before a step's first `read`; `write` gets nothing of the step before
        in that cycle or later.
    """

    def __init__(
        self, m: Module, units: int, words: int, lanes: int, state: FixedPoint, start: Value
    ) -> None:
        self._m, self._start = m, start
        self._units, self._lanes, self._state = units, lanes, state
        self._word_bits = (words - 1).bit_length()
        self._bits = place_bits(units, words)
        block = _in_block_ram(units, words, lanes, state)
        self._memory = Memory(
            shape=data.ArrayLayout(state.shape, lanes),
            depth=2 << self._bits,
            init=[],
            # What is read is never what is written; Yosys would guard against it.
            attrs={"no_rw_check": 1} | ({"ram_style": "block"} if block else {}),
        )
        self._clocked = block
        m.submodules.states = self._memory
        self._bank = Signal(name="state_bank")
        self._unit = Signal(range(max(units, 2)), name="carry_unit")
        with m.If(start):
            m.d.sync += self._bank.eq(~self._bank)

    def read(self, word: Value, carry: Value) -> data.View:
        """Return a word of h, or c of the next unit in the first lane while `carry`.

        Of the cycle before where the memory is block RAM.
        """
        port = self._memory.read_port(domain="sync" if self._clocked else "comb")
        self._m.d.comb += port.addr.eq(self._address(carry, word, self._bank))
        return port.data

    def write(self, carry_valid: Value, carry: Value, hidden_valid: Value, hidden: Value) -> None:
        """Store c of the next unit, or h of the next unit, never both at once; a cycle later."""
        m = self._m
        lane = Signal(self._lanes, init=1, name="hidden_lane")
        word = Signal(max(self._word_bits, 1), name="hidden_word")
        enables = [hidden_valid & lane[index] for index in range(self._lanes)]
        enables[0] = enables[0] | carry_valid
        port = self._memory.write_port(granularity=1)
        address = Signal.like(port.addr, name="write_address")
        enable = Signal(self._lanes, name="write_enable")
        first = Signal(self._state.shape, name="write_first")
        others = Signal(self._state.shape, name="write_others")
        m.d.sync += [
            address.eq(self._address(carry_valid, word, ~self._bank)),
            enable.eq(Cat(enables)),
            first.eq(Mux(carry_valid, carry, hidden)),
            others.eq(hidden),
        ]
        m.d.comb += [port.addr.eq(address), port.en.eq(enable)]
        for index in range(self._lanes):
            m.d.comb += port.data[index].eq(others if index else first)
        with m.If(carry_valid):
            m.d.sync += self._unit.eq(self._unit + 1)
        with m.If(self._start):
            m.d.sync += [lane.eq(1), word.eq(0), self._unit.eq(0)]
        with m.Elif(hidden_valid):
            m.d.sync += lane.eq(lane.rotate_left(1))
            with m.If(lane[-1]):
                m.d.sync += word.eq(word + 1)

    def _address(self, carry: Value, word: Value, bank: Value) -> Value:
        bits = self._word_bits
        of_hidden = low_bits((word, bits), (bank, 1), (Const(0, self._bits), self._bits - bits - 1))
        of_carry = Cat(self._unit, Const(0, self._bits))[: self._bits]
        return Cat(Mux(carry, of_carry, of_hidden), carry)
