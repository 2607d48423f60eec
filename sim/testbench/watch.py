"""Notes what the pins of a design do, for coverage."""

import cocotb
from cocotb.handle import HierarchyObject
from cocotb.triggers import FallingEdge, First, RisingEdge
from cocotb.utils import get_sim_time

from hw.stream import Port
from hw.top.axi import input_prefixes, output_prefixes
from sim.coverage.record import NEVER, BeatRecord, Record, StreamRecord
from sim.testbench.case import Case
from sim.testbench.handles import bit, number, word


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
