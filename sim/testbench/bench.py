"""Drivers and monitors around the accelerator: AXI4-Stream on both sides, reset, cycle counter."""

import random
import warnings
from collections.abc import Iterator, Sequence

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles, FallingEdge, First, RisingEdge, ValueChange
from cocotb.utils import get_sim_time

from hw.network.design import Design
from hw.network.gated import GatedNetwork
from hw.stream import Port
from hw.top.entry import padded_width
from sim.testbench.case import Case
from sim.testbench.handles import bit, inner, number, word
from sim.testbench.watch import watch_pins

with warnings.catch_warnings():
    # cocotbext-axi 0.1.28 uses names that cocotb 2.1 has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

PERIOD_NS = 10
LONGEST, LONG_ONES = 40, 12
"""Cycles of a long pause of a stream, and how many pauses one of them is."""

RESET_CYCLES = 4
SHORT_RESETS = 16
DROP_BITS = 32
HIGH = 3
"""High values from which counters go on."""


def pack_beat(codes: list[int], port: Port) -> int:
    """Return tdata of one beat."""
    width = padded_width(port)
    return sum((code & ((1 << width) - 1)) << (i * width) for i, code in enumerate(codes))


def unpack_beat(tdata: int, port: Port) -> list[int]:
    """Return the codes in tdata."""
    width = padded_width(port)
    raw = [(tdata >> (i * width)) & ((1 << width) - 1) for i in range(port.channels)]
    sign = 1 << (width - 1) if port.format.signed else 0
    return [(code ^ sign) - sign for code in raw]


class Handshakes:
    """Notes the rising edge at which each stream moves a beat, and checks AXI4-Stream's rules.

    It sleeps while neither stream can move one: most of the time that a folded design takes.
    """

    def __init__(self, dut: HierarchyObject) -> None:
        self._clock, self._reset = bit(dut, "aclk"), bit(dut, "aresetn")
        self._offered, self._accepts = bit(dut, "s_axis_tvalid"), bit(dut, "s_axis_tready")
        self._valid, self._ready = bit(dut, "m_axis_tvalid"), bit(dut, "m_axis_tready")
        self._data = word(dut, "m_axis_tdata")
        self._waiting: int | None = None
        self.input_beats: list[int] = []
        self.output_beats: list[int] = []
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        while True:
            await RisingEdge(self._clock)
            if not number(self._reset):
                self._waiting = None
                continue
            accepts, valid = number(self._accepts), number(self._valid)
            cycle = int(get_sim_time("ns")) // PERIOD_NS
            if accepts and number(self._offered):
                self.input_beats.append(cycle)
            if valid or self._waiting is not None:
                self._watch_output(cycle, bool(valid))
            elif not accepts:
                # Both change only after a clock edge, so the next edge is the first that counts.
                await First(RisingEdge(self._accepts), RisingEdge(self._valid))

    def _watch_output(self, cycle: int, valid: bool) -> None:
        """Note an output beat, and check that one that waits holds still."""
        where = f"cycle {cycle}: m_axis"
        data, ready = number(self._data), number(self._ready)
        if self._waiting is not None:
            assert valid, f"{where}_tvalid withdrawn before m_axis_tready"
            assert data == self._waiting, f"{where}_tdata changed while it waited"
        self._waiting = data if valid and not ready else None
        if valid and ready:
            self.output_beats.append(cycle)


class DropWatch:
    """Checks that windows are counted as dropped one at a time, from zero at a reset.

    Parameters
    ----------
    dut
        The top ``accelerator``.
    design
        What it holds.
    """

    def __init__(self, dut: HierarchyObject, design: Design) -> None:
        self._dut, self._clock = dut, bit(dut, "aclk")
        self._reset, self._dropped = bit(dut, "aresetn"), word(dut, "dropped_windows")
        self._core = "cheap" if isinstance(design, GatedNetwork) else "core"
        self._given: int | None = None
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        before = number(self._dropped)
        while True:
            await ValueChange(self._dropped)
            now = number(self._dropped)
            due = (before + 1) % (1 << DROP_BITS) if number(self._reset) else 0
            due, self._given = (due if self._given is None else self._given), None
            assert now == due, f"{now} dropped windows after {before} instead of {due}"
            before = now

    async def begin_at(self, count: int) -> None:
        """Go on as if `count` windows had been dropped, more than any simulation drops."""
        await FallingEdge(self._clock)
        if number(self._dropped) != count:
            self._given = count
            inner(self._dut, self._core, "entry", "dropped_windows").value = count
        await RisingEdge(self._clock)
        counted = number(self._dropped)
        assert counted == count, f"{counted} dropped windows instead of {count}"


def high_counts(rng: random.Random, width: int) -> tuple[int, int, int]:
    """Return counts in which every bit is set and clear, and the last one before it wraps."""
    some, most = rng.getrandbits(width), (1 << width) - 1
    return some, some ^ most, most


