"""Golden vectors through the accelerator: every code, every cycle, AXI4-Stream's rules.

``vectors.json`` holds, for every stream, its beats in order as the golden model says them. Add
tests of your own below: `Bench.exchange` sends them all, and every `Monitor` compares what comes.
"""

import json
import os
import random
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, with_timeout
from cocotb.utils import get_sim_time

PERIOD_NS = 10
VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
SEED = int(os.environ.get("SEED") or 1)


@dataclass(frozen=True)
class Beat:
    """One beat of AXI4-Stream."""

    tdata: int
    tlast: int
    tid: int


@dataclass(frozen=True)
class Stream:
    """The golden model's beats of one stream.

    Parameters
    ----------
    prefix
        What its pins begin with.
    channels, width, padded_width, signed
        Codes in a beat, bits of each, bits that each takes in ``tdata``, and their sign.
    beats
        In order.
    """

    prefix: str
    channels: int
    width: int
    padded_width: int
    signed: bool
    beats: tuple[Beat, ...]

    @classmethod
    def load(cls, document: dict[str, Any]) -> "Stream":
        """Read a stream of ``vectors.json``."""
        rows = document.pop("beats")
        beats = tuple(Beat(int(tdata, 16), tlast, tid) for tdata, tlast, tid in rows)
        return cls(**document, beats=beats)

    def codes(self, tdata: int) -> list[int]:
        """Return the codes in ``tdata``, channel 0 first."""
        mask = (1 << self.padded_width) - 1
        raw = [(tdata >> (k * self.padded_width)) & mask for k in range(self.channels)]
        sign = 1 << (self.padded_width - 1) if self.signed else 0
        return [(code ^ sign) - sign for code in raw]


INPUTS = [Stream.load(document) for document in VECTORS["inputs"]]
OUTPUTS = [Stream.load(document) for document in VECTORS["outputs"]]
CYCLES: dict[str, int] | None = VECTORS["cycles"]


class Pins:
    """The pins of one stream."""

    def __init__(self, dut: Any, stream: Stream) -> None:
        self.stream, prefix = stream, stream.prefix
        self.tvalid, self.tready = (
            getattr(dut, f"{prefix}_tvalid"),
            getattr(dut, f"{prefix}_tready"),
        )
        self.tdata, self.tlast = getattr(dut, f"{prefix}_tdata"), getattr(dut, f"{prefix}_tlast")
        self.tid = getattr(dut, f"{prefix}_tid", None)

    def read(self) -> Beat:
        """Return the beat that is offered."""
        tid = 0 if self.tid is None else int(self.tid.value)
        return Beat(int(self.tdata.value), int(self.tlast.value), tid)


class Driver(Pins):
    """Offers the beats of an input; once valid, a beat holds until it is taken."""

    cycles: list[int]

    async def run(self, dut: Any, gaps: float, rng: random.Random) -> None:
        """Send every beat; `gaps` is the probability of a pause in each cycle."""
        self.cycles = []
        for beat in self.stream.beats:
            while rng.random() < gaps:
                await FallingEdge(dut.aclk)
            self.tdata.value, self.tlast.value = beat.tdata, beat.tlast
            if self.tid is not None:
                self.tid.value = beat.tid
            self.tvalid.value = 1
            await RisingEdge(dut.aclk)
            while not int(self.tready.value):
                await RisingEdge(dut.aclk)
            self.cycles.append(cycle())
            # Pins change between clock edges, so that no simulator has to order them.
            await FallingEdge(dut.aclk)
            self.tvalid.value = 0


class Monitor(Pins):
    """Takes the beats of an output, compares each, and checks the rules of AXI4-Stream."""

    cycles: list[int]

    async def run(self, dut: Any, stalls: float, rng: random.Random) -> None:
        """Take every beat; `stalls` is the probability that ``tready`` is low in a cycle."""
        self.cycles, waiting = [], None
        while len(self.cycles) < len(self.stream.beats):
            await FallingEdge(dut.aclk)
            ready = rng.random() >= stalls
            self.tready.value = ready
            await RisingEdge(dut.aclk)
            valid = int(self.tvalid.value)
            beat = self.read() if valid else None
            where = f"{self.stream.prefix}, beat {len(self.cycles)}, cycle {cycle()}"
            assert waiting is None or beat == waiting, f"{where}: changed while it waited"
            waiting = beat if beat is not None and not ready else None
            if beat is not None and ready:
                self.compare(where, beat, self.stream.beats[len(self.cycles)])
                self.cycles.append(cycle())

    def compare(self, where: str, actual: Beat, expected: Beat) -> None:
        """Fail at the first difference, with both codes."""
        pairs = zip(self.stream.codes(actual.tdata), self.stream.codes(expected.tdata), strict=True)
        for channel, (found, wanted) in enumerate(pairs):
            assert found == wanted, (
                f"{where}, channel {channel}: RTL gives code {found}, the golden model {wanted}"
            )
        for name in ("tlast", "tid"):
            found, wanted = getattr(actual, name), getattr(expected, name)
            assert found == wanted, f"{where}: {name} is {found} instead of {wanted}"


