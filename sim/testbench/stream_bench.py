"""Drivers and monitors for designs of any mode and any number of streams.

`sim.testbench.bench` thinks in windows of one input; here every stream is a row of beats, as
`sim.beats` arranges them.
"""

import random
import warnings
from dataclasses import dataclass

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.utils import get_sim_time

from hw.stream import Port
from hw.top.axi import input_prefixes, output_prefixes
from sim.beats import Beats, InputBeats
from sim.testbench.bench import (
    LONGEST,
    PERIOD_NS,
    RESET_CYCLES,
    DropWatch,
    disturb,
    pack_beat,
    pauses,
    ready_after_reset,
    unpack_beat,
)
from sim.testbench.case import Case
from sim.testbench.handles import bit, number, word
from sim.testbench.watch import watch_pins

with warnings.catch_warnings():
    # cocotbext-axi 0.1.28 uses names that cocotb 2.1 has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource


@dataclass(frozen=True)
class Moved:
    """A beat that was accepted in `cycle`."""

    cycle: int
    data: int
    last: int
    series: int


class StreamMonitor:
    """Notes the beats of one stream and checks AXI4-Stream's rules.

    It sleeps while no beat is offered.
    """

    def __init__(self, dut: HierarchyObject, prefix: str, port: Port) -> None:
        self.prefix, self.port = prefix, port
        self._clock, self._reset = bit(dut, "aclk"), bit(dut, "aresetn")
        self._valid, self._ready = bit(dut, f"{prefix}_tvalid"), bit(dut, f"{prefix}_tready")
        self._data, self._last = word(dut, f"{prefix}_tdata"), bit(dut, f"{prefix}_tlast")
        self._tid = word(dut, f"{prefix}_tid") if port.series > 1 else None
        self.beats: list[Moved] = []
        cocotb.start_soon(self._watch())

    @property
    def cycles(self) -> np.ndarray:
        """Cycles of the beats."""
        return np.array([beat.cycle for beat in self.beats], dtype=np.int64)

    async def _watch(self) -> None:
        waiting: tuple[int, int, int] | None = None
        while True:
            await RisingEdge(self._clock)
            if not number(self._reset):
                waiting = None
                continue
            cycle = int(get_sim_time("ns")) // PERIOD_NS
            if not number(self._valid):
                assert waiting is None, (
                    f"cycle {cycle}: {self.prefix}_tvalid withdrawn before {self.prefix}_tready"
                )
                # It changes only after a clock edge, so the next edge is the first that counts.
                await RisingEdge(self._valid)
                continue
            series = 0 if self._tid is None else number(self._tid)
            beat = number(self._data), number(self._last), series
            assert waiting in {None, beat}, f"cycle {cycle}: {self.prefix} changed while it waited"
            waiting = None if number(self._ready) else beat
            if waiting is None:
                self.beats.append(Moved(cycle, *beat))


