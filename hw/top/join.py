"""A join: beats of several streams enter a block in the same cycle.

The schedule tells how many beats of each input may have to wait (`hw.network.meeting.Waiting`);
an input that is always the last to come has no queue at all. A stream that comes once a window
stays at the head of its queue until the last beat of the window is through.
"""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from hw.network.meeting import Waiting
from hw.pipeline import delay
from hw.stream import Port


class Join(wiring.Component):
    """Queues in front of a block with several inputs; latency 0 for the latest input.

    Parameters
    ----------
    ports
        Input ports of the block.
    waiting
        What stands in front of each.
    """

    def __init__(self, ports: Sequence[Port], waiting: Sequence[Waiting]) -> None:
        self._ports, self._waiting = ports, waiting
        super().__init__(
            {f"i{k}": In(port.signature) for k, port in enumerate(ports)}
            | {f"o{k}": Out(port.signature) for k, port in enumerate(ports)}
        )

    @property
    def inputs(self) -> list[stream.Interface]:
        """Streams from the sources."""
        return [getattr(self, f"i{k}") for k in range(len(self._ports))]

    @property
    def outputs(self) -> list[stream.Interface]:
        """Streams to the block, all valid at once."""
        return [getattr(self, f"o{k}") for k in range(len(self._ports))]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        meets = Signal()
        moving = max(port.beats for port in self._ports)
        there: list[Value] = []
        heads: list[Value] = []
        last = Signal()
        for k, (port, waiting) in enumerate(zip(self._ports, self._waiting, strict=True)):
            source = self.inputs[k]
            valid, payload = source.valid, source.payload.as_value()
            if waiting.delay:
                valid, payload = _held(m, k, source, waiting)
            take = meets if port.beats == moving else meets & last
            head = queue(m, k, valid, payload, take, waiting.depth)
            there.append(head[0])
            heads.append(head[1])
            if port.beats == moving:
                m.d.comb += last.eq(data.View(port.layout, head[1]).tag.last)
        for term in there[1:]:
            there[0] = there[0] & term
        m.d.comb += meets.eq(there[0])
        for output, head in zip(self.outputs, heads, strict=True):
            m.d.comb += [output.valid.eq(meets), output.payload.as_value().eq(head)]
        return m


def _held(m: Module, index: int, source: stream.Interface, waiting: Waiting) -> tuple[Value, Value]:
    """Return the stream as it was some cycles ago.

    Only its valid goes through as many registers; the beats themselves are few.
    """
    payload = source.payload.as_value()
    due = delay(m, source.valid, waiting.delay, f"due{index}")
    fifo = _fifo(m, f"held{index}", len(payload), waiting.held)
    m.d.comb += [
        fifo.w_en.eq(source.valid),
        fifo.w_data.eq(payload),
        fifo.r_en.eq(due),
    ]
    return due, fifo.r_data


def _fifo(m: Module, name: str, width: int, depth: int) -> SyncFIFO:
    # In a FIFO of one entry Amaranth's pointers have no bits, which Verilog cannot express.
    fifo = SyncFIFO(width=width, depth=max(depth, 2))
    m.submodules[name] = fifo
    return fifo


def queue(
    m: Module, index: int, valid: Value, payload: Value, take: Value, depth: int
) -> tuple[Value, Value]:
    """Return whether a beat is there, and the beat: the queue's head or what just comes."""
    if depth == 0:
        return valid, payload
    fifo = _fifo(m, f"queue{index}", len(payload), depth)
    passes = Signal(name=f"passes{index}")
    head = Signal(len(payload), name=f"head{index}")
    m.d.comb += [
        passes.eq(take & ~fifo.r_rdy),
        fifo.w_data.eq(payload),
        fifo.w_en.eq(valid & ~passes),
        fifo.r_en.eq(take),
        head.eq(Mux(fifo.r_rdy, fifo.r_data, payload)),
    ]
    return fifo.r_rdy | valid, head
