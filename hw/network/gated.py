"""Two networks behind one gate: a cheap one answers, and a rough window wakes a larger one.

The gate looks at the window alone: its roughness is the largest step that a chosen channel makes
from one beat to the next. Where that reaches the threshold, the forecast is the large network's.
Gating by what the input looks like is the cheap end of conditional computation: Bengio et al.,
"Conditional Computation in Neural Networks for Faster Models", arXiv 1511.06297.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hw.network.codes import Codes
from hw.network.gated_checks import check_gated
from hw.network.gated_timing import GatedPart, GatedTiming
from hw.network.graph import Network
from hw.network.metadata import Metadata
from hw.network.mode import Mode
from hw.number.fixed_point import FixedPoint
from hw.stream import Port
from hw.timing import LayerTiming, NetworkTiming

T = TypeVar("T")

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
        check_gated(self)

    @property
    def inputs(self) -> tuple[Port, ...]:
        """The input port, of both networks, as the only one."""
        return self.cheap.inputs

    @property
    def input(self) -> Port:
        """The input port, of both networks."""
        return self.cheap.input

    @property
    def outputs(self) -> tuple[str, ...]:
        """The name of the one output."""
        return self.cheap.outputs

    @property
    def output_ports(self) -> tuple[Port, ...]:
        """The output port, of both networks, as the only one."""
        return self.cheap.output_ports

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

    def check_arrays(self, codes: Codes) -> tuple[np.ndarray, ...]:
        """Return the codes of the one input in the same way, alone in a tuple."""
        return self.cheap.check_arrays(codes)

    def only(self, results: tuple[T, ...]) -> T:
        """Return the one result."""
        return self.cheap.only(results)

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
    def gated_timing(self) -> GatedTiming:
        """Cycles as a function of the windows that wake."""
        return replace(self._unbounded, in_flight=self.queue)

    @property
    def timing(self) -> NetworkTiming:
        """Predicted cycles of the worst case: every window wakes the large network."""
        always = self.gated_timing.always
        return replace(always, layers=self._layers(always, large=True))

    @property
    def worst_timing(self) -> NetworkTiming:
        """The same, by the name that it has for every design."""
        return self.timing

    @property
    def best_timing(self) -> NetworkTiming:
        """Predicted cycles of the best case: no window wakes the large network."""
        never = self.gated_timing.never
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
