"""Coverage by data: every conversion of the golden model, saturated on both sides, and its ties.

Looked at is each place where a layer brings values into a format that drops bits or holds fewer
numbers. What the interval of its values shows to be impossible is excluded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hw.function.quantizer import Function, Quantizer
from hw.layer.dense.dense import Dense
from hw.layer.elementwise.activation import Activation
from hw.network.design import Design
from hw.network.gated import GatedNetwork
from hw.network.graph import Network, Node
from hw.network.mode import Mode
from hw.number.fixed_point import MAX_WIDTH, FixedPoint, Overflow, Rounding
from hw.number.observation import observed
from hw.product.folded import sum_bounds
from sim.coverage.bins import Bin, Bins, Key

ABOVE, BELOW = "saturates above", "saturates below"
TIE_UP, TIE_DOWN = "tie, rounded up", "tie, rounded down"
NEAREST = (
    Rounding.RND, Rounding.RND_ZERO, Rounding.RND_MIN_INF, Rounding.RND_INF, Rounding.RND_CONV,
)  # fmt: skip
Interval = tuple[int, int]


@dataclass(frozen=True)
class Point:
    """A conversion inside of a layer; several of the same formats are one.

    Parameters
    ----------
    layer
        The node.
    source, target
        Formats before and after.
    """

    layer: str
    source: FixedPoint
    target: FixedPoint

    @property
    def group(self) -> str:
        """What its bins are called by."""
        return f"{self.layer}: {self.source.plain()} into {self.target}"

    @property
    def shift(self) -> int:
        """Bits that are dropped."""
        return self.source.fraction - self.target.fraction

    @property
    def rounds(self) -> bool:
        """Whether ties are decided here."""
        return self.shift > 0 and self.target.rounding in NEAREST

    def rounded(self, codes: np.ndarray) -> np.ndarray:
        """Return codes of the target's step as they are before the target's range cuts them."""
        if self.shift > 0:
            fraction = self.target.fraction
            roomy = FixedPoint(MAX_WIDTH, MAX_WIDTH - fraction, True, self.target.rounding,
                               Overflow.SAT)  # fmt: skip
            return roomy.resize(codes, self.source)
        room = MAX_WIDTH - 1 - int(np.abs(codes).max(initial=1)).bit_length()
        return codes << -self.shift if -self.shift <= room else codes

    def possible(self, interval: Interval) -> dict[str, str]:
        """Return its events, and of each why values of the interval cannot bring it about."""
        low, high = (int(end) for end in self.rounded(np.array(interval, dtype=np.int64)))
        proof = f"values lie in {interval[0]}..{interval[1]}"
        events = {
            ABOVE: proof if high <= self.target.maximum else "",
            BELOW: proof if low >= self.target.minimum else "",
        }
        if self.rounds:
            half = 1 << (min(self.shift, MAX_WIDTH) - 1)
            none = proof if -half < interval[0] and interval[1] < half else ""
            events |= {name: none or self._never(name, interval) for name in (TIE_UP, TIE_DOWN)}
        return events

    def _never(self, name: str, interval: Interval) -> str:
        """Return why ties are never rounded this way by the target's mode; empty if they are."""
        mode, signs = self.target.rounding, {code > 0 for code in interval if code}
        up = {
            Rounding.RND: {True}, Rounding.RND_MIN_INF: {False},
            Rounding.RND_INF: signs, Rounding.RND_ZERO: {not sign for sign in signs},
            Rounding.RND_CONV: {True, False},
        }[mode]  # fmt: skip
        return "" if (name == TIE_UP) in up else f"{mode} rounds no tie of these values so"

    def count(self, codes: np.ndarray) -> dict[str, np.ndarray]:
        """Return for each event how often it happens in each row of `codes` ``(N, ...)``."""
        kept = self.rounded(codes)
        events = {ABOVE: kept > self.target.maximum, BELOW: kept < self.target.minimum}
        if self.rounds:
            shift = min(self.shift, MAX_WIDTH)
            floor = codes >> shift
            tie = (codes - (floor << shift)) == 1 << (shift - 1)
            events |= {TIE_UP: tie & (kept > floor), TIE_DOWN: tie & (kept == floor)}
        return {name: found.sum(axis=1) for name, found in events.items()}


