"""Values inside of a layer that a format may not hold, for the saturation counters.

A spec tells with `quantized` where it brings values into a narrower format; under the same names
its reference traces these values before that. The hardware has nothing of it unless it is asked,
before it is elaborated, to `SaturatingBlock.watch` one of these places.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring

from hw.function.pointwise import Pointwise
from hw.function.quantizer import Function, Quantizer
from hw.number.fixed_point import FixedPoint
from hw.stream import Block, Port


@dataclass(frozen=True)
class Quantized:
    """Values that are brought from one format into another.

    Parameters
    ----------
    place
        Name, unique within the layer, under which the reference traces them, ``(N, [T,] C)``.
    source, output
        The two formats.
    """

    place: str
    source: FixedPoint
    output: FixedPoint


def clipped_by(function: Pointwise | None) -> FixedPoint | None:
    """Return the format into which a function only quantizes; ``None`` if it does more or less.

    A hard function's clip is its purpose.
    """
    if not isinstance(function, Quantizer) or function.function is not Function.LINEAR:
        return None
    return function.output


@dataclass(frozen=True)
class _Watched:
    low: int
    high: int
    saturates: Signal


class SaturatingBlock(Block):
    """A block whose inner quantizers can be watched."""

    def __init__(
        self,
        inputs: Iterable[Port],
        outputs: Iterable[Port],
        others: Mapping[str, wiring.Member] | None = None,
    ) -> None:
        super().__init__(inputs, outputs, others)
        self._watched: dict[str, _Watched] = {}

    def watch(self, place: str, low: int, high: int) -> Signal:
        """Return what is high for one cycle for each beat with a code below `low` or above `high`.

        To be called before the block is elaborated.
        """
        watched = _Watched(low, high, Signal(name=f"saturates_{place}"))
        self._watched[place] = watched
        return watched.saturates

    def look(
        self, m: Module, place: str, codes: Sequence[tuple[Value, Value]], finished: Value
    ) -> None:
        """Add what finds the beats that saturate at `place`, if that is watched.

        Parameters
        ----------
        codes
            Codes, each behind what tells that it is valid.
        finished
            High for one cycle a beat: with its last code or later, before the next one's first.
        """
        watched = self._watched.get(place)
        if watched is None:
            return
        now, before = (Signal(name=f"{place}_beyond_{when}") for when in ("now", "before"))
        for valid, code in codes:
            with m.If(valid & ((code < watched.low) | (code > watched.high))):
                m.d.comb += now.eq(1)
        m.d.comb += watched.saturates.eq(finished & (now | before))
        m.d.sync += before.eq((now | before) & ~finished)