class Bench:
    """The accelerator between an AXI4-Stream source and a sink.

    Parameters
    ----------
    dut
        The top ``accelerator``.
    case
        Network and windows.
    gaps, stalls
        Probability of a paused cycle at the input and at the output.
    """

    def __init__(
        self, dut: HierarchyObject, case: Case, gaps: float = 0.0, stalls: float = 0.0
    ) -> None:
        self.dut, self.case = dut, case
        self.clock, self.reset_pin = bit(dut, "aclk"), bit(dut, "aresetn")
        Clock(self.clock, PERIOD_NS, unit="ns").start()
        pins = (self.clock, self.reset_pin)
        # Without tkeep the whole beat is one lane: a frame is a list of tdata words.
        options = {"reset_active_level": False, "byte_lanes": 1}
        source, sink = (AxiStreamBus.from_prefix(dut, prefix) for prefix in ("s_axis", "m_axis"))
        self.source = AxiStreamSource(source, *pins, **options)
        self.sink = AxiStreamSink(sink, *pins, **options)
        rng = random.Random(case.seed)
        if gaps:
            self.source.set_pause_generator(pauses(rng, gaps, LONGEST))
            cocotb.start_soon(disturb(dut, "s_axis", random.Random(case.seed)))
        if stalls:
            self.sink.set_pause_generator(pauses(rng, stalls, LONGEST))
        self.handshakes = Handshakes(dut)
        self.record = watch_pins(dut, case, PERIOD_NS)
        self.drops = DropWatch(dut, case.network)

    async def reset(self, cycles: int = RESET_CYCLES) -> None:
        """Hold reset for some cycles."""
        self.reset_pin.value = 0
        await ClockCycles(self.clock, cycles)
        self.reset_pin.value = 1
        cocotb.start_soon(ready_after_reset(self.dut, "s_axis", 1))

    def send(self, window: int, beats: int | None = None, extra: int = 0) -> None:
        """Queue a window; with `beats` only its beginning, with `extra` beats too many.

        ``tlast`` comes with the last beat that is sent.
        """
        network = self.case.network
        rows = self.case.codes[window].reshape(-1, network.features).tolist()[:beats]
        rows += [rows[-1]] * extra
        words = [pack_beat(row, network.input) for row in rows]
        # The frame takes words of any width, though it is annotated with bytes only.
        self.source.send_nowait(AxiStreamFrame(words))  # pyright: ignore[reportArgumentType]

    async def receive(self) -> list[int]:
        """Return the codes of the next forecast, all its beats one after another."""
        frame = await self.sink.recv()
        port = self.case.network.output
        assert len(frame.tdata) == port.beats, (
            f"m_axis_tlast closed a forecast of {len(frame.tdata)} beats instead of {port.beats}"
        )
        return [code for word in frame.tdata for code in unpack_beat(int(word), port)]

    async def settle(self) -> None:
        """Wait until whatever is still in the pipeline must have come out."""
        timing = self.case.network.worst_timing
        await ClockCycles(self.clock, timing.latency_cycles + timing.interval_cycles + 8)

    def stall(self, stalled: bool) -> None:
        """Hold ``m_axis_tready`` low, or let it go."""
        self.sink.pause = stalled

    @property
    def patience_ns(self) -> int:
        """Time within which a forecast must come, pauses included."""
        timing = self.case.network.worst_timing
        return PERIOD_NS * (20 * (timing.window_cycles + timing.interval_cycles) + 2000)


async def disturb(dut: HierarchyObject, prefix: str, rng: random.Random) -> None:
    """Put anything on a stream's wires whenever it goes idle: without valid they mean nothing."""
    valid = bit(dut, f"{prefix}_tvalid")
    wires = [word(dut, f"{prefix}_{name}") for name in ("tdata", "tlast")]
    while True:
        await FallingEdge(valid)
        for wire in wires:
            wire.value = rng.getrandbits(len(wire))


async def ready_after_reset(dut: HierarchyObject, prefix: str, series: int) -> None:
    """Check that a design takes beats at once after a reset, but for a cycle to clear each state.

    States are cleared when there are several `series`, as many as their addresses.
    """
    clock, reset, ready = bit(dut, "aclk"), bit(dut, "aresetn"), bit(dut, f"{prefix}_tready")
    clearing = 1 << (series - 1).bit_length() if series > 1 else 0
    for cycle in range(clearing + 1):
        await RisingEdge(clock)
        if not number(reset):
            return
        due = cycle == clearing
        assert number(ready) == due, f"{prefix}_tready is {1 - due} {cycle} cycles after a reset"


def reset_moments(shares: Sequence[float], rng: random.Random) -> Iterator[tuple[float, int]]:
    """Yield moments of resets, in shares of the time of a window, and how long each is held.

    Behind those given come others at random: what one cycle of reset leaves must not matter.
    """
    yield from ((share, RESET_CYCLES) for share in shares)
    yield from ((1.5 * rng.random(), 1) for _ in range(SHORT_RESETS))


def pauses(rng: random.Random, probability: float, longest: int = 0) -> Iterator[bool]:
    """Yield for every cycle whether it is paused; one pause in `LONG_ONES` is up to `longest`."""
    while True:
        paused = rng.random() < probability
        yield paused
        if paused and longest and rng.randrange(LONG_ONES) == 0:
            yield from (True for _ in range(rng.randrange(longest)))


def codes_of(value: int, port: Port) -> np.ndarray:
    """Return the codes in a packed array of unpadded values, as probes carry them."""
    width = port.format.width
    raw = [(value >> (i * width)) & ((1 << width) - 1) for i in range(port.channels)]
    sign = 1 << (width - 1) if port.format.signed else 0
    return np.array([(code ^ sign) - sign for code in raw], dtype=np.int64)
