"""Values inside of a layer that a format may not hold, for the saturation counters.

A spec tells with `quantized` where it brings values into a narrower format; under the same names
its reference traces these values before that. The hardware has nothing of it unless it is asked,
before it is elaborated, to `SaturatingBlock.watch` one of these places.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring

from hw.function.pointwise import Pointwise
from hw.function.quantizer import Function, Quantizer
from hw.function.quotient import Quotient
from hw.number.fixed_point import FixedPoint
from hw.number.held import held_codes, is_beyond
from hw.stream import Block, Port


class Limited(Protocol):
    """Values inside of a block of which some codes lie beyond what is kept of them."""

    @property
    def place(self) -> str:
        """Name, unique within the layer, under which the reference traces them."""
        ...

    @property
    def source(self) -> FixedPoint:
        """Their format."""
        ...

    @property
    def limits(self) -> tuple[int, int]:
        """The lowest and the highest code that is kept."""
        ...


@dataclass(frozen=True)
class Quantized:
    """Values that are brought from one format into another.

    Parameters
    ----------
    place
        Name, unique within the layer, under which the reference traces them, ``(N, [T,] C)``.
    source, output
        The two formats.
    divisor
        What the values are divided by in between.
    """

    place: str
    source: FixedPoint
    output: FixedPoint
    divisor: int = 1

    @property
    def limits(self) -> tuple[int, int]:
        return held_codes(self.source, self.output, self.divisor)


@dataclass(frozen=True)
class Flagged:
    """Values with formats of their own: traced are ones where a value lies beyond its format.

    Parameters
    ----------
    place
        Name, unique within the layer, under which the reference traces the ones.
    """

    place: str

    @property
    def source(self) -> FixedPoint:
        return FixedPoint(1, 1, signed=False)

    @property
    def limits(self) -> tuple[int, int]:
        return 0, 0


def quantized_by(
    place: str, function: Pointwise | None, source: FixedPoint
) -> tuple[Quantized, ...]:
    """Return what a function quantizes; nothing if it does more or less than that.

    A hard function's clip is its purpose.
    """
    match function:
        case Quotient():
            return (Quantized(place, source, function.output, function.divisor),)
        case Quantizer(function=Function.LINEAR, output=FixedPoint() as output):
            return (Quantized(place, source, output),)
        case _:
            return ()


def places(points: Iterable[Limited]) -> tuple[str, ...]:
    """Return the names under which a reference traces what is quantized."""
    return tuple(point.place for point in points)


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

    def is_watched(self, place: str) -> bool:
        """Tell whether `look` is asked for."""
        return place in self._watched

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
            with m.If(valid & is_beyond(code, watched.low, watched.high)):
                m.d.comb += now.eq(1)
        m.d.comb += watched.saturates.eq(finished & (now | before))
        m.d.sync += before.eq((now | before) & ~finished)
