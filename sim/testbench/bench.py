"""Drivers and monitors around the accelerator: AXI4-Stream on both sides, reset, cycle counter."""

import random
import warnings
from collections.abc import Iterator

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.handle import HierarchyObject
from cocotb.triggers import ClockCycles, RisingEdge

from hw.axi import padded_width
from hw.stream import Port
from sim.testbench.case import Case
from sim.testbench.handles import bit, number, word

with warnings.catch_warnings():
    # cocotbext-axi 0.1.28 uses names that cocotb 2.1 has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

PERIOD_NS = 10


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
    """Counts rising edges since reset, and notes those at which each stream moves a beat."""

    def __init__(self, dut: HierarchyObject) -> None:
        self._dut = dut
        self.cycle = 0
        self.input_beats: list[int] = []
        self.output_beats: list[int] = []
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        clock, reset = bit(self._dut, "aclk"), bit(self._dut, "aresetn")
        offered, accepted = bit(self._dut, "s_axis_tvalid"), bit(self._dut, "s_axis_tready")
        while True:
            await RisingEdge(clock)
            if not number(reset):
                self._waiting = None
                continue
            if number(offered) and number(accepted):
                self.input_beats.append(self.cycle)
            self._watch_output()
            self.cycle += 1

    _waiting: int | None = None

    def _watch_output(self) -> None:
        """Note an output beat, and check that one that waits holds still."""
        where = f"cycle {self.cycle}: m_axis"
        valid, ready, last = (
            number(bit(self._dut, f"m_axis_t{n}")) for n in ("valid", "ready", "last")
        )
        data = number(word(self._dut, "m_axis_tdata"))
        if self._waiting is not None:
            assert valid, f"{where}_tvalid withdrawn before m_axis_tready"
            assert data == self._waiting, f"{where}_tdata changed while it waited"
        self._waiting = data if valid and not ready else None
        if valid and ready:
            assert last, f"{where}: beat without m_axis_tlast"
            self.output_beats.append(self.cycle)


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
            self.source.set_pause_generator(_pauses(rng, gaps))
        if stalls:
            self.sink.set_pause_generator(_pauses(rng, stalls))
        self.handshakes = Handshakes(dut)

    async def reset(self) -> None:
        """Hold reset for four cycles."""
        self.reset_pin.value = 0
        await ClockCycles(self.clock, 4)
        self.reset_pin.value = 1

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
        """Return the codes of the next forecast."""
        frame = await self.sink.recv()
        return unpack_beat(int(frame.tdata[0]), self.case.network.output)

    async def settle(self) -> None:
        """Wait until whatever is still in the pipeline must have come out."""
        timing = self.case.network.timing
        await ClockCycles(self.clock, timing.latency_cycles + timing.interval_cycles + 8)

    @property
    def patience_ns(self) -> int:
        """Time within which a forecast must come, pauses included."""
        timing = self.case.network.timing
        return PERIOD_NS * (20 * (timing.window_cycles + timing.interval_cycles) + 2000)


def _pauses(rng: random.Random, probability: float) -> Iterator[bool]:
    while True:
        yield rng.random() < probability


def codes_of(value: int, port: Port) -> np.ndarray:
    """Return the codes in a packed array of unpadded values, as probes carry them."""
    width = port.format.width
    raw = [(value >> (i * width)) & ((1 << width) - 1) for i in range(port.channels)]
    sign = 1 << (width - 1) if port.format.signed else 0
    return np.array([(code ^ sign) - sign for code in raw], dtype=np.int64)
