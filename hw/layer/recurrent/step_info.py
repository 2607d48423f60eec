"""What belongs to a step of a recurrent layer, wherever in the pipeline it is."""

from dataclasses import dataclass

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data

from hw.pipeline import delay


def info_lead(series: int) -> int:
    """Return how long before a program's first operands the tag of its step is taken over.

    A cycle before the operands the vector is sampled; states of many series come from a memory
    through a register.
    """
    return 4 if series > 1 else 3


class Info:
    """The tag of a step and its number, whenever they are wanted.

    ``at(k)`` holds what belongs to operands that were in the ring `k` cycles before.

    Parameters
    ----------
    m
        The block's module.
    payload, pulse
        Tag and number of a step while the pulse is high, `lead` cycles before the operands.
    tag
        Layout of the tag.
    lead
        As of `info_lead`.
    name
        Prefix of the signals.
    """

    def __init__(
        self,
        m: Module,
        payload: Value,
        pulse: Value,
        tag: data.Layout,
        lead: int,
        name: str = "step_info",
    ) -> None:
        self._m, self._tag, self._lead, self._name = m, tag, lead, name
        register = Signal(payload.shape(), name=name)
        with m.If(pulse):
            m.d.sync += register.eq(payload)
        self._line: list[Value] = [register]

    def at(self, cycles: int) -> "StepInfo":
        """Return what belongs to the operands of `cycles` before; at least one minus `lead`."""
        place = cycles + self._lead - 1
        while len(self._line) <= place:
            stage = len(self._line)
            self._line.append(delay(self._m, self._line[-1], 1, f"{self._name}{stage}"))
        value = self._line[place]
        return StepInfo(data.View(self._tag, value[: self._tag.size]), value[self._tag.size :])


@dataclass(frozen=True)
class StepInfo:
    """The tag of the step's beat, and the number of the step modulo ``StepPlan.banks``."""

    tag: data.View
    bank: Value
