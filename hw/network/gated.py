"""Two networks behind one gate: a cheap one answers, and a rough window wakes a larger one.

The gate looks at the window alone: its roughness is the largest step that a chosen channel makes
from one beat to the next. Where that reaches the threshold, the forecast is the large network's.
Gating by what the input looks like is the cheap end of conditional computation: Bengio et al.,
"Conditional Computation in Neural Networks for Faster Models", arXiv 1511.06297.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hw.errors import ChronogateError
from hw.network.gate_timing import GatedPart, GatedTiming
from hw.network.graph import Network
from hw.network.metadata import Metadata
from hw.network.mode import Mode
from hw.number.fixed_point import FixedPoint
from hw.stream import Port
from hw.timing import LayerTiming, NetworkTiming

WIDEST = 31
"""Bits of an input value whose roughness can be compared with a register."""

MOST_IN_FLIGHT = 256
"""Windows on their way for which queues are made when nobody says how many."""

_LONGEST = 1 << 20


@dataclass(frozen=True, eq=False)
class GatedForecast:
    """What a gated network gives.

    Parameters
    ----------
    outputs
        int64 codes ``(N, [K,] n_out)``.
    wakes
        Which windows woke the large network ``(N,)``.
    """

    outputs: NDArray[np.int64]
    wakes: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class GatedNetwork:
    """A cheap and a large forecaster of the same input and output, and the gate between them.

    Parameters
    ----------
    name
        Name of the design.
    cheap, large
        The networks.
    threshold
        In input codes: a window whose roughness is at least as large wakes the large network.
        0 wakes it for every window, ``2 ** width`` for none. With registers it is where the
        register starts.
    channels
        Input channels whose steps count.
    in_flight
        Windows that may be on their way at once, so many forecasts can queue behind one that the
        large network still computes; by default as many as come in meanwhile.

    Raises
    ------
    ChronogateError
        When the networks cannot stand in for each other, or the gate cannot judge their windows.
    """

    name: str
    cheap: Network
    large: Network
    threshold: int
    channels: tuple[int, ...]
    in_flight: int | None = None

    def __post_init__(self) -> None:
        _check_networks(self)
        _check_gate(self)

    @property
    def input(self) -> Port:
        """The input port, of both networks."""
        return self.cheap.input

    @property
    def output(self) -> Port:
        """The output port, of both networks."""
        return self.cheap.output

    @property
    def input_format(self) -> FixedPoint:
        """Format of every feature."""
        return self.input.format

    @property
    def output_format(self) -> FixedPoint:
        """Format of every forecast value."""
        return self.output.format

    @property
    def look_back(self) -> int:
        """Input beats in a window."""
        return self.input.beats

    @property
    def features(self) -> int:
        """Values in an input beat."""
        return self.input.channels

    @property
    def outputs_per_window(self) -> int:
        """Values in a forecast beat."""
        return self.output.channels

    @property
    def metadata(self) -> Metadata:
        """What a deployer needs to know of the data."""
        return self.cheap.metadata

    @property
    def mode(self) -> Mode:
        """How windows are cut from the samples that come in."""
        return self.cheap.mode

    @property
    def threshold_bits(self) -> int:
        """Bits of the threshold: one more than of an input value."""
        return self.input_format.width + 1

    def roughness(self, codes: np.ndarray) -> NDArray[np.int64]:
        """Return the largest step of a chosen channel in each window ``(N,)``, in input codes."""
        chosen = self.check_codes(codes)[:, :, list(self.channels)]
        return np.abs(np.diff(chosen, axis=1)).max(axis=(1, 2))

    def wakes(self, codes: np.ndarray, threshold: int | np.ndarray | None = None) -> np.ndarray:
        """Return which windows wake the large network ``(N,)``.

        Parameters
        ----------
        codes
            Windows ``(N, T, F)``.
        threshold
            In place of the design's own; one for all windows or one for each.
        """
        return self.roughness(codes) >= (self.threshold if threshold is None else threshold)

    def reference(
        self, codes: np.ndarray, threshold: int | np.ndarray | None = None
    ) -> GatedForecast:
        """Compute the forecasts in NumPy integers: the golden model.

        Parameters
        ----------
        codes, threshold
            As for `wakes`.

        Raises
        ------
        ChronogateError
            When a code is not one of the input format, or the shape does not fit.
        """
        codes = self.check_codes(codes)
        wakes = self.wakes(codes, threshold)
        outputs = self.cheap.reference(codes)
        if wakes.any():
            outputs[wakes] = self.large.reference(codes[wakes])
        return GatedForecast(outputs, wakes)

    def check_codes(self, codes: np.ndarray) -> np.ndarray:
        """Return `codes` as int64 after checking shape and range."""
        return self.cheap.check_codes(codes)

    @property
    def products(self) -> tuple[int, int]:
        """Products for one window in the cheap and in the large network."""
        return products_per_window(self.cheap), products_per_window(self.large)

    def products_saved(self, windows: int, wakes: int) -> int:
        """Return how many products fewer than the large network alone would need."""
        cheap, large = self.products
        return (windows - wakes) * large - windows * cheap

    @property
    def banks(self) -> int:
        """Windows kept for the large network: one is filled while another is replayed.

        There is a third where beats come in every cycle, as the next window begins before the
        verdict on the one before, and where the large network is no slower than the cheap one.
        """
        return 2 if 1 < self.cheap.schedule.pace.step < self.large.schedule.pace.step else 3

    @cached_property
    def gate_timing(self) -> GatedTiming:
        """Cycles as a function of the windows that wake."""
        return replace(self._unbounded, in_flight=self.queue)

    @property
    def timing(self) -> NetworkTiming:
        """Predicted cycles of the worst case: every window wakes the large network."""
        always = self.gate_timing.always
        return replace(always, layers=self._layers(always, large=True))

    @property
    def best_timing(self) -> NetworkTiming:
        """Predicted cycles of the best case: no window wakes the large network."""
        never = self.gate_timing.never
        return replace(never, layers=self._layers(never, large=False))

    @cached_property
    def queue(self) -> int:
        """Windows that may be on their way at once."""
        if self.in_flight is not None:
            return self.in_flight
        hiding = min(self._unbounded.hiding_in_flight(), MOST_IN_FLIGHT)
        return max(self.fewest_in_flight, hiding)

    @property
    def fewest_in_flight(self) -> int:
        """Windows on their way when all take the same way, which must not wait for a place."""
        return self._unbounded.needed_in_flight()

    @cached_property
    def _unbounded(self) -> GatedTiming:
        parts = (GatedPart.of(n.schedule, n.stages) for n in (self.cheap, self.large))
        return GatedTiming(self.look_back, *parts, banks=self.banks, in_flight=_LONGEST)

    def _layers(self, timing: NetworkTiming, large: bool) -> tuple[LayerTiming, ...]:
        """Return the lines of both networks, their multipliers used as the interval says."""
        return tuple(
            replace(
                layer,
                name=f"{part}.{layer.name}",
                utilization=None
                if layer.utilization is None
                else works * layer.utilization * own / timing.interval_cycles,
            )
            for part, network, works in (("cheap", self.cheap, 1), ("large", self.large, large))
            for own in (network.timing.interval_cycles,)
            for layer in network.timing.layers
        )


def products_per_window(network: Network) -> int:
    """Return the useful products of one window."""
    stages = network.stages
    return round(sum(max(p.beats for p in s.inputs) * s.timing.products for s in stages))


def _check_networks(gated: GatedNetwork) -> None:
    for network in (gated.cheap, gated.large):
        if network.mode is not Mode.WINDOW or network.input.series > 1:
            kind = f"{network.input.series} series" if network.input.series > 1 else network.mode
            raise ChronogateError(
                f"{network.name} cannot stand behind the gate {gated.name} in the mode {kind}: "
                "use the window mode with one series"
            )
        awaited = network.schedule.awaited(network.schedule.output)
        if min(awaited) < network.look_back - 1:
            raise ChronogateError(
                f"{network.name} begins its forecast at input beat {min(awaited)}, before the gate "
                f"{gated.name} has seen its window: let it return the last step only"
            )
    for kind, cheap, large in (
        ("input", gated.cheap.input, gated.large.input),
        ("output", gated.cheap.output, gated.large.output),
    ):
        if not cheap.carries_same(large):
            raise ChronogateError(
                f"the {kind}s of {gated.cheap.name} and {gated.large.name} differ "
                f"({_described(cheap)} and {_described(large)}): the gate {gated.name} needs two "
                "networks of the same look-back, features, horizon and number formats"
            )
    if gated.cheap.metadata != gated.large.metadata:
        raise ChronogateError(
            f"{gated.cheap.name} and {gated.large.name} were made for different data: train both "
            "on the same features and targets, scaled alike"
        )


def _check_gate(gated: GatedNetwork) -> None:
    if gated.look_back < 2:
        raise ChronogateError(
            f"the gate {gated.name} judges a window by the steps in it, but it has one beat only: "
            "let the networks take one beat for each time step"
        )
    if gated.input_format.width > WIDEST:
        raise ChronogateError(
            f"the gate {gated.name} compares values of at most {WIDEST} bits, not "
            f"{gated.input_format.width}: quantize the input of both networks more coarsely"
        )
    channels = gated.channels
    if not channels or len(set(channels)) < len(channels):
        raise ChronogateError(
            f"the gate {gated.name} needs channels to look at, each named once, not {channels}"
        )
    if not all(0 <= channel < gated.features for channel in channels):
        raise ChronogateError(
            f"the gate {gated.name} looks at channels {channels}, but the input has "
            f"{gated.features}: use numbers from 0 to {gated.features - 1}"
        )
    most = 1 << gated.input_format.width
    if not 0 <= gated.threshold <= most:
        raise ChronogateError(
            f"the threshold {gated.threshold} of the gate {gated.name} is no step between input "
            f"codes: use 0 (always awake) to {most} (never)"
        )
    if gated.in_flight is not None and gated.in_flight < gated.fewest_in_flight:
        raise ChronogateError(
            f"the gate {gated.name} lets {gated.in_flight} windows be on their way, which slows "
            f"its networks down: let in_flight be at least {gated.fewest_in_flight}"
        )


def _described(port: Port) -> str:
    return f"{port.beats} x {port.channels} x {port.format}"
