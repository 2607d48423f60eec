"""The program of a `SharedLSTM`: one memory of weights, biases and flags."""

from typing import TYPE_CHECKING

import numpy as np
from amaranth.hdl import Module, Signal, Value, signed, unsigned
from amaranth.lib import data
from amaranth.lib.memory import Memory

from hw.pipeline import BLOCK_ROM_BITS, TABLE_DEPTH, delay

if TYPE_CHECKING:
    from hw.layer.shared_lstm.shared_lstm import SharedLSTM

FLAGS = ("gate", "last", "carry", "hidden", "final")
"""A slot of a gate, the last one of its sum; c and h of a cell; h of the last unit."""


def program_layout(spec: "SharedLSTM") -> data.StructLayout:
    """Return what a word of the program holds."""
    widths = [f.width + (not f.signed) for f in (spec.kernel_format, spec.recurrent_format)]
    bias = spec.bias_format
    return data.StructLayout(
        {
            "weights": data.ArrayLayout(signed(max(widths)), spec.plan.multipliers),
            "bias": signed(bias.width + (not bias.signed)),
            "word": unsigned(max((spec.plan.words - 1).bit_length(), 1)),
            **{flag: unsigned(1) for flag in FLAGS},
        }
    )


def weight_words(spec: "SharedLSTM") -> np.ndarray:
    """Return the weights of the vector (h, x), int64 ``(words, multipliers, 4 * units)``."""
    plan = spec.plan
    table = np.concatenate([spec.recurrent_kernel, spec.kernel])
    padding = plan.words * plan.multipliers - len(table)
    return np.pad(table, ((0, padding), (0, 0))).reshape(plan.words, plan.multipliers, -1)


def program_words(spec: "SharedLSTM") -> list[dict[str, int | list[int]]]:
    """Return the words of the program, in order.

    Flags stand in the row of the slot's issue; weights and biases in the row that is read as many
    cycles later as they are wanted later.
    """
    plan, units = spec.plan, spec.plan.units
    weights = np.zeros((plan.interval_cycles, plan.multipliers), dtype=np.int64)
    bias = np.zeros(plan.interval_cycles, dtype=np.int64)
    rows: list[dict[str, int | list[int]]] = [{} for _ in range(plan.interval_cycles)]
    table = weight_words(spec)
    for cycle, slot in plan.slots().items():
        if slot.word is None:
            rows[cycle] = {
                "carry": int(slot.carry),
                "hidden": int(slot.hidden),
                "final": int(slot.unit == units),
            }
            continue
        output = slot.gate * units + slot.unit
        rows[cycle] = {"gate": 1, "word": slot.word, "last": int(slot.word == plan.words - 1)}
        weights[cycle + plan.operand_cycles - 1] = table[slot.word, :, output]
        if slot.word == 0:
            bias[cycle + plan.operand_cycles + 1] = spec.bias[output]
    for row, lanes, constant in zip(rows, weights.tolist(), bias.tolist(), strict=True):
        row.update(weights=lanes, bias=constant)
    return rows


class ProgramReader:
    """Reads the program once after each start.

    Parameters
    ----------
    m
        The block's module.
    spec
        The layer.
    start
        A pulse, `hw.layer.shared_lstm.plan.START_CYCLES` before the first slot's issue.
    """

    def __init__(self, m: Module, spec: "SharedLSTM", start: Value) -> None:
        self._m = m
        words, layout = program_words(spec), program_layout(spec)
        last = len(words) - 1
        # The last word has no flags: the counter waits there.
        address = Signal(range(last + 1), init=last, name="program_address")
        with m.If(start):
            m.d.sync += address.eq(0)
        with m.Elif(address != last):
            m.d.sync += address.eq(address + 1)
        block = len(words) > TABLE_DEPTH and len(words) * layout.size >= BLOCK_ROM_BITS
        memory = Memory(
            shape=layout,
            depth=len(words),
            init=words,
            attrs={"rom_style": "block"} if block else {},
        )
        m.submodules.program = memory
        port = memory.read_port()
        m.d.comb += port.addr.eq(address)
        self._row = port.data
        self._lines: dict[str, list[Value]] = {}
        # With the products, where the bias is an addend.
        self.bias = delay(m, port.data.bias, 1, "bias")

    def weight(self, lane: int) -> Value:
        """Return a weight, in the cycle before it is multiplied."""
        return delay(self._m, self._row.weights[lane], 1, f"weight{lane}")

    def word(self, cycles: int) -> Value:
        """Return the word of the vector, `cycles` after a slot's issue."""
        return self._later("word", cycles)

    def flag(self, name: str, cycles: int) -> Value:
        """Return one of `FLAGS`, `cycles` after a slot's issue."""
        return self._later(name, cycles)

    def _later(self, name: str, cycles: int) -> Value:
        line = self._lines.setdefault(name, [self._row[name]])
        while len(line) <= cycles + 1:
            line.append(delay(self._m, line[-1], 1, f"{name}{len(line)}"))
        return line[cycles + 1]
