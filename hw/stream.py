"""Streams between blocks.

Inside a network nothing waits: every block has a fixed latency and a fixed interval, the entry
paces the beats (`hw.top`), and one clock enable freezes all of it while an output is blocked.
A block's stream therefore has ``valid`` but no ``ready`` (``always_ready``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from amaranth.hdl import Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.memory_port import MemoryInterface, StateInterface
from hw.number.fixed_point import FixedPoint


def tag_layout(series: int, models: int = 1) -> data.StructLayout:
    """Return what travels with a beat.

    That is the window's ends; in interleaved designs the series; where weights can be replaced at
    run time (`hw.product.reloadable`) the bank that holds the window's model.
    """
    number = {"series": (series - 1).bit_length()} if series > 1 else {}
    model = {"model": (models - 1).bit_length()} if models > 1 else {}
    return data.StructLayout({"first": 1, "last": 1, **number, **model})


@dataclass(frozen=True)
class Port:
    """One input or output of a block.

    Parameters
    ----------
    name
        Name within the block, and of its stream in the block's hardware.
    channels
        Values in one beat.
    format
        Number format of each value.
    steps
        Beats in one window (time steps), or ``None`` for one beat a window.
    series
        Independent series that share the hardware; their number travels in ``tag.series``.
    models
        Two where each window says in ``tag.model`` which bank of weights is its own.
    """

    name: str
    channels: int
    format: FixedPoint
    steps: int | None = None
    series: int = 1
    models: int = 1

    @property
    def beats(self) -> int:
        """Beats in one window."""
        return self.steps or 1

    def carries_same(self, other: "Port") -> bool:
        """Tell whether beats of `other` mean the same here: shape, grid and rate agree."""
        return (
            self.channels == other.channels
            and self.steps == other.steps
            and self.series == other.series
            and self.format.same_grid(other.format)
        )

    @property
    def tag_width(self) -> int:
        """Bits that travel beside the data."""
        return tag_layout(self.series, self.models).size

    @property
    def layout(self) -> data.StructLayout:
        """Payload of one beat; ``tag.first`` and ``tag.last`` mark the ends of a window."""
        return data.StructLayout(
            {
                "data": data.ArrayLayout(self.format.shape, self.channels),
                "tag": tag_layout(self.series, self.models),
            }
        )

    @property
    def signature(self) -> stream.Signature:
        """The stream that carries this port's beats."""
        return stream.Signature(self.layout, always_ready=True)


class Block(wiring.Component):
    """A component with one stream for each port, under the port's name.

    Nearly every block has the input stream ``i`` and the output stream ``o``. A layer with
    reloadable weights has ``model_*`` (`hw.product.model_store`), one whose states a host reaches
    has ``state_bus`` (`hw.layer.recurrent.state_access`).

    Parameters
    ----------
    inputs, outputs
        Its streams.
    others
        Further members, by name.
    """

    i: stream.Interface
    o: stream.Interface
    model_target: Signal
    model_settled: Signal
    model_port: MemoryInterface
    state_bus: StateInterface

    def __init__(
        self,
        inputs: Iterable[Port],
        outputs: Iterable[Port],
        others: Mapping[str, wiring.Member] | None = None,
    ) -> None:
        super().__init__(
            {port.name: In(port.signature) for port in inputs}
            | {port.name: Out(port.signature) for port in outputs}
            | dict(others or {})
        )


class AdaptiveBlock(Block):
    """A block whose time depends on its data (`hw.timing.Extra`).

    ``hold`` is high, from a register, for just the cycles by which a beat takes longer than the
    contract's latency and interval; the network's entry stands still meanwhile. ``moved`` is high
    for one cycle for each unit of work that data called for, to be counted.
    """

    hold: Signal
    moved: Signal

    def __init__(
        self,
        inputs: Iterable[Port],
        outputs: Iterable[Port],
        others: Mapping[str, wiring.Member] | None = None,
    ) -> None:
        members = {"hold": Out(1), "moved": Out(1), **(others or {})}
        super().__init__(inputs, outputs, members)
