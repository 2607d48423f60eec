"""Which beats saturate: of every quantizer, the input codes that its output format can hold.

A watch looks at what enters a quantizer and compares; the quantizer itself knows nothing of it.
Quantizers inside of layers (`hw.layer.recurrent.saturating`) are watched there, step by step.
Counted is a value beyond the format, whatever the overflow mode does with it, wrapping included.
Below zero an unsigned format is a relu at work and counts as nothing, and so do the hard sigmoid
and tanh, whose clip is their purpose.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib import data

from hw.block import Spec
from hw.layer.elementwise.activation import Activation
from hw.layer.recurrent.saturating import Quantized, clipped_by
from hw.network.graph import Network
from hw.number.fixed_point import MAX_WIDTH, FixedPoint, Overflow


@dataclass(frozen=True)
class SaturationWatch:
    """The input codes of one quantizer that need not saturate.

    Parameters
    ----------
    node, source
        The quantizer, and whose beats enter it; of a quantizer inside of a layer both are the name
        under which the reference traces what it is given.
    format
        Format of its input.
    low, high
        The lowest and the highest code of that format that the output can hold once rounded.
    place
        Of a quantizer inside of a layer: where.
    """

    node: str
    source: str
    format: FixedPoint
    low: int
    high: int
    place: str = ""

    @property
    def layer(self) -> str:
        """The layer of a quantizer inside of one."""
        return self.node.removesuffix(f".{self.place}")

    def reference(self, codes: np.ndarray) -> int:
        """Return how many beats of int64 `codes` ``(N, [T,] C)`` hold a value beyond the output."""
        return int(((codes < self.low) | (codes > self.high)).any(axis=-1).sum())

    def hardware(self, m: Module, valid: Signal, payload: Signal | data.View, index: int) -> Signal:
        """Add combinational hardware that tells whether a beat holds a value beyond the output."""
        beyond = [
            (value < self.low) | (value > self.high)
            for value in (payload.data[c] for c in range(payload.data.shape().length))
        ]
        saturates = Signal(name=f"saturates{index}")
        for term in beyond[1:]:
            beyond[0] = beyond[0] | term
        m.d.comb += saturates.eq(valid & beyond[0])
        return saturates


def saturation_watches(network: Network) -> tuple[SaturationWatch, ...]:
    """Return a watch for every quantizer of `network` that some input code can saturate."""
    watches = []
    for node in network.nodes:
        for point in _points(node.spec):
            source = point.source.plain()
            low, high = _held(source, point.output)
            if (low, high) == (source.minimum, source.maximum):
                continue
            name = f"{node.name}.{point.place}" if point.place else node.name
            entered = name if point.place else node.inputs[0]
            watches.append(SaturationWatch(name, entered, point.source, low, high, point.place))
    return tuple(watches)


def _points(spec: Spec) -> tuple[Quantized, ...]:
    """Return where a block quantizes; the place is empty if it is all that the block does."""
    if not isinstance(spec, Activation):
        return getattr(spec, "quantized", ())
    output = clipped_by(spec.function)
    return () if output is None else (Quantized("", spec.input, output),)


def _held(source: FixedPoint, output: FixedPoint) -> tuple[int, int]:
    """Return the ends of the codes of `source` that `output` holds, by bisection."""
    shift = source.fraction - output.fraction
    if shift > 0:
        # As wide as the rounded code can be; then saturation is out of the way.
        width = max(source.width - shift, output.width) + 2
        roomy = replace(
            output,
            width=min(width, MAX_WIDTH),
            integer=min(width, MAX_WIDTH) - output.fraction,
            signed=True,
            overflow=Overflow.SAT,
        )

        def rounded(code: int) -> int:
            return int(roomy.resize(np.array(code, dtype=np.int64), source))
    else:

        def rounded(code: int) -> int:
            return code << -shift

    high = _last(source.minimum, source.maximum, lambda code: rounded(code) <= output.maximum)
    if not output.signed:
        return source.minimum, high
    below = _last(source.minimum - 1, source.maximum, lambda code: rounded(code) < output.minimum)
    return below + 1, high


def _last(first: int, last: int, holds: Callable[[int], bool]) -> int:
    """Return the last number that `holds`, which holds for none behind one that it does not."""
    while first < last:
        middle = -(-(first + last) // 2)
        if holds(middle):
            first = middle
        else:
            last = middle - 1
    return first
