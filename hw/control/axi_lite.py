"""The AXI4-Lite side of a register bank (ARM IHI 0022, chapter B1).

Write address and write data may come in any order, each is kept until both are there. Every ready
and every valid is a function of registers alone, so no path leads from one channel to another or
through the slave. One write takes at least two cycles, one read, too; both go on side by side.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from hw.control.registers import WORD_BITS, WORD_BYTES

OKAY, SLVERR = 0b00, 0b10
"""Responses: done, and no such register or nothing in it that could be written."""

PROTECTION_BITS = 3

PREFIX = "s_axil_"
"""What the names of the pins begin with, outside of the slave itself."""


def axi_lite_pins(address_bits: int, prefix: str = "") -> dict[str, Member]:
    """Return the pins of a slave, named as in the specification after `prefix`."""
    pins = {
        "awaddr": In(address_bits),
        "awprot": In(PROTECTION_BITS),
        "awvalid": In(1),
        "awready": Out(1),
        "wdata": In(WORD_BITS),
        "wstrb": In(WORD_BYTES),
        "wvalid": In(1),
        "wready": Out(1),
        "bresp": Out(2),
        "bvalid": Out(1),
        "bready": In(1),
        "araddr": In(address_bits),
        "arprot": In(PROTECTION_BITS),
        "arvalid": In(1),
        "arready": Out(1),
        "rdata": Out(WORD_BITS),
        "rresp": Out(2),
        "rvalid": Out(1),
        "rready": In(1),
    }
    return {f"{prefix}{name}": member for name, member in pins.items()}


class AxiLite(wiring.Component):
    """AXI4-Lite slave in front of words of 32 bits.

    While `write` is high, for one cycle, word `write_address` takes the bytes of `write_data` that
    `write_strobe` marks; while `read` is high, `read_data` is taken from word `read_address`. In
    the same cycle `write_error` and `read_error` say that the address knows no such access.
    The protection bits and the two lowest bits of an address mean nothing here.

    Parameters
    ----------
    address_bits
        Bits of an address in bytes.
    """

    awaddr: Signal
    awvalid: Signal
    awready: Signal
    wdata: Signal
    wstrb: Signal
    wvalid: Signal
    wready: Signal
    bresp: Signal
    bvalid: Signal
    bready: Signal
    araddr: Signal
    arvalid: Signal
    arready: Signal
    rdata: Signal
    rresp: Signal
    rvalid: Signal
    rready: Signal
    write: Signal
    write_address: Signal
    write_data: Signal
    write_strobe: Signal
    write_error: Signal
    read: Signal
    read_address: Signal
    read_data: Signal
    read_error: Signal

    def __init__(self, address_bits: int) -> None:
        words = address_bits - (WORD_BYTES - 1).bit_length()
        super().__init__(
            axi_lite_pins(address_bits)
            | {
                "write": Out(1),
                "write_address": Out(words),
                "write_data": Out(WORD_BITS),
                "write_strobe": Out(WORD_BYTES),
                "write_error": In(1),
                "read": Out(1),
                "read_address": Out(words),
                "read_data": In(WORD_BITS),
                "read_error": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._write(m)
        self._read(m)
        return m

    def _write(self, m: Module) -> None:
        address_kept = Signal(name="write_address_kept")
        data_kept = Signal(name="write_data_kept")
        m.d.comb += [
            self.awready.eq(~address_kept),
            self.wready.eq(~data_kept),
            self.write.eq(address_kept & data_kept & ~self.bvalid),
        ]
        with m.If(self.awvalid & self.awready):
            m.d.sync += [
                address_kept.eq(1),
                self.write_address.eq(self.awaddr[-len(self.write_address) :]),
            ]
        with m.If(self.wvalid & self.wready):
            m.d.sync += [
                data_kept.eq(1),
                self.write_data.eq(self.wdata),
                self.write_strobe.eq(self.wstrb),
            ]
        with m.If(self.bready):
            m.d.sync += self.bvalid.eq(0)
        with m.If(self.write):
            m.d.sync += [
                address_kept.eq(0),
                data_kept.eq(0),
                self.bvalid.eq(1),
                self.bresp.eq(Mux(self.write_error, SLVERR, OKAY)),
            ]

    def _read(self, m: Module) -> None:
        kept = Signal(name="read_address_kept")
        m.d.comb += [self.arready.eq(~kept), self.read.eq(kept & ~self.rvalid)]
        with m.If(self.arvalid & self.arready):
            m.d.sync += [
                kept.eq(1),
                self.read_address.eq(self.araddr[-len(self.read_address) :]),
            ]
        with m.If(self.rready):
            m.d.sync += self.rvalid.eq(0)
        with m.If(self.read):
            m.d.sync += [
                kept.eq(0),
                self.rvalid.eq(1),
                self.rdata.eq(Mux(self.read_error, 0, self.read_data)),
                self.rresp.eq(Mux(self.read_error, SLVERR, OKAY)),
            ]


def connect_bus(
    m: Module, outer: wiring.Component, inner: wiring.Component, address_bits: int, prefix: str
) -> None:
    """Lead the pins ``s_axil_*`` of `outer` to the pins of `inner`, which begin with `prefix`."""
    for name, member in axi_lite_pins(address_bits).items():
        outside, inside = getattr(outer, f"{PREFIX}{name}"), getattr(inner, f"{prefix}{name}")
        m.d.comb += inside.eq(outside) if member.flow is In else outside.eq(inside)