class Bench:
    """The accelerator between drivers and monitors."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.drivers = [Driver(dut, stream) for stream in INPUTS]
        self.monitors = [Monitor(dut, stream) for stream in OUTPUTS]
        Clock(dut.aclk, PERIOD_NS, unit="ns").start()

    async def reset(self) -> None:
        """Hold reset for four cycles, with all pins of ours at rest."""
        for driver in self.drivers:
            driver.tvalid.value = 0
        for monitor in self.monitors:
            monitor.tready.value = 1
        await FallingEdge(self.dut.aclk)
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 4)
        await FallingEdge(self.dut.aclk)
        self.dut.aresetn.value = 1

    async def exchange(self, gaps: float = 0.0, stalls: float = 0.0) -> None:
        """Send all beats, compare all answers; no further one may come."""
        rng = random.Random(SEED)
        tasks = [
            cocotb.start_soon(pins.run(self.dut, share, random.Random(rng.random())))
            for group, share in ((self.drivers, gaps), (self.monitors, stalls))
            for pins in group
        ]
        for task in tasks:
            await with_timeout(task, PATIENCE_NS, "ns")
        for monitor in self.monitors:
            monitor.tready.value = 1
        for _ in range(VECTORS["settle_cycles"]):
            await RisingEdge(self.dut.aclk)
            for monitor in self.monitors:
                assert not int(monitor.tvalid.value), f"{monitor.stream.prefix}: a beat too many"


PATIENCE_NS = PERIOD_NS * VECTORS["patience_cycles"]


def cycle() -> int:
    """Return the index of the clock edge."""
    return int(get_sim_time("ns")) // PERIOD_NS


@cocotb.test()
async def back_to_back(dut: Any) -> None:
    """No gaps, no stalls: the cycles are those that the design promises."""
    bench = Bench(dut)
    await bench.reset()
    await bench.exchange()
    if CYCLES is None:
        dut._log.info("time depends on data or on the order of series here: no cycles compared")
        return
    sent, taken = bench.drivers[CYCLES["input"]].cycles, bench.monitors[0].cycles
    period, beats = CYCLES["input_beats"], CYCLES["output_beats"]
    firsts = taken[::beats]
    latency = {out - sent[k * period + CYCLES["awaited"]] for k, out in enumerate(firsts)}
    interval = {later - earlier for earlier, later in pairwise(firsts)}
    dut._log.info(f"latency {latency} cycles, interval {interval} cycles")
    assert latency == {CYCLES["latency_cycles"]}, f"promised: {CYCLES['latency_cycles']}"
    assert interval == {CYCLES["interval_cycles"]}, f"promised: {CYCLES['interval_cycles']}"


@cocotb.test()
async def random_gaps(dut: Any) -> None:
    """The source pauses at random."""
    bench = Bench(dut)
    await bench.reset()
    await bench.exchange(gaps=0.4)


@cocotb.test()
async def random_stalls(dut: Any) -> None:
    """The sink stalls at random."""
    bench = Bench(dut)
    await bench.reset()
    await bench.exchange(stalls=0.6)


@cocotb.test()
async def gaps_and_stalls(dut: Any) -> None:
    """Both, and the sink stalls nearly always."""
    bench = Bench(dut)
    await bench.reset()
    await bench.exchange(gaps=0.3, stalls=0.9)


@cocotb.test()
async def reset_in_between(dut: Any) -> None:
    """What a reset cuts short leaves no trace."""
    bench = Bench(dut)
    await bench.reset()
    for task in [
        cocotb.start_soon(driver.run(dut, 0.0, random.Random(SEED))) for driver in bench.drivers
    ]:
        await ClockCycles(dut.aclk, VECTORS["settle_cycles"] // 2)
        task.cancel()
    await bench.reset()
    await bench.exchange()
