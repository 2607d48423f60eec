"""What a verification says: counts, cycles, and the first difference."""

from dataclasses import dataclass

from hw.timing import NetworkTiming
from sim.coverage.bins import Bins, missing
from sim.layer_cycles import Counts


@dataclass(frozen=True)
class CycleReport:
    """Cycles between AXI4-Stream handshakes; see `hw.timing.NetworkTiming` for the meanings."""

    latency_cycles: int
    last_beat_cycles: int
    window_cycles: int
    interval_cycles: int
    step_cycles: int

    @classmethod
    def predicted(cls, timing: NetworkTiming) -> "CycleReport":
        """Return the figures that a network's contracts add up to."""
        return cls(
            timing.latency_cycles,
            timing.last_beat_cycles,
            timing.window_cycles,
            timing.interval_cycles,
            timing.step_cycles,
        )


@dataclass(frozen=True)
class Mismatch:
    """The first place where RTL and golden model differ.

    Parameters
    ----------
    layer
        Node of the network; a recurrent layer's hidden state is ``<node>.h``.
    step
        Time step, or ``None`` for a layer that works once a window.
    channel
        Value within the beat.
    expected, actual
        Codes of the golden model and of the RTL.
    window
        Index among the windows that were sent.
    wave
        Waveform file, or ``None``.
    weights
        The weights that the value is made from, by name.
    """

    layer: str
    step: int | None
    channel: int
    expected: int
    actual: int
    window: int
    wave: str | None = None
    weights: str = ""

    def __str__(self) -> str:
        step = "" if self.step is None else f", time step {self.step}"
        wave = "" if self.wave is None else f"; waveform in {self.wave}"
        weights = f"; its weights: {self.weights}" if self.weights else ""
        return (
            f"window {self.window}, layer {self.layer}{step}, channel {self.channel}: "
            f"RTL gives code {self.actual}, the golden model {self.expected}{weights}{wave}"
        )


@dataclass(frozen=True)
class Verification:
    """Result of comparing realizations, all in integer codes.

    Parameters
    ----------
    vectors, values_compared, mismatches
        Windows, output codes, and output codes that differ.
    seed
        Of the windows, gaps and stalls.
    backpressure
        Patterns of gaps and stalls that were run.
    simulator
        Name and version.
    realizations
        Those that took part.
    predicted, simulated
        Cycles by contract, and counted.
    first_mismatch
        Where to look, or ``None``.
    coverage
        What the testbench has met, and what it could have.
    layers_predicted, layers_counted
        Cycles of every layer by contract, and counted; none where they depend on more.
    """

    vectors: int
    values_compared: int
    mismatches: int
    seed: int
    backpressure: tuple[str, ...]
    simulator: str
    realizations: tuple[str, ...]
    predicted: CycleReport
    simulated: CycleReport
    first_mismatch: Mismatch | None = None
    coverage: Bins = ()
    layers_predicted: Counts = ()
    layers_counted: Counts = ()

    @property
    def agrees(self) -> bool:
        """Whether every code and every cycle agrees."""
        layers = self.layers_predicted == self.layers_counted
        return self.mismatches == 0 and self.predicted == self.simulated and layers

    @property
    def passed(self) -> bool:
        """Whether all agrees, and the testbench has met what it must."""
        return self.agrees and not missing(self.coverage)
