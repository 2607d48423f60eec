"""The top for DMA engines: streams of 32 or 64 bits with ``tkeep``, registers behind AXI4-Lite.

A DMA engine moves words of a power of two of bytes; a beat of a network is as wide as its values.
Here every beat is a whole number of words, low bits first: a host pads each time step, and each
beat of a forecast, with bytes that mean nothing (`DmaFormat` lays arrays out). A window is one
packet. One that ends within a beat, or whose ``tkeep`` is not all ones everywhere, is made one
that the network's entry drops and counts; the next packet begins the next window.
"""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.control.axi_lite import PREFIX, axi_lite_pins
from hw.control.map import control_map, host_memories
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.stream import Port
from hw.top.axi import Accelerator
from hw.top.entry import padded_width
from hw.top.write_verilog import to_verilog

_WORDS = (4, 8)


@dataclass(frozen=True)
class DmaFormat:
    """How the beats of a port lie in memory.

    Parameters
    ----------
    port
        Input or output of a network.
    """

    port: Port

    @property
    def value_bytes(self) -> int:
        """Bytes of one value, low byte first, sign extended."""
        return padded_width(self.port) // 8

    @property
    def beat_bytes(self) -> int:
        """Bytes of the values of a beat."""
        return self.value_bytes * self.port.channels

    @property
    def word_bytes(self) -> int:
        """Bytes of a word of the stream: the ports of a Zynq's memory take eight at once."""
        return next((size for size in _WORDS if self.beat_bytes <= size), _WORDS[-1])

    @property
    def words(self) -> int:
        """Words of a beat."""
        return -(-self.beat_bytes // self.word_bytes)

    @property
    def padded_bytes(self) -> int:
        """Bytes from one beat to the next."""
        return self.words * self.word_bytes

    @property
    def packet_bytes(self) -> int:
        """Bytes of a window or a forecast."""
        return self.port.beats * self.padded_bytes

    def pack(self, codes: np.ndarray) -> bytes:
        """Return the packet of int64 `codes` ``(T, C)``, or ``(C,)`` where it is one beat."""
        rows = codes.astype("<i8").reshape(self.port.beats, self.port.channels)
        values = rows.view(np.uint8).reshape(self.port.beats, self.port.channels, 8)
        packet = np.zeros((self.port.beats, self.padded_bytes), np.uint8)
        used = values[:, :, : self.value_bytes].reshape(self.port.beats, self.beat_bytes)
        packet[:, : self.beat_bytes] = used
        return packet.tobytes()


class DmaAccelerator(wiring.Component):
    """A network behind streams for DMA engines, with registers.

    Parameters
    ----------
    network
        What is computed: one input, one output, windows of one series.

    Raises
    ------
    ChronogateError
        When `network` is another.
    """

    aclk: Signal
    aresetn: Signal
    s_axis_tdata: Signal
    s_axis_tkeep: Signal
    s_axis_tvalid: Signal
    s_axis_tready: Signal
    s_axis_tlast: Signal
    m_axis_tdata: Signal
    m_axis_tkeep: Signal
    m_axis_tvalid: Signal
    m_axis_tready: Signal
    m_axis_tlast: Signal

    def __init__(self, network: Network) -> None:
        check_dma(network)
        self._network = network
        self._input = DmaFormat(network.input)
        self._output = DmaFormat(network.output)
        registers = control_map(network, host_memories(network))
        self._bus = axi_lite_pins(registers.address_bits, PREFIX)
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                "s_axis_tdata": In(8 * self._input.word_bytes),
                "s_axis_tkeep": In(self._input.word_bytes),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(8 * self._output.word_bytes),
                "m_axis_tkeep": Out(self._output.word_bytes),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
                **self._bus,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Not `sync`, which is the accelerator's own.
        m.domains.dma = ClockDomain()
        m.d.comb += [ClockSignal("dma").eq(self.aclk), ResetSignal("dma").eq(~self.aresetn)]
        m.submodules.accelerator = accelerator = Accelerator(self._network, control=True)
        joins, splits = WordsToBeat(self._input), BeatToWords(self._output)
        m.submodules.joins = DomainRenamer("dma")(joins)
        m.submodules.splits = DomainRenamer("dma")(splits)
        for name, member in self._bus.items():
            inner, outer = getattr(accelerator, name), getattr(self, name)
            m.d.comb += outer.eq(inner) if member.flow == Out else inner.eq(outer)
        m.d.comb += [
            accelerator.aclk.eq(self.aclk),
            accelerator.aresetn.eq(self.aresetn),
            joins.i.payload.data.eq(self.s_axis_tdata),
            joins.i.payload.keep.eq(self.s_axis_tkeep),
            joins.i.payload.last.eq(self.s_axis_tlast),
            joins.i.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(joins.i.ready),
            accelerator.s_axis_tdata.eq(joins.o.payload.data),
            accelerator.s_axis_tlast.eq(joins.o.payload.last),
            accelerator.s_axis_tvalid.eq(joins.o.valid),
            joins.o.ready.eq(accelerator.s_axis_tready),
            splits.i.payload.data.eq(accelerator.m_axis_tdata),
            splits.i.payload.last.eq(accelerator.m_axis_tlast),
            splits.i.valid.eq(accelerator.m_axis_tvalid),
            accelerator.m_axis_tready.eq(splits.i.ready),
            self.m_axis_tdata.eq(splits.o.payload.data),
            self.m_axis_tkeep.eq(splits.o.payload.keep),
            self.m_axis_tlast.eq(splits.o.payload.last),
            self.m_axis_tvalid.eq(splits.o.valid),
            splits.o.ready.eq(self.m_axis_tready),
        ]
        return m


class WordsToBeat(wiring.Component):
    """Joins words into beats; a window whose words are not whole ends in the wrong place."""

    i: stream.Interface
    o: stream.Interface

    def __init__(self, format: DmaFormat) -> None:
        super().__init__({"i": In(_words(format)), "o": Out(_beats(format))})
        self._format = format

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words, beats = self._format.words, self._format.port.beats
        width = 8 * self._format.word_bytes
        index = Signal(range(words), name="word_index")
        kept = [Signal(width, name=f"word{k}") for k in range(words - 1)]
        place = Signal(range(beats + 1), name="beat_place")  # `beats`: too late already
        spoilt, late = Signal(name="spoilt"), Signal(name="late_end")
        closes, bad, ends = (Signal(name=name) for name in ("closes", "bad", "ends"))
        i, o = self.i, self.o
        m.d.comb += [
            closes.eq((index == words - 1) | i.payload.last),
            bad.eq(spoilt | ~i.payload.keep.all() | (i.payload.last & (index != words - 1))),
            # The beat that would complete a spoilt window must not: its end comes one beat later.
            ends.eq(i.payload.last & ~(bad & (place == beats - 1))),
            o.payload.data.eq(Cat(*kept, i.payload.data)),
            o.payload.last.eq(late | ends),
            o.valid.eq(late | (i.valid & closes)),
            i.ready.eq(~late & (~closes | o.ready)),
        ]
        with m.If(late):
            with m.If(o.ready):
                m.d.sync += late.eq(0)
        with m.Elif(i.valid & i.ready):
            m.d.sync += [index.eq(index + 1), spoilt.eq(bad)]
            with m.If(closes):
                m.d.sync += index.eq(0)
                with m.If(place != beats):
                    m.d.sync += place.eq(place + 1)
            with m.If(i.payload.last):
                m.d.sync += [place.eq(0), spoilt.eq(0), late.eq(~ends)]
            for k, word in enumerate(kept):
                with m.If(index == k):
                    m.d.sync += word.eq(i.payload.data)
        return m


class BeatToWords(wiring.Component):
    """Splits beats into words; ``keep`` is all ones, the bytes that fill the last word are zero."""

    i: stream.Interface
    o: stream.Interface

    def __init__(self, format: DmaFormat) -> None:
        super().__init__({"i": In(_beats(format)), "o": Out(_words(format))})
        self._format = format

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = self._format.words
        index = Signal(range(words), name="word_index")
        final = Signal(name="final_word")
        padded = Signal(8 * self._format.padded_bytes, name="padded_beat")
        m.d.comb += [
            final.eq(index == words - 1),
            padded.eq(self.i.payload.data),
            self.o.payload.data.eq(padded.word_select(index, 8 * self._format.word_bytes)),
            self.o.payload.keep.eq(-1),
            self.o.payload.last.eq(self.i.payload.last & final),
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready & final),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += index.eq(index + 1)
            with m.If(final):
                m.d.sync += index.eq(0)
        return m


def check_dma(network: Network) -> None:
    """Refuse a network whose streams a pair of DMA channels cannot carry.

    Raises
    ------
    ChronogateError
        For several inputs, outputs or series, and for other modes than windows.
    """
    reasons = {
        f"{len(network.inputs)} inputs": len(network.inputs) > 1,
        f"{len(network.outputs)} outputs": len(network.outputs) > 1,
        f"{network.input.series} interleaved series": network.input.series > 1,
        f"the mode {network.mode}": network.mode is not Mode.WINDOW,
    }
    found = next((reason for reason, holds in reasons.items() if holds), None)
    if found is not None:
        raise ChronogateError(
            f"{network.name} has {found}, but the top for DMA engines takes windows of one series, "
            "one input and one output: convert it so, or connect the AXI4-Stream top itself"
        )


def dma_verilog(network: Network, name: str = "accelerator_dma") -> str:
    """Return the Verilog of `DmaAccelerator` as module `name`."""
    return to_verilog(DmaAccelerator(network), name)


def _words(format: DmaFormat) -> stream.Signature:
    size = format.word_bytes
    return stream.Signature(data.StructLayout({"data": 8 * size, "keep": size, "last": 1}))


def _beats(format: DmaFormat) -> stream.Signature:
    return stream.Signature(data.StructLayout({"data": 8 * format.beat_bytes, "last": 1}))
