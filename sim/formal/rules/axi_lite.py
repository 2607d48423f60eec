"""AXI4-Lite at the register bank (ARM IHI 0022, chapters A3 and B1), and what accesses do.

The bus side sees any traffic: addresses and data in any order, several asked for at once, answers
taken at any time, reset at any moment.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Mux, Signal, Value

from hw.control.axi_lite import OKAY, PREFIX, SLVERR, AxiLite, axi_lite_pins
from hw.control.bank import RegisterBank
from hw.control.registers import Access, Field, Register, RegisterMap
from sim.formal.bug import Bug
from sim.formal.property import Engine, Property
from sim.formal.rules.stream import holds
from sim.formal.setting import Setting, implies, named

CONSTANT = 0xC47E
MAP = RegisterMap(
    "small",
    "One register of every kind.",
    (
        Register.word("identity", Access.CONSTANT, "Constant.", reset=CONSTANT),
        Register(
            "control",
            (
                Field("mode", Access.WRITE, "Kept.", width=12),
                Field("start", Access.PULSE, "Pulses.", width=2, lsb=14),
            ),
            "Written.",
        ),
        Register.word("status", Access.READ, "Read."),
        Register.word("events", Access.CLEAR, "Collected.", width=9),
    ),
    (),
)
ADDRESS_BITS = MAP.address_bits + 1
"""One more than needed: half of the addresses have no register."""

WAIT = 3
"""Within so many cycles every request has its answer, counted from its last part."""


@dataclass(frozen=True)
class Bus:
    """The pins of a slave, and what has been taken from them and not been answered."""

    pins: dict[str, Signal]
    addresses: Signal
    words: Signal
    reads: Signal

    def __getitem__(self, name: str) -> Signal:
        return self.pins[name]


def bank(s: Setting) -> tuple[RegisterBank, Bus]:
    """Return a register bank, its bus and its inputs free."""
    s.m.submodules.bank = block = RegisterBank(MAP)
    for name in ("status", "events"):
        s.m.d.comb += block.field(name).eq(s.free(len(block.field(name)), name))
    return block, _bus(s, block, PREFIX, MAP.address_bits)


def slave(s: Setting) -> Bus:
    """Return the bus side alone; what lies behind it answers anything."""
    s.m.submodules.slave = block = AxiLite(ADDRESS_BITS)
    for name in ("write_error", "read_error", "read_data"):
        pin: Signal = getattr(block, name)
        s.m.d.comb += pin.eq(s.free(len(pin), name))
    return _bus(s, block, "", ADDRESS_BITS)


def _bus(s: Setting, block: AxiLite | RegisterBank, prefix: str, address_bits: int) -> Bus:
    pins: dict[str, Signal] = {}
    for name, member in axi_lite_pins(address_bits).items():
        pins[name] = getattr(block, f"{prefix}{name}")
        if member.flow.name == "In":
            s.m.d.comb += pins[name].eq(s.free(member.shape, name))
        else:
            s.led_out(pins[name], f"{name}_out")
    took = {channel: taken(pins, channel) for channel in ("aw", "w", "ar", "b", "r")}
    counts = [Signal(2, name=name) for name in ("addresses", "words", "reads")]
    asked = zip(counts, (took["aw"], took["w"], took["ar"]), "bbr", strict=True)
    s.m.d.sync += [count.eq(count + more - took[less]) for count, more, less in asked]
    return Bus(pins, *counts)


def taken(pins: dict[str, Signal] | Bus, channel: str) -> Value:
    """Return whether a channel transfers something in this cycle."""
    return pins[f"{channel}valid"] & pins[f"{channel}ready"]


def answers_hold(s: Setting) -> None:
    bus = slave(s)
    holds(s, bus["bvalid"], bus["bready"], bus["bresp"], "b")
    holds(s, bus["rvalid"], bus["rready"], Cat(bus["rdata"], bus["rresp"]), "r")


def answers_are_asked_for(s: Setting) -> None:
    """State one answer for each address and its data, never more, and none is forgotten."""
    bus = slave(s)
    s.prove(implies(bus["bvalid"], (bus.addresses != 0) & (bus.words != 0)))
    s.prove(implies(bus["rvalid"], bus.reads != 0))
    s.prove((bus.addresses <= 2) & (bus.words <= 2) & (bus.reads <= 2))


def answers_come(s: Setting) -> None:
    bus = slave(s)
    asked = (bus.addresses != 0) & (bus.words != 0)
    for name, due in (("b", asked), ("r", bus.reads != 0)):
        waits = Signal(range(WAIT + 2), name=f"{name}_waits")
        s.m.d.sync += waits.eq(Mux(due & ~bus[f"{name}valid"], waits + 1, 0))
        s.prove(waits < WAIT)


def answers_say_whether(s: Setting) -> None:
    """State an error for, and only for, addresses without a register to read or to write."""
    _, bus = bank(s)
    address = Signal(MAP.address_bits, name="address")
    with s.m.If(taken(bus, "aw")):
        s.m.d.sync += address.eq(bus["awaddr"])
    writable = [offset for offset, register in MAP.placed if register.writable]
    good = named(s.m, _is_among(address, writable), "good")
    s.prove(implies(_rises(s, bus["bvalid"], "b"), bus["bresp"] == Mux(good, OKAY, SLVERR)))


@dataclass(frozen=True)
class Write:
    """The write that shows now: where and what."""

    shows: Value
    address: Signal
    data: Signal
    mask: Signal

    def into(self, word: int, old: Value, lsb: int = 0) -> Value:
        """Return bits from `lsb` on of register `word`, `old` before, as they are now."""
        here = self.shows & (self.address[2:] == word)
        bits = slice(lsb, lsb + len(old))
        return Mux(here, (old & ~self.mask[bits]) | (self.data[bits] & self.mask[bits]), old)


def _rises(s: Setting, value: Signal, name: str) -> Value:
    return value & ~s.before(value, f"{name}_before")


def _is_among(address: Signal, offsets: list[int]) -> Value:
    return Cat(address[2:] == offset // 4 for offset in offsets).any()


def _write(s: Setting, bus: Bus) -> Write:
    """Keep the latest address and data; their write is done when the answer appears."""
    address = Signal(MAP.address_bits, name="write_address")
    data, strobe = Signal(32, name="write_data"), Signal(4, name="write_strobe")
    with s.m.If(taken(bus, "aw")):
        s.m.d.sync += address.eq(bus["awaddr"])
    with s.m.If(taken(bus, "w")):
        s.m.d.sync += [data.eq(bus["wdata"]), strobe.eq(bus["wstrb"])]
    mask = named(s.m, Cat(bit.replicate(8) for bit in strobe), "write_mask")
    return Write(_rises(s, bus["bvalid"], "b"), address, data, mask)


def writes_do_what_they_say(s: Setting) -> None:
    """State the value of every kept and pulsing field after each write, strobes included."""
    block, bus = bank(s)
    write = _write(s, bus)
    word = MAP.offset("control") // 4
    mode = Signal(12, name="mode_model")
    now = named(s.m, write.into(word, mode), "mode_now")
    s.m.d.sync += mode.eq(now)
    s.prove(block.field("control_mode") == now)
    s.prove(block.field("control_start") == write.into(word, Const(0, 2), 14))


def reads_tell_the_truth(s: Setting) -> None:
    """State what a read gives: constants, inputs, what was written, what was collected."""
    block, bus = bank(s)
    write = _write(s, bus)
    address = Signal(MAP.address_bits, name="read_address")
    with s.m.If(taken(bus, "ar")):
        s.m.d.sync += address.eq(bus["araddr"])
    kept, events = Signal(9, name="events_model"), Signal(9, name="events_now")
    word = MAP.offset("events") // 4
    clears = Mux(write.shows & (write.address[2:] == word), write.data & write.mask, 0)
    # What was set in the cycle of the write, one ago, stays.
    came = s.before(block.field("events"), "events_came")
    s.m.d.comb += events.eq((kept & ~clears) | came)
    s.m.d.sync += kept.eq(events)
    values = {
        "identity": Const(CONSTANT, 32),
        "control": block.field("control_mode"),
        "status": block.field("status"),
        "events": events,
    }
    word_now = Signal(32, name="word_now")
    with s.m.Switch(address[2:]):
        for name, value in values.items():
            with s.m.Case(MAP.offset(name) // 4):
                s.m.d.comb += word_now.eq(value)
    rises = _rises(s, bus["rvalid"], "r")
    s.prove(implies(rises, bus["rdata"] == s.before(word_now, "word_before")))


_INPUTS = tuple(name for name, pin in axi_lite_pins(ADDRESS_BITS).items() if pin.flow.name == "In")


def slave_alone(s: Setting) -> None:
    slave(s)


PROPERTIES = (
    Property(
        "bvalid, bresp, rvalid, rdata, rresp hold until ready",
        "AxiLite",
        answers_hold,
        Bug("hw.control.axi_lite", "kept & ~self.rvalid", "kept"),
        quick=True,
    ),
    Property(
        "one answer for each request, none without",
        "AxiLite",
        answers_are_asked_for,
        Bug(
            "hw.control.axi_lite",
            "address_kept & data_kept & ~self.bvalid",
            "address_kept & ~self.bvalid",
        ),
        quick=True,
    ),
    Property(
        f"every request is answered in {WAIT} cycles",
        "AxiLite",
        answers_come,
        Bug(
            "hw.control.axi_lite",
            "kept & ~self.rvalid",
            "kept & ~self.rvalid & ~self.arvalid",
        ),
    ),
    *(
        Property(
            f"{pin} depends on no input of the same cycle",
            "AxiLite",
            slave_alone,
            Bug("hw.control.axi_lite", before, after),
            Engine.CONE,
            cone=(f"{pin}_out", _INPUTS),
        )
        for pin, before, after in (
            ("awready", "self.awready.eq(~address_kept)", "self.awready.eq(self.wvalid)"),
            ("wready", "self.wready.eq(~data_kept)", "self.wready.eq(self.awvalid)"),
            ("arready", "self.arready.eq(~kept)", "self.arready.eq(self.arvalid & ~kept)"),
        )
    ),
    Property(
        "SLVERR where nothing can be written, only there",
        "RegisterBank",
        answers_say_whether,
        Bug("hw.control.bank", "eq(not register.writable)", "eq(0)"),
    ),
    Property(
        "a write changes the strobed bytes of its register, nothing else",
        "RegisterBank",
        writes_do_what_they_say,
        Bug("hw.control.bank", "(port & ~mask) | (data & mask)", "data & mask"),
    ),
    Property(
        "a read gives the register at its address",
        "RegisterBank",
        reads_tell_the_truth,
        Bug("hw.control.bank", "(kept & ~(data & mask)) | port", "(kept | port) & ~(data & mask)"),
    ),
)
