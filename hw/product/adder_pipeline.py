"""The hardware of an adder graph: carry chains and registers, a vector every cycle.

Arithmetic is spelled out bit by bit for synthesis: low bits that have nothing to be added to pass
by the carry chain, every chain is as wide as its sum's exact range, and signs are extended
explicitly. The latter also keeps Yosys's ``alumacc`` from merging most pairs of additions into
one of three addends, which takes three LUTs a bit on devices with one carry chain per LUT (ECP5,
iCE40, Gowin) instead of two.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.number.fixed_point import FixedPoint
from hw.product.adder_graph import Range, Sum, width_of, zeros_below
from hw.product.register_placement import StagedGraph


class AdderPipeline(wiring.Component):
    """An adder graph in hardware.

    ``sums`` belongs to the ``vector`` of ``staged.registers`` cycles ago. There is no reset: what
    has not been computed from a vector is never looked at.

    Parameters
    ----------
    staged
        The graph and its registers.
    input
        Format of the vector's codes; its range must be the graph's.
    output
        Format of the sums' codes; must hold every output.
    """

    vector: data.View
    sums: data.View

    def __init__(self, staged: StagedGraph, input: FixedPoint, output: FixedPoint) -> None:
        self._staged = staged
        self._output = output
        graph = staged.graph
        super().__init__(
            {
                "vector": In(data.ArrayLayout(input.shape, len(graph.inputs))),
                "sums": Out(data.ArrayLayout(output.shape, len(graph.outputs))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        graph, stages = self._staged.graph, self._staged.stages
        n_in = len(graph.inputs)
        values = [
            _Delayed(self.vector[i].as_unsigned(), graph.inputs[i], f"input{i}", 0)
            for i in range(n_in)
        ]
        for number, node in enumerate(graph.sums):
            stage, ends = stages[n_in + number], graph.ranges[n_in + number]
            operands = [values[term.source].at(m, stage) for term in node.terms]
            result = Signal(width_of(ends), name=f"sum{number}")
            m.d.comb += result.eq(_sum(node, operands, len(result)))
            values.append(_Delayed(result, ends, f"sum{number}", stage))
        for number, term in enumerate(graph.outputs):
            value = _shifted(values[term.source].at(m, self._staged.registers), term.shift)
            m.d.comb += self.sums[number].eq(value.bits(0, self._output.width))
        return m


@dataclass(frozen=True)
class _Number:
    """Bits with what lies on both sides of them: zeros below, signs or zeros above."""

    value: Value
    signed: bool
    end: int = 0
    negative: bool = False

    def bits(self, start: int, width: int) -> Value:
        """Return the bits from `start` on; the number's own begin at `end`."""
        first = start - self.end
        zeros = min(max(-first, 0), width)
        own = self.value[max(first, 0) : max(first + width, 0)]
        above = width - zeros - len(own)
        fill = self.value[-1].replicate(above) if self.signed else Const(0, above)
        return Cat(Const(0, zeros), own, fill)

    def ends_below(self, bit: int) -> bool:
        """Tell whether all bits from `bit` on are zero."""
        return not self.signed and self.end + len(self.value) <= bit


def _shifted(number: _Number, shift: int, negative: bool = False) -> _Number:
    return _Number(number.value, number.signed, number.end + shift, negative)


def _constant(value: int, width: int) -> _Number:
    end = zeros_below(value) if value else 0
    return _Number(Const((value >> end) & ((1 << width) - 1), width), False, end)


def _sum(node: Sum, operands: list[_Number], width: int) -> Value:
    """Return one carry chain, or only wires where no two addends meet."""
    addends = [
        _shifted(operand, term.shift, term.negative)
        for operand, term in zip(operands, node.terms, strict=True)
    ]
    if node.constant or len(addends) < 2:
        addends.append(_constant(node.constant, width))
    if len(addends) == 1:
        return addends[0].bits(0, width)
    low, high = sorted(addends, key=lambda addend: (addend.end, addend.negative))
    if low.negative:
        return (high.bits(0, width) - low.bits(0, width))[:width]
    # Below `split` only one addend has bits: they pass by the carry chain.
    split = high.end
    left, right = low.bits(split, width - split), high.bits(split, width - split)
    if low.ends_below(split) and not high.negative:
        return Cat(low.bits(0, split), right)
    upper = left - right if high.negative else left + right
    return Cat(low.bits(0, split), upper[: width - split])


class _Delayed:
    """A value and the registers that carry it to later stages, made as they are asked for."""

    def __init__(self, value: Value, ends: Range, name: str, stage: int) -> None:
        self._values, self._signed, self._constant = [value], ends[0] < 0, ends[0] == ends[1]
        self._name, self._stage = name, stage

    def at(self, m: Module, stage: int) -> _Number:
        """Return the value as the logic of `stage` sees it."""
        if self._constant:
            return _Number(self._values[0], self._signed)
        while self._stage + len(self._values) <= stage:
            held = Signal(
                len(self._values[0]),
                name=f"{self._name}_stage{self._stage + len(self._values)}",
                reset_less=True,
            )
            m.d.sync += held.eq(self._values[-1])
            self._values.append(held)
        return _Number(self._values[stage - self._stage], self._signed)
