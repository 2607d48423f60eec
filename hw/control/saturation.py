"""Which beats saturate: of every quantizer, the input codes that its output format can hold.

A watch looks at what enters a quantizer and compares; the quantizer itself knows nothing of it.
Quantizers inside of layers (`hw.layer.saturating`) are watched there, step by step.
Counted is a value beyond the format, whatever the overflow mode does with it, wrapping included.
Below zero an unsigned format is a relu at work and counts as nothing, and so do the hard sigmoid
and tanh, whose clip is their purpose.
"""

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Module, Signal
from amaranth.lib import data

from hw.block import Spec
from hw.layer.elementwise.activation import Activation
from hw.layer.saturating import Limited, quantized_by
from hw.network.graph import Network
from hw.number.fixed_point import FixedPoint
from hw.number.held import is_beyond


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
            is_beyond(value, self.low, self.high)
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
            low, high = point.limits
            if (low, high) == (source.minimum, source.maximum):
                continue
            name = f"{node.name}.{point.place}" if point.place else node.name
            entered = name if point.place else node.inputs[0]
            watches.append(SaturationWatch(name, entered, point.source, low, high, point.place))
    return tuple(watches)


def _points(spec: Spec) -> tuple[Limited, ...]:
    """Return where a block quantizes; the place is empty if it is all that the block does."""
    if isinstance(spec, Activation):
        return quantized_by("", spec.function, spec.input)
    return getattr(spec, "quantized", ())
