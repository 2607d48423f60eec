"""What belongs to a step of a recurrent layer, wherever in the pipeline it is."""

from dataclasses import dataclass

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data

from hw.pipeline import delay

INFO_LEAD = 3
"""Cycles before a step's first recurrent operands in which its tag is taken over."""


class Info:
    """The tag of a step and its number, whenever they are wanted.

    ``at(k)`` holds what belongs to operands that were in the ring `k` cycles before.
    """

    def __init__(self, m: Module, payload: Value, pulse: Value, tag: data.Layout) -> None:
        self._m = m
        self._tag = tag
        register = Signal(payload.shape(), name="step_info")
        with m.If(pulse):
            m.d.sync += register.eq(payload)
        self._line: list[Value] = [register]

    def at(self, cycles: int) -> "StepInfo":
        """Return what belongs to the operands of `cycles` before; at least minus two."""
        place = cycles + INFO_LEAD - 1
        while len(self._line) <= place:
            stage = len(self._line)
            self._line.append(delay(self._m, self._line[-1], 1, f"step_info{stage}"))
        value = self._line[place]
        return StepInfo(data.View(self._tag, value[: self._tag.size]), value[self._tag.size :])


@dataclass(frozen=True)
class StepInfo:
    """The tag of the step's beat, and the number of the step modulo ``StepPlan.banks``."""

    tag: data.View
    bank: Value
