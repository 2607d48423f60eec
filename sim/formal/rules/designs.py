"""Networks as small as the statements about them allow, one for each kind of entry."""

from collections.abc import Callable
from dataclasses import dataclass

from amaranth.hdl import Signal

from hw.function.quantizer import Function, Quantizer
from hw.layer.convolution.window_sum import WindowSum
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.add import Add
from hw.network.graph import Network, Node
from hw.network.mode import Mode
from hw.number.fixed_point import FixedPoint
from hw.stream import Port
from hw.top.axi import Accelerator, input_prefixes, output_prefixes
from sim.formal.setting import Setting

CODE = FixedPoint(2, 2)
KEEP = Quantizer(Function.LINEAR, CODE)
STEPS = 3
SERIES = 3


def _kept(name: str, source: str, steps: int | None, series: int = 1) -> Node:
    return Node(name, Activation(1, CODE, KEEP, steps, series), (source,))


def single_beats() -> Network:
    """Return one block between the streams; a window is one beat."""
    return Network("single", (Port("x", 1, CODE),), (_kept("y", "x", None),), ("y",))


def window_steps(steps: int = STEPS) -> Network:
    """Return windows of several beats that leave as they come."""
    return Network("window", (Port("x", 1, CODE, steps),), (_kept("y", "x", steps),), ("y",))


def window_sum(mode: Mode = Mode.WINDOW) -> Network:
    """Return one sum for each window."""
    node = Node("y", WindowSum(STEPS, 1, CODE), ("x",))
    return Network("sum", (Port("x", 1, CODE, STEPS),), (node,), ("y",), mode=mode)


def sliding() -> Network:
    """Return one sum for every new sample; the look-back lies in the entry."""
    return window_sum(Mode.SLIDING)


def streaming() -> Network:
    """Return one result for each sample of a series without windows."""
    port = Port("x", 1, CODE, 1)
    return Network("streaming", (port,), (_kept("y", "x", 1),), ("y",), mode=Mode.STREAMING)


def interleaved() -> Network:
    """Return windows of several series in any order."""
    port = Port("x", 1, CODE, 2, SERIES)
    return Network("interleaved", (port,), (_kept("y", "x", 2, SERIES),), ("y",))


def residual(steps: int | None = 2) -> Network:
    """Return twice each beat: it and what comes of it later meet in a join."""
    nodes = (
        _kept("early", "x", steps),
        _kept("late", "early", steps),
        Node("y", Add(1, (CODE, CODE), (1, 1), steps), ("x", "late")),
    )
    return Network("residual", (Port("x", 1, CODE, steps),), nodes, ("y",))


def two_inputs() -> Network:
    """Return the sum of a series and of a value that comes once a window."""
    node = Node("y", Add(1, (CODE, CODE), (1, 1), 2, (1,)), ("x", "bias"))
    return Network("two", (Port("x", 1, CODE, 2), Port("bias", 1, CODE)), (node,), ("y",))


def two_outputs() -> Network:
    """Return every beat of a window, and its sum, on two streams."""
    nodes = (_kept("same", "x", STEPS), Node("sum", WindowSum(STEPS, 1, CODE), ("x",)))
    return Network("outputs", (Port("x", 1, CODE, STEPS),), nodes, ("same", "sum"))


DESIGNS: dict[str, Callable[[], Network]] = {
    "window of one beat": single_beats,
    "window": window_steps,
    "sliding window": sliding,
    "streaming": streaming,
    "interleaved series": interleaved,
    "join": residual,
    "two inputs": two_inputs,
    "two outputs": two_outputs,
}
"""The kinds, by what they are called in the table."""


@dataclass(frozen=True)
class Stream:
    """The pins of one stream of a top; ``tid`` in interleaved designs only."""

    prefix: str
    tdata: Signal
    tvalid: Signal
    tready: Signal
    tlast: Signal
    tid: Signal | None


@dataclass(frozen=True)
class Top:
    """A network's top in a setting."""

    accelerator: Accelerator
    inputs: tuple[Stream, ...]
    outputs: tuple[Stream, ...]


def placed(
    s: Setting, network: Network, made: Callable[[Accelerator], object] = lambda top: top
) -> Top:
    """Add the top of `network`, or what is `made` of it; its input pins are free, its reset too."""
    top = Accelerator(network)
    s.m.submodules.top = made(top)
    for pin, member in top.signature.members.items():
        if member.flow.name == "In":
            s.m.d.comb += getattr(top, pin).eq(s.free(member.shape, pin))
    return Top(
        top,
        tuple(_stream(top, prefix) for prefix in input_prefixes(network).values()),
        tuple(_stream(top, prefix) for prefix in output_prefixes(network)),
    )


def _stream(top: Accelerator, prefix: str) -> Stream:
    pins = (getattr(top, f"{prefix}_{name}") for name in ("tdata", "tvalid", "tready", "tlast"))
    return Stream(prefix, *pins, tid=getattr(top, f"{prefix}_tid", None))
