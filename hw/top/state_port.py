"""Between a host that asks for a word of a state and the memory that holds it.

Beats in flight are finished first, and no new one is let in: then nothing moves in the core, and
what the host sees or changes lies between two beats of every series.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.memory_port import Memory, MemoryInterface, StateBus, StateInterface
from hw.network.graph import Network

ACCESS_CYCLES = 4
"""Cycles for which nothing may enter while a word is moved: a memory is read, then written."""


class StatePort(wiring.Component):
    """One word at a time.

    The clock enable stops it like the core; `port` answers only while it does not. `hold` keeps
    beats out; while `calm`, none is in flight.

    Parameters
    ----------
    memory
        What is behind.
    """

    port: MemoryInterface
    bus: StateInterface
    hold: Signal
    calm: Signal

    def __init__(self, memory: Memory) -> None:
        super().__init__(
            {
                "port": In(memory.signature),
                "bus": Out(StateBus(memory)),
                "hold": Out(1),
                "calm": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        request, response = self.port.request, self.port.response
        count = Signal(range(ACCESS_CYCLES), name="access_cycle")
        done = Signal(name="access_done")
        m.d.comb += [
            self.hold.eq(request.valid),
            done.eq(self.bus.active & (count == ACCESS_CYCLES - 1)),
            self.bus.active.eq(request.valid & self.calm),
            self.bus.address.eq(request.payload.address),
            self.bus.data.eq(request.payload.data),
            self.bus.write.eq(done & request.payload.write),
            request.ready.eq(done),
            response.valid.eq(done & ~request.payload.write),
            response.payload.eq(self.bus.result),
        ]
        m.d.sync += count.eq(Mux(self.bus.active & ~done, count + 1, 0))
        return m


def settling_cycles(network: Network) -> int:
    """Return the cycles from a beat's entry until nothing of it moves any more."""
    timings = [stage.timing for stage in network.stages]
    bursts = [max(t.emission.delay) for t in timings if t.emission is not None]
    held = [waiting.delay for joins in network.schedule.joins.values() for waiting in joins]
    return sum(t.latency_cycles for t in timings) + sum(bursts) + sum(held) + 2
