"""The board's side of `Kind.READ` and `Kind.WRITE`: from a frame's body to AXI4-Lite."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from hw.board.link import (
    ADDRESS_BYTES,
    MODEL_ADDRESS,
    MODEL_BYTES,
    NO_REGISTER,
    OKAY,
    OVERHEAD_BYTES,
    WORD_BYTES,
    WRITE_BYTES,
    WRITES,
    Kind,
)
from hw.board.link_spec import LinkBridge, LinkRegisters
from hw.control.axi_lite import PREFIX, axi_lite_pins


def master_pins(registers: LinkRegisters) -> dict[str, Member]:
    """Return the pins ``s_axil_*`` of the bus, seen from its master."""
    pins = axi_lite_pins(registers.address_bits, PREFIX)
    return {name: pin.flip() for name, pin in pins.items()}


class LinkMaster(wiring.Component):
    """Executes what is asked for, one access after the other, each once.

    Parameters
    ----------
    spec
        With registers.

    Attributes
    ----------
    run : In(1)
        High from the frame's check until `done`.
    write : In(1)
        Whether the body holds writes, or one read.
    length : In
        Bytes of the frame.
    place : Out
        Byte of the body that `byte` will be in the next cycle.
    byte : In(8)
        See there.
    done : Out(1)
        High for one cycle, when the last access has been answered.
    response, word : Out(2), Out(32)
        The or of the responses, and what was read; kept until the next frame.
    restarts : Out(1)
        High while every series is made to begin anew.
    model : Out(32)
        What the host has noted of the weights; not reset, as they are not.

    The pins ``s_axil_*`` are those of the registers' bus, seen from its master.
    """

    run: Signal
    write: Signal
    length: Signal
    place: Signal
    byte: Signal
    done: Signal
    response: Signal
    word: Signal
    restarts: Signal
    model: Signal

    def __init__(self, spec: LinkBridge) -> None:
        assert spec.registers is not None
        self._registers = spec.registers
        model = int.from_bytes(spec.identity[:MODEL_BYTES], "little")
        super().__init__(
            {
                "run": In(1),
                "write": In(1),
                "length": In(range(spec.body_bytes + OVERHEAD_BYTES + 2)),
                "place": Out(range(spec.body_bytes + 1)),
                "byte": In(8),
                "done": Out(1),
                "response": Out(2),
                "word": Out(8 * WORD_BYTES),
                "restarts": Out(1),
                "model": Out(8 * MODEL_BYTES),
            }
            | master_pins(spec.registers)
        )
        self._noted = Signal(8 * MODEL_BYTES, init=model, reset_less=True, name="noted_model")

    def elaborate(self, platform: object) -> Module:
        m = Module()
        operation = Signal(8 * WRITE_BYTES, name="operation")
        inside = Signal(range(WRITE_BYTES + 1), name="operation_bytes")
        ready = Signal(name="operation_ready")
        offered = Signal(name="offered")
        wanted = Mux(self.write, WRITE_BYTES, ADDRESS_BYTES)
        m.d.comb += offered.eq(self.run & (inside == wanted))
        with m.If(self.run & ~offered):
            m.d.sync += ready.eq(~ready)
            with m.If(ready):
                m.d.sync += [
                    operation.eq(Cat(operation[8:], self.byte)),
                    self.place.eq(self.place + 1),
                    inside.eq(inside + 1),
                ]
        data, address = operation[: 8 * WORD_BYTES], operation[8 * WORD_BYTES :]
        own = address[self._registers.address_bits :].any()
        gone, code = self._access(m, offered, own, address, data)
        final = self.place + OVERHEAD_BYTES == self.length
        first = Signal(name="first_operation", init=1)
        m.d.comb += [
            self.done.eq(gone & final),
            self.restarts.eq(gone & self.write & (address == self._registers.control) & data[0]),
        ]
        with m.If(gone):
            m.d.sync += [
                inside.eq(0),
                first.eq(final),
                self.response.eq(Mux(first, code, self.response | code)),
            ]
            with m.If(final):
                m.d.sync += self.place.eq(0)
        return m

    def _access(
        self, m: Module, offered: Signal, own: Value, address: Value, data: Value
    ) -> tuple[Signal, Value]:
        """Put one access on the bus; return whether it is done, and its response."""
        bus = {name: getattr(self, f"{PREFIX}{name}") for name in axi_lite_pins(1)}
        taken = Signal(2, name="channels_taken")
        asks, gone = Signal(name="asks"), Signal(name="access_gone")
        noted = Signal(name="model_noted")
        response = Mux(self.write, bus["bresp"], bus["rresp"])
        m.d.comb += [
            asks.eq(offered & ~own),
            bus["awaddr"].eq(address),
            bus["araddr"].eq(address),
            bus["wdata"].eq(data),
            bus["wstrb"].eq(-1),
            bus["awvalid"].eq(asks & self.write & ~taken[0]),
            bus["wvalid"].eq(asks & self.write & ~taken[1]),
            bus["bready"].eq(asks & self.write),
            bus["arvalid"].eq(asks & ~self.write & ~taken[0]),
            bus["rready"].eq(asks & ~self.write),
            noted.eq(
                offered
                & self.write
                & (address == MODEL_ADDRESS)
                & Const(self._registers.reloadable, 1)
            ),
            gone.eq(Mux(own, offered, Mux(self.write, bus["bvalid"], bus["rvalid"]) & asks)),
        ]
        with m.If((bus["awvalid"] & bus["awready"]) | (bus["arvalid"] & bus["arready"])):
            m.d.sync += taken[0].eq(1)
        with m.If(bus["wvalid"] & bus["wready"]):
            m.d.sync += taken[1].eq(1)
        with m.If(gone):
            m.d.sync += taken.eq(0)
        with m.If(bus["rvalid"] & bus["rready"]):
            m.d.sync += self.word.eq(bus["rdata"])
        with m.If(noted):
            m.d.sync += self._noted.eq(data)
        m.d.comb += self.model.eq(self._noted)
        return gone, Mux(own, Mux(noted, OKAY, NO_REGISTER), response)


@dataclass(frozen=True)
class Reach:
    """What serves registers.

    Parameters
    ----------
    master
        The bus.
    run
        Held while a frame is served.
    fits
        Whether a frame is one for it.
    served
        The kind that the board has served last.
    """

    master: LinkMaster
    run: Signal
    fits: Signal
    served: Signal


def reach_registers(m: Module, spec: LinkBridge, kind: Signal, length: Signal) -> Reach:
    """Add what serves frames of `kind` and `length`; bus and buffer are the caller's to connect."""
    m.submodules.master = master = LinkMaster(spec)
    run = Signal(name="accessing")
    fits = Signal(name="access_fits")
    m.d.comb += [
        master.run.eq(run),
        master.write.eq(kind == Kind.WRITE),
        master.length.eq(length),
    ]
    with m.If(kind == Kind.READ):
        m.d.comb += fits.eq(length == ADDRESS_BYTES + OVERHEAD_BYTES)
    with m.Elif(kind == Kind.WRITE):
        sizes = (OVERHEAD_BYTES + WRITE_BYTES * (n + 1) for n in range(WRITES))
        m.d.comb += fits.eq(Cat(length == size for size in sizes).any())
    return Reach(master, run, fits, Signal(8, name="kind_served"))
