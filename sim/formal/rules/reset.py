"""Reset reaches a single state: from then on nothing tells what was before.

Two copies of a design begin in any states whatever, all registers and memories included. Both are
reset for one cycle and see the same inputs. Their outputs must be equal ever after: every ready,
valid and count, and the data wherever valid says that they count.
"""

from collections.abc import Callable

from amaranth.hdl import Signal, Value

from hw.control.bank import RegisterBank
from hw.network.graph import Network, Node
from hw.top.axi import Accelerator, output_prefixes
from sim.formal.bug import Bug
from sim.formal.property import Engine, Property
from sim.formal.rules import contract, designs
from sim.formal.rules.axi_lite import MAP
from sim.formal.setting import Setting, implies

Pins = tuple[Signal, Signal]
"""The same pin of both copies."""


def _copies(
    s: Setting, make: Callable[[], Accelerator | RegisterBank]
) -> tuple[Callable[[str], Pins], list[str]]:
    """Add two copies with the same free inputs; returns how to reach pins, and the outputs."""
    first, second = make(), make()
    s.m.submodules.first, s.m.submodules.second = first, second
    outputs: list[str] = []
    for pin, member in first.signature.members.items():
        if member.flow.name == "Out":
            outputs.append(pin)
            continue
        value = s.free(member.shape, pin)
        s.m.d.comb += [getattr(copy, pin).eq(value) for copy in (first, second)]

    def pins(name: str) -> Pins:
        return getattr(first, name), getattr(second, name)

    return pins, outputs


def _same(s: Setting, pins: Callable[[str], Pins], name: str, valid: Value | int = 1) -> None:
    left, right = pins(name)
    s.prove(implies(s.begun & valid, left == right))


def top_forgets(design: Callable[[], Network]) -> Callable[[Setting], None]:
    """Return the statement about a design."""

    def build(s: Setting) -> None:
        network = design()
        pins, outputs = _copies(s, lambda: Accelerator(network))
        s.assume(pins("aresetn")[0] == s.begun)
        if network.input.series > 1:
            s.assume(pins("s_axis_tid")[0] < network.input.series)
        payload: dict[str, Value] = {}
        for prefix in output_prefixes(network):
            valid = pins(f"{prefix}_tvalid")[0]
            payload |= {f"{prefix}_{name}": valid for name in ("tdata", "tlast", "tid")}
        for name in outputs:
            _same(s, pins, name, payload.get(name, 1))

    return build


def bank_forgets(s: Setting) -> None:
    pins, outputs = _copies(s, lambda: RegisterBank(MAP))
    s.assume_reset_first()
    answers = {"rdata": "rvalid", "rresp": "rvalid", "bresp": "bvalid"}
    for name in outputs:
        short = name.removeprefix("s_axil_")
        valid = pins(f"s_axil_{answers[short]}")[0] if short in answers else 1
        _same(s, pins, name, valid)


def recurrent() -> Network:
    """Return a recurrent layer, with its state in registers or memories of its own."""
    spec = contract.simple_rnn()
    return Network("rnn", spec.inputs, (Node("y", spec, ("i",)),), ("y",))


_ENTRY = Bug(
    "hw.top.single_entry",
    'Signal(layout.size, name="state")',
    'Signal(layout.size, name="state", reset_less=True)',
)
_BUFFER = Bug(
    "hw.top.skid_buffer",
    'Signal(name="skid_full")',
    'Signal(name="skid_full", reset_less=True)',
)

PROPERTIES = (
    Property(
        "after a reset nothing tells what was before",
        "RegisterBank",
        bank_forgets,
        Bug(
            "hw.control.axi_lite",
            'Signal(name="read_address_kept")',
            'Signal(name="read_address_kept", reset_less=True)',
        ),
        any_start=True,
    ),
    *(
        Property(
            "after a reset nothing tells what was before",
            f"top, {kind}",
            top_forgets(design),
            bug,
            any_start=True,
            quick=kind == "sliding window",
        )
        for kind, design, bug in (
            ("window", lambda: designs.window_steps(2), _ENTRY),
            (
                "sliding window",
                designs.sliding,
                Bug(
                    "hw.top.sliding_entry",
                    "replaying = Signal()",
                    "replaying = Signal(reset_less=True)",
                ),
            ),
            ("streaming", designs.streaming, _BUFFER),
            (
                "interleaved series",
                designs.interleaved,
                Bug("hw.top.banked_entry", "write.data.eq(0)]", "write.data.eq(read.data)]"),
            ),
            ("join", lambda: designs.residual(None), _BUFFER),
        )
    ),
    Property(
        "after a reset nothing tells what was before",
        "top, SimpleRNN",
        top_forgets(recurrent),
        _ENTRY,
        Engine.BMC,
        depth=25,
        any_start=True,
    ),
)
