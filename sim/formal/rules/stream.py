"""AXI4-Stream at the outputs (ARM IHI 0051, section 2.2): valid and data hold until ready."""

from collections.abc import Callable

from amaranth.hdl import Cat, Value

from hw.top.skid_buffer import SkidBuffer
from sim.formal.bug import Bug
from sim.formal.property import Engine, Property
from sim.formal.rules.designs import DESIGNS, placed
from sim.formal.setting import Setting, implies

DATA_BITS = 3


def skid_buffer(s: Setting) -> SkidBuffer:
    """Return a buffer with free surroundings."""
    s.m.submodules.buffer = buffer = SkidBuffer(DATA_BITS)
    s.m.d.comb += [
        buffer.i.valid.eq(s.free(1, "valid")),
        buffer.i.payload.eq(s.free(DATA_BITS, "payload")),
        buffer.o.ready.eq(s.free(1, "ready")),
    ]
    return buffer


def holds(s: Setting, valid: Value, ready: Value, payload: Value, name: str) -> None:
    """State that what is offered and not taken is offered again, unchanged, in the next cycle."""
    waits = s.before(valid & ~ready, f"{name}_waits")
    offered = s.before(payload, f"{name}_offered")
    s.prove(implies(waits, valid & (payload == offered)))


def buffer_holds(s: Setting) -> None:
    buffer = skid_buffer(s)
    holds(s, buffer.o.valid, buffer.o.ready, buffer.o.payload, "output")


def buffer_offers(s: Setting) -> None:
    """State that a beat is offered one cycle after it was taken, though ready never comes."""
    buffer = skid_buffer(s)
    s.prove(implies(s.before(buffer.i.valid & buffer.i.ready, "took"), buffer.o.valid))


def top_holds(kind: str) -> Callable[[Setting], None]:
    """Return the same for every output of a design; any beats come in, right and wrong ones."""

    def build(s: Setting) -> None:
        for pins in placed(s, DESIGNS[kind]()).outputs:
            parts = [pins.tdata, pins.tlast, *([] if pins.tid is None else [pins.tid])]
            holds(s, pins.tvalid, pins.tready, Cat(parts), pins.prefix)

    return build


def top_alone(kind: str) -> Callable[[Setting], None]:
    """Return just the design, its pins led out."""

    def build(s: Setting) -> None:
        for pins in placed(s, DESIGNS[kind]()).outputs:
            s.led_out(pins.tvalid, f"{pins.prefix}_tvalid_out")

    return build


PROPERTIES = (
    Property(
        "what is offered holds until ready",
        "SkidBuffer",
        buffer_holds,
        Bug("hw.top.skid_buffer", "self.o.ready | ~self.o.valid", "1"),
        quick=True,
    ),
    Property(
        "a beat taken is offered next, ready or not",
        "SkidBuffer",
        buffer_offers,
        Bug("hw.top.skid_buffer", "full | self.i.valid", "full | (self.i.valid & self.o.ready)"),
    ),
    *(
        Property(
            "m_axis: valid and data hold until ready",
            f"top, {kind}",
            top_holds(kind),
            Bug("hw.top.axi", "buffer.o.ready.eq(pins.tready)", "buffer.o.ready.eq(1)"),
        )
        for kind in DESIGNS
    ),
    *(
        Property(
            "m_axis: valid does not depend on ready",
            f"top, {kind}",
            top_alone(kind),
            Bug(
                "hw.top.axi",
                "pins.tvalid.eq(buffer.o.valid)",
                "pins.tvalid.eq(buffer.o.valid & pins.tready)",
            ),
            Engine.CONE,
            cone=("m_axis_tvalid_out", ("m_axis_tready",)),
        )
        for kind in DESIGNS
        if kind != "two outputs"
    ),
)
