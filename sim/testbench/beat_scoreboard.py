"""What is compared of designs of any mode and number of streams, and how long it may take."""

from dataclasses import dataclass

import numpy as np

from sim.beats import Beats
from sim.layer_cycles import Counts
from sim.testbench.case import Case, TestResult, hits_of
from sim.testbench.stream_bench import StreamBench, codes_moved
from sim.verification import CycleReport, Mismatch


@dataclass
class BeatScoreboard:
    """Counts what was compared and keeps the first difference."""

    case: Case
    windows: int = 0
    values: int = 0
    mismatches: int = 0
    first: Mismatch | None = None

    def compare(self, bench: StreamBench, beats: Beats, results: tuple[np.ndarray, ...]) -> None:
        """Compare what every output has given with `results` of the golden model."""
        network = self.case.network
        for name, monitor, wanted, codes in zip(
            network.outputs, bench.outputs, beats.outputs, results, strict=True
        ):
            marks = [(moved.last, moved.series) for moved in monitor.beats]
            due = list(zip(wanted.places[:, 2].tolist(), wanted.series.tolist(), strict=True))
            for place, (mark, expected) in enumerate(zip(marks, due, strict=True)):
                assert mark == expected, (
                    f"beat {place} of {monitor.prefix} has tlast and tid {mark}, not {expected}"
                )
            found, right = codes_moved(monitor), wanted.expected(codes)
            self.values += right.size
            wrong = np.argwhere(found != right)
            self.mismatches += len(wrong)
            if len(wrong) and self.first is None:
                beat, channel = wrong[0].tolist()
                row, position, _ = wanted.places[beat].tolist()
                values = int(right[beat, channel]), int(found[beat, channel])
                step = None if wanted.shape[1] == 1 else position
                self.first = Mismatch(name, step, channel, *values, row)
        self.windows += len(results[0])

    def finish(
        self, bench: StreamBench, test: str, cycles: CycleReport | None = None, counts: Counts = ()
    ) -> None:
        """Write the result and fail the test if anything differs."""
        hits = hits_of(self.case, bench.record)
        TestResult(
            self.windows, self.values, self.mismatches, self.first, cycles, hits, counts
        ).save(self.case.folder, test)
        assert self.first is None, str(self.first)


def patience(case: Case, gaps: float, stalls: float) -> int:
    """Return the cycles within which a beat must move somewhere."""
    timing = case.network.timing
    wait = timing.window_cycles + timing.interval_cycles + case.network.input.series
    return int((wait + 500) * 4 / (1 - gaps) / (1 - stalls))
