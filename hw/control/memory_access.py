"""From registers to memories: one word at a time, and the bus never waits for a memory."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.control.map import ADDRESS_BITS
from hw.memory_port import Memory, MemoryInterface


class MemoryAccess(wiring.Component):
    """Turns the registers ``memory_*`` of `hw.control.map` into requests to memories.

    Parameters
    ----------
    memories
        In the order of their numbers; port ``memory<k>`` leads to number k.
    """

    select: Signal
    address: Signal
    data: Signal
    read: Signal
    write: Signal
    busy: Signal
    refused: Signal
    result: Signal

    def __init__(self, memories: tuple[Memory, ...]) -> None:
        self._memories = memories
        widest = max(memory.width for memory in memories)
        super().__init__(
            {
                "select": In(8),
                "address": In(ADDRESS_BITS),
                "data": In(widest),
                "read": In(1),
                "write": In(1),
                "busy": Out(1),
                "refused": Out(1),
                "result": Out(widest),
            }
            | {f"memory{k}": Out(memory.signature) for k, memory in enumerate(memories)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        known = Signal(name="known")
        command = Signal(name="command")
        asking = Signal(len(self._memories), name="asking")
        waiting = Signal(name="waiting")  # for the answer to a read
        writes = Signal(name="writes")
        m.d.comb += [
            command.eq(self.read | self.write),
            self.busy.eq(asking.any() | waiting),
            self.refused.eq(command & (self.busy | ~known)),
        ]
        layout = data.StructLayout({"address": ADDRESS_BITS, "data": len(self.data)})
        word = Signal(layout, name="word")
        with m.If(command & ~self.busy):
            m.d.sync += [
                word.address.eq(self.address),
                word.data.eq(self.data),
                writes.eq(self.write),
                waiting.eq(known & self.read),
            ]
        for number, memory in enumerate(self._memories):
            port: MemoryInterface = getattr(self, f"memory{number}")
            request = port.request.payload
            with m.If(self.select == number):
                allowed = Mux(self.write, memory.writable, 1) & Mux(self.read, memory.readable, 1)
                within = self.address < memory.words
                m.d.comb += known.eq(allowed & within & ~(self.read & self.write))
                with m.If(command & ~self.busy & known):
                    m.d.sync += asking[number].eq(1)
            with m.If(asking[number] & port.request.ready):
                m.d.sync += asking[number].eq(0)
            m.d.comb += [
                port.request.valid.eq(asking[number]),
                request.write.eq(writes),
                request.address.eq(word.address),
                request.data.eq(word.data),
            ]
            with m.If(port.response.valid):
                m.d.sync += [waiting.eq(0), self.result.eq(Cat(port.response.payload))]
        return m
