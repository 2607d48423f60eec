"""Notes what the pins of a design do, for coverage."""

import cocotb
from cocotb.handle import HierarchyObject, LogicObject
from cocotb.triggers import FallingEdge, First, RisingEdge
from cocotb.utils import get_sim_time

from hw.stream import Port
from hw.top.axi import input_prefixes, output_prefixes
from hw.top.core import probe_names
from sim.coverage.record import NEVER, BeatRecord, Record, StreamRecord
from sim.testbench.case import Case
from sim.testbench.handles import bit, block, number, word


def watch_pins(dut: HierarchyObject, case: Case, period_ns: int) -> Record:
    """Return a record that fills while the test runs."""
    network = case.network
    prefixes = input_prefixes(network)
    streams = [(prefixes[port.name], port) for port in network.inputs]
    results = list(zip(output_prefixes(network), network.output_ports, strict=True))
    record = Record([StreamRecord() for _ in streams], [StreamRecord() for _ in results])
    pairs = zip((*streams, *results), (*record.inputs, *record.outputs), strict=True)
    for (prefix, port), stream in pairs:
        cocotb.start_soon(_watch_stream(dut, prefix, port, stream, period_ns))
    cocotb.start_soon(_watch_reset(dut, record, period_ns))
    return record


def watch_layers(dut: HierarchyObject, case: Case, period_ns: int) -> dict[str, list[int]]:
    """Return for each node, and for the entry, the cycles in which beats leave; fills as they do.

    Without stalls nothing is ever frozen, so that valid alone tells of a beat. Nothing is returned
    where layers cannot be told apart: in a flattened netlist, in Verilog written by hand.
    """
    try:
        core = block(dut, "core")
    except KeyError:
        return {}
    wires = {node.name: probe_names(node.name)[0] for node in case.plain.nodes}
    wires[case.network.input.name] = "enters"
    left: dict[str, list[int]] = {name: [] for name in wires}
    for name, wire in wires.items():
        cocotb.start_soon(_watch_valid(bit(dut, "aclk"), bit(core, wire), left[name], period_ns))
    return left


async def _watch_valid(
    clock: LogicObject, valid: LogicObject, cycles: list[int], period_ns: int
) -> None:
    while True:
        await RisingEdge(clock)
        if number(valid):
            cycles.append(int(get_sim_time("ns")) // period_ns)
        else:
            await RisingEdge(valid)


async def _watch_stream(
    dut: HierarchyObject, prefix: str, port: Port, stream: StreamRecord, period_ns: int
) -> None:
    """Note every beat; sleeps while none is offered, and while one waits.

    Pins change after a clock edge only, so the next edge is the first that counts.
    """
    clock, reset = bit(dut, "aclk"), bit(dut, "aresetn")
    valid, ready = bit(dut, f"{prefix}_tvalid"), bit(dut, f"{prefix}_tready")
    last = bit(dut, f"{prefix}_tlast")
    tid = word(dut, f"{prefix}_tid") if port.series > 1 else None
    edge, offers, takes = RisingEdge(clock), RisingEdge(valid), RisingEdge(ready)
    offered: int | None = None
    while True:
        await edge
        cycle = int(get_sim_time("ns")) // period_ns
        if not number(reset) or not number(valid):
            if offered is not None:
                stream.beats.append(BeatRecord(offered, NEVER))
                offered = None
            if number(reset):
                await offers
            else:
                await RisingEdge(reset)
            continue
        offered = cycle if offered is None else offered
        if not number(ready):
            # A reset may come before.
            await First(takes, FallingEdge(reset))
            continue
        series = 0 if tid is None else number(tid)
        stream.beats.append(BeatRecord(offered, cycle, number(last), series))
        offered = None


async def _watch_reset(dut: HierarchyObject, record: Record, period_ns: int) -> None:
    """Note the first clock edge of each reset."""
    clock, reset = bit(dut, "aclk"), bit(dut, "aresetn")
    while True:
        await FallingEdge(reset)
        await RisingEdge(clock)
        record.resets.append(int(get_sim_time("ns")) // period_ns)
        if not number(reset):
            await RisingEdge(reset)
