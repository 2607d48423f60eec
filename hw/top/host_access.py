"""How a host reaches weights and states of the core."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.control.reload import model_memories
from hw.control.state import state_memories
from hw.memory_port import MemoryInterface, StateInterface
from hw.network.graph import Network
from hw.stream import Block
from hw.top.entry import Entry
from hw.top.state_port import StatePort, settling_cycles


def model_ports(network: Network) -> dict[str, wiring.Member]:
    """Return what a host needs to replace weights, as seen from the core."""
    if not network.reloadable:
        return {}
    memories = enumerate(model_memories(network))
    ports = {f"model{k}": In(memory.signature) for k, memory in memories}
    return {"commit": In(1), "settled": Out(1), "target": Out(1), **ports}


def reach_models(
    m: Module,
    blocks: Sequence[Block],
    ports: Sequence[MemoryInterface],
    target: Signal,
    gone: Signal,
) -> Value:
    """Lead the memories of reloadable blocks out; returns whether all of them are settled.

    Until the model before is `gone`, they take nothing.
    """
    for block, port in zip(blocks, ports, strict=True):
        inner, outer = block.model_port.request, port.request
        m.d.comb += [
            block.model_target.eq(target),
            inner.valid.eq(outer.valid & gone),
            inner.payload.eq(outer.payload),
            outer.ready.eq(inner.ready & gone),
            port.response.valid.eq(block.model_port.response.valid),
            port.response.payload.eq(block.model_port.response.payload),
        ]
    return gone & Cat(block.model_settled for block in blocks).all()


def reach_states(
    m: Module,
    network: Network,
    entry: Entry,
    buses: Sequence[StateInterface],
    ports: Sequence[MemoryInterface],
) -> Value:
    """Lead the states out; returns whether a host waits for one, so that no beat may enter."""
    moving = settling_cycles(network)
    wait = Signal(range(moving + 1), name="settling")
    calm = Signal(name="calm")
    m.d.comb += calm.eq(entry.resting & (wait == 0) & ~entry.o.valid)
    with m.If(entry.o.valid):
        m.d.sync += wait.eq(moving)
    with m.Elif(wait != 0):
        m.d.sync += wait.eq(wait - 1)
    holds: list[Value] = []
    memories = state_memories(network)
    for index, (memory, bus, port) in enumerate(zip(memories, buses, ports, strict=True)):
        m.submodules[f"state{index}"] = access = StatePort(memory)
        wiring.connect(m, access.bus, bus)
        wiring.connect(m, wiring.flipped(port), access.port)
        m.d.comb += access.calm.eq(calm)
        holds.append(access.hold)
    return Cat(holds).any()
