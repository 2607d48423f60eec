"""Soak: windows without end, with random gaps, stalls, and resets at any moment.

The Verilated model of this process takes them, a batch at a time; about every other batch is cut
by a reset in any cycle. All that came out by then is compared with the golden model, value by
value, and so is what comes after.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np

from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.mode import Mode
from sim.beats import arrange
from sim.cocotb_runner import run_testbench
from sim.rtl_model import RtlModel
from sim.verification import Mismatch

BATCH = 64
"""Windows, or series of two windows and more, in a batch."""

GAPS, STALLS = (0.0, 0.0, 0.1, 0.5, 0.9), (0.0, 0.0, 0.2, 0.6, 0.95)
"""Probabilities of a paused cycle, of which each batch has one at either side."""

CUT = 0.5
"""Share of the batches that a reset ends."""

FURTHER = 12
"""Samples of a series beyond its look-back, where windows slide or samples stream."""


@dataclass(frozen=True)
class Soaked:
    """What was compared.

    Parameters
    ----------
    windows
        Forecasts that came whole.
    values
        Codes compared, those of forecasts that a reset cut included.
    resets
        Those that came while beats were on their way.
    stalls, gaps
        Cycles for which output beats waited, and for which inputs withheld beats.
    cycles
        Simulated.
    """

    windows: int = 0
    values: int = 0
    resets: int = 0
    stalls: int = 0
    gaps: int = 0
    cycles: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True, eq=False)
class Batch:
    """One batch, the same for the same three numbers.

    Parameters
    ----------
    arrays
        Codes of every input.
    gaps, stalls, seed
        Of the exchange.
    cut
        The cycle in which a reset ends it, as a share of the time it may take; ``None`` for none.
    """

    arrays: tuple[np.ndarray, ...]
    gaps: float
    stalls: float
    seed: int
    cut: float | None

    @classmethod
    def draw(cls, network: Network, seed: int, number: int) -> Self:
        """Draw batch `number` of a soak."""
        rng = np.random.default_rng([seed, number])
        rows = max(BATCH // network.look_back, 4) if network.mode is not Mode.WINDOW else BATCH
        rows = -(-rows // network.input.series) * network.input.series
        arrays = []
        # Of windows of any codes, those at the ends of the range, and mixed ones.
        ends = rng.choice([0.0, 0.0, 0.3, 1.0])
        for port in network.inputs:
            low, high = port.format.minimum, port.format.maximum
            shape = [rows, port.channels]
            if port.steps is not None:
                length = port.beats + FURTHER if network.mode is not Mode.WINDOW else port.beats
                shape.insert(1, length)
            codes = rng.integers(low, high, shape, dtype=np.int64, endpoint=True)
            extreme = np.where(rng.random(shape) < 0.5, low, high)
            arrays.append(np.where(rng.random(shape) < ends, extreme, codes))
        cut = float(rng.random()) if rng.random() < CUT else None
        gaps, stalls = float(rng.choice(GAPS)), float(rng.choice(STALLS))
        return cls(tuple(arrays), gaps, stalls, int(rng.integers(2**31)), cut)

    def most(self, network: Network, beats: int) -> int | None:
        """Return the cycles after which it is cut."""
        if self.cut is None:
            return None
        waits = beats / (1 - self.gaps) + beats / (1 - self.stalls)
        rows = len(self.arrays[0])
        windows = rows if network.mode is Mode.WINDOW else beats
        whole = network.timing.window_cycles + windows * network.timing.interval_cycles + waits
        return 1 + int(self.cut * whole)


def soak_batch(model: RtlModel, seed: int, number: int) -> Soaked | Mismatch:
    """Run one batch after a reset; returns what was compared, or the first wrong code.

    Raises
    ------
    ChronogateError
        When the design hangs or breaks a rule of AXI4-Stream.
    """
    network = model.network
    assert isinstance(network, Network), f"{network.name} is two networks"
    batch = Batch.draw(network, seed, number)
    beats = arrange(network, batch.arrays)
    most = batch.most(network, max(len(stream.last) for stream in beats.inputs))
    model.reset()
    waits = batch.gaps, batch.stalls, batch.seed
    found = model.exchange(beats, *waits) if most is None else model.exchange(beats, *waits, most)
    results = network.evaluate(batch.arrays)
    for output, (wanted, codes) in enumerate(zip(beats.outputs, results, strict=True)):
        expected = wanted.expected(codes)
        wrong = np.argwhere(found.codes[output] != expected[: len(found.codes[output])])
        if len(wrong):
            beat, channel = wrong[0].tolist()
            row, position, _ = wanted.places[beat].tolist()
            step = None if wanted.shape[1] == 1 else position
            codes_of_both = int(expected[beat, channel]), int(found.codes[output][beat, channel])
            return Mismatch(network.outputs[output], step, channel, *codes_of_both, row)
    moved = list(zip(beats.outputs, found.codes, strict=True))
    return Soaked(
        windows=min(int(wanted.places[: len(codes), 2].sum()) for wanted, codes in moved),
        values=sum(codes.size for codes in found.codes),
        resets=int(any(len(codes) < len(wanted.places) for wanted, codes in moved)),
        stalls=found.result.stalls,
        gaps=found.result.gaps,
        cycles=found.result.cycles,
    )


def locate(network: Network, mismatch: Mismatch, seed: int, number: int, folder: Path) -> Mismatch:
    """Return the first layer and step that the testbench finds wrong in that window.

    Where it finds none, because only that batch's rhythm brings it about, the mismatch is as it
    was.
    """
    arrays = Batch.draw(network, seed, number).arrays
    series = network.input.series
    first = mismatch.window // series * series
    rows = [*range(first, min(first + series, len(arrays[0])))] * 2
    try:
        bench = run_testbench(network, [array[rows] for array in arrays], folder, seed)
    except ChronogateError:
        return mismatch
    return bench.first_mismatch or mismatch