class StreamBench:
    """The accelerator with a source and a sink on every stream, each with pauses of its own.

    Parameters
    ----------
    dut
        The top ``accelerator``.
    case
        Network and codes.
    gaps, stalls
        Probability of a paused cycle at each input and at each output.
    """

    def __init__(
        self, dut: HierarchyObject, case: Case, gaps: float = 0.0, stalls: float = 0.0
    ) -> None:
        self.case, self.dut = case, dut
        network = case.network
        self.clock, self.reset_pin = bit(dut, "aclk"), bit(dut, "aresetn")
        Clock(self.clock, PERIOD_NS, unit="ns").start()
        pins = (self.clock, self.reset_pin)
        options = {"reset_active_level": False, "byte_lanes": 1}
        prefixes = input_prefixes(network)
        sources = [(prefixes[port.name], port) for port in network.inputs]
        results = list(zip(output_prefixes(network), network.output_ports, strict=True))
        self.sources = [
            AxiStreamSource(AxiStreamBus.from_prefix(dut, prefix), *pins, **options)
            for prefix, _ in sources
        ]
        self.sinks = [
            AxiStreamSink(AxiStreamBus.from_prefix(dut, prefix), *pins, **options)
            for prefix, _ in results
        ]
        for number_, model in enumerate((*self.sources, *self.sinks)):
            share = gaps if number_ < len(self.sources) else stalls
            if share:
                rng = random.Random(case.seed * 100 + number_)
                model.set_pause_generator(pauses(rng, share, LONGEST))
        for prefix, _ in sources if gaps else ():
            cocotb.start_soon(disturb(dut, prefix, random.Random(f"{case.seed} {prefix}")))
        self.inputs = [StreamMonitor(dut, prefix, port) for prefix, port in sources]
        self.outputs = [StreamMonitor(dut, prefix, port) for prefix, port in results]
        self.record = watch_pins(dut, case, PERIOD_NS)
        self.drops = DropWatch(dut, case.network)

    @property
    def lead(self) -> StreamMonitor:
        """The monitor of the leading input."""
        return self.inputs[self.case.network.inputs.index(self.case.network.input)]

    async def reset(self, cycles: int = RESET_CYCLES) -> None:
        """Hold reset for some cycles and forget what has moved."""
        self.reset_pin.value = 0
        for source in self.sources:
            source.clear()
        await ClockCycles(self.clock, cycles)
        self.reset_pin.value = 1
        for monitor in (*self.inputs, *self.outputs):
            monitor.beats.clear()
        # The leading input waits for what comes once a window on the other ones.
        for monitor in (m for m in self.inputs if len(self.inputs) == 1 or m is not self.lead):
            series = self.case.network.input.series
            cocotb.start_soon(ready_after_reset(self.dut, monitor.prefix, series))

    def send(self, inputs: tuple[InputBeats, ...]) -> None:
        """Queue the beats of every input; a frame is what ends with ``tlast``."""
        ports = self.case.network.inputs
        for source, beats, port in zip(self.sources, inputs, ports, strict=True):
            words = [pack_beat(row, port) for row in beats.codes.tolist()]
            ends = np.flatnonzero(beats.last).tolist()
            for begin, end in zip([0, *(e + 1 for e in ends)], ends, strict=False):
                series = beats.series[begin : end + 1].tolist()
                tid = series if port.series > 1 else None
                # The frame takes words of any width, though it is annotated with bytes only.
                frame = AxiStreamFrame(words[begin : end + 1], tid=tid)  # pyright: ignore[reportArgumentType]
                source.send_nowait(frame)

    def stall(self, stalled: bool) -> None:
        """Hold ``tready`` of every output low, or let it go."""
        for sink in self.sinks:
            sink.pause = stalled

    async def collect(self, beats: Beats, patience: int, dropped: int = 0) -> None:
        """Wait until every output has given its beats, and a while longer.

        Parameters
        ----------
        beats
            What is sent and due.
        patience
            Cycles within which a beat must move somewhere.
        dropped
            Windows that are to be counted as dropped by then.
        """
        wanted = [len(output.places) for output in beats.outputs]
        moved, idle = -1, 0
        while any(len(m.beats) < count for m, count in zip(self.outputs, wanted, strict=True)):
            await ClockCycles(self.clock, 32)
            now = sum(len(monitor.beats) for monitor in (*self.inputs, *self.outputs))
            idle = 0 if now != moved else idle + 32
            moved = now
            assert idle < patience, (
                f"only {[len(m.beats) for m in self.outputs]} of {wanted} output beats came, "
                f"then none for {patience} cycles"
            )
        timing = self.case.network.worst_timing
        await ClockCycles(self.clock, timing.last_beat_cycles + timing.interval_cycles + 8)
        for monitor, count in zip(self.outputs, wanted, strict=True):
            assert len(monitor.beats) == count, (
                f"{len(monitor.beats)} beats came on {monitor.prefix} instead of {count}"
            )
        counted = number(word(self.dut, "dropped_windows"))
        assert counted == dropped, f"{counted} windows counted as dropped, {dropped} were wrong"


def codes_moved(monitor: StreamMonitor) -> np.ndarray:
    """Return the codes of a monitor's beats, int64 ``(beats, channels)``."""
    rows = [unpack_beat(beat.data, monitor.port) for beat in monitor.beats]
    return np.array(rows, dtype=np.int64).reshape(-1, monitor.port.channels)
