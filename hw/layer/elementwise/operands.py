"""What blocks with several inputs share: their ports, and how a value a window meets the steps."""

from collections.abc import Sequence

import numpy as np
from amaranth.hdl import Module, Value
from amaranth.lib import stream

from hw.errors import ChronogateError
from hw.number.fixed_point import FixedPoint
from hw.pipeline import delay
from hw.stream import Block, Port


def operand_ports(
    channels: Sequence[int],
    formats: Sequence[FixedPoint],
    steps: int | None,
    static: Sequence[int],
) -> tuple[Port, ...]:
    """Return the input ports ``i0``, ``i1``, ...

    Parameters
    ----------
    channels, formats
        Of each input.
    steps
        Beats in a window, or ``None`` for one.
    static
        Numbers of the inputs that come once a window and meet each of its beats.
    """
    return tuple(
        Port(f"i{k}", count, format, None if k in static else steps)
        for k, (count, format) in enumerate(zip(channels, formats, strict=True))
    )


def check_operands(count: int, static: Sequence[int]) -> None:
    """Refuse what cannot be joined.

    Raises
    ------
    ChronogateError
        When there are fewer than two inputs, or none that comes every step.
    """
    if count < 2 or not set(range(count)) - set(static):
        raise ChronogateError(
            f"a block that joins {count} inputs, {len(static)} of them once a window, has "
            "nothing to join: give it two or more, one at least per step"
        )


def broadcast(codes: Sequence[np.ndarray], ports: Sequence[Port]) -> list[np.ndarray]:
    """Return the codes of all inputs with the same number of axes; static ones get one step."""
    axes = max(array.ndim for array in codes)
    return [
        array if array.ndim == axes else array[:, np.newaxis, :]
        for array, _ in zip(codes, ports, strict=True)
    ]


def input_streams(block: Block, ports: Sequence[Port]) -> list[stream.Interface]:
    """Return a block's input streams, all valid in the same cycle."""
    return [getattr(block, port.name) for port in ports]


def leader(block: Block, ports: Sequence[Port]) -> stream.Interface:
    """Return the stream whose tag says where in the window a beat stands."""
    return max(zip(ports, input_streams(block, ports), strict=True), key=lambda x: x[0].beats)[1]


def forward(m: Module, block: Block, source: stream.Interface, cycles: int) -> None:
    """Send valid and tag of `source` along to the output, `cycles` cycles later."""
    tag: Value = source.payload.tag.as_value()
    m.d.comb += [
        block.o.valid.eq(delay(m, source.valid, cycles, "valid")),
        block.o.payload.tag.as_value().eq(delay(m, tag, cycles, "tag")),
    ]