@dataclass
class Observed:
    """What windows do to the conversions of a network.

    Parameters
    ----------
    rows
        Windows.
    events
        How often each bin is hit in each window, int64 ``(rows,)``.
    ends
        Lowest and highest value of each conversion in each window.
    points
        The conversions, with the interval that their values are known to lie in.
    """

    rows: int
    events: dict[Key, np.ndarray] = field(default_factory=dict)
    ends: dict[Point, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    points: dict[Point, Interval] = field(default_factory=dict)

    def note(self, point: Point, interval: Interval, codes: np.ndarray) -> None:
        """Add a conversion."""
        by_row = codes.reshape(self.rows, -1)
        self.points[point] = interval
        low, high = by_row.min(axis=1), by_row.max(axis=1)
        if point in self.ends:
            before = self.ends[point]
            low, high = np.minimum(low, before[0]), np.maximum(high, before[1])
        self.ends[point] = low, high
        for name, counts in point.count(by_row).items():
            key = point.group, name
            self.events[key] = self.events.get(key, 0) + counts

    @property
    def hits(self) -> dict[Key, int]:
        """Hits of all windows together."""
        return {key: int(counts.sum()) for key, counts in self.events.items()}

    @property
    def bins(self) -> Bins:
        """The bins of all conversions, with their hits; required is what was hit."""
        return tuple(
            Bin(point.group, name, self.hits[point.group, name], reason, required=False)
            for point, interval in self.points.items()
            for name, reason in point.possible(interval).items()
        )


def observe(design: Design, arrays: Sequence[np.ndarray]) -> Observed:
    """Run the golden model on `arrays`, as `Network.evaluate` takes them, and look at it."""
    found = Observed(len(arrays[0]))
    if isinstance(design, GatedNetwork):
        wakes = design.wakes(arrays[0])
        _look(design.cheap, arrays, found)
        if wakes.any():
            # The large network sees what wakes it; its rows are not those of the others.
            large = Observed(int(wakes.sum()))
            _look(design.large, [array[wakes] for array in arrays], large)
            spread = Observed(found.rows, found.events, found.ends, {**found.points})
            spread.points |= large.points
            for key, counts in large.events.items():
                every = np.zeros(found.rows, dtype=np.int64)
                every[wakes] = counts
                spread.events[key] = spread.events.get(key, 0) + every
            return spread
        return found
    _look(design, arrays, found)
    return found


def _look(network: Network, arrays: Sequence[np.ndarray], found: Observed) -> None:
    given = list(arrays)
    if network.mode is Mode.SLIDING and network.input.steps:
        windows = sliding_window_view(given[0], network.look_back, axis=1).swapaxes(2, 3)
        given[0] = windows.reshape(-1, *windows.shape[2:])
    results = {port.name: codes for port, codes in zip(network.inputs, given, strict=True)}
    intervals = {port.name: (port.format.minimum, port.format.maximum) for port in network.inputs}
    for node in network.nodes:
        with observed(_Watch(node, intervals[node.inputs[0]], found)):
            results[node.name] = node.spec.reference(*(results[name] for name in node.inputs))
        intervals[node.name] = _interval(node, intervals[node.inputs[0]])


class _Watch:
    """Notes the conversions of one node."""

    def __init__(self, node: Node, entering: Interval, found: Observed) -> None:
        self._node, self._entering, self._found = node, entering, found
        self._looks = False

    def __call__(self, target: FixedPoint, codes: np.ndarray, source: FixedPoint) -> None:
        # To look at a conversion takes conversions, which are none of the network's.
        if not self._looks:
            self._looks = True
            self._look(target, codes, source)
            self._looks = False

    def _look(self, target: FixedPoint, codes: np.ndarray, source: FixedPoint) -> None:
        point = Point(self._node.name, source.plain(), target)
        interval = source.minimum, source.maximum
        # Tables of constants are converted, too; values of windows have channels besides.
        if codes.ndim < 2 or len(codes) % self._found.rows:
            return
        if point.shift <= 0 and not any(
            reason == "" for reason in point.possible(interval).values()
        ):
            return
        self._found.note(point, self._tighter(point, interval), codes)

    def _tighter(self, point: Point, interval: Interval) -> Interval:
        """Return an interval that does not only know the format."""
        spec = self._node.spec
        if isinstance(spec, Activation) and _is(spec.function, Function.LINEAR):
            return self._entering
        hard = {q.function for q in _quantizers(spec) if q.output == point.target}
        one = 1 << max(point.source.fraction, 0)
        if hard == {Function.HARD_TANH}:
            return max(-one, interval[0]), min(one, interval[1])
        if hard == {Function.HARD_SIGMOID}:
            return 0, min(one, interval[1])
        return interval


def _interval(node: Node, entering: Interval) -> Interval:
    """Return the interval of a node's results: of sums what its weights can make of the codes."""
    spec, port = node.spec, node.spec.outputs[0]
    whole = port.format.minimum, port.format.maximum
    if isinstance(spec, Dense) and not spec.reloadable:
        low, high = (sums << spec.shift for sums in sum_bounds(spec.kernel, spec.input))
        bias = spec.bias.astype(object) << (port.format.fraction - spec.bias_format.fraction)
        return int((low + bias).min()), int((high + bias).max())
    if isinstance(spec, Activation) and isinstance(spec.function, Quantizer):
        ends = np.array([entering], dtype=np.int64)
        low, high = spec.function.apply(ends, spec.input)[0]
        if low <= high and spec.function.output is not None:
            wraps = spec.function.output.overflow in (Overflow.WRAP, Overflow.SAT_ZERO)
            return whole if wraps else (int(low), int(high))
    return whole


def _is(function: object, kind: Function) -> bool:
    return isinstance(function, Quantizer) and function.function is kind


def _quantizers(spec: object) -> Iterator[Quantizer]:
    """Yield the quantizers among a spec's parameters, also inside of others."""
    if isinstance(spec, Quantizer):
        yield spec
    elif is_dataclass(spec):
        for each in fields(spec):
            yield from _quantizers(getattr(spec, each.name))
    elif isinstance(spec, tuple):
        for each in spec:
            yield from _quantizers(each)
