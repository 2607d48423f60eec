"""What a run of the RTL gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hw.errors import ChronogateError
from sim.library import RunResult


@dataclass(frozen=True, eq=False)
class Exchange:
    """The beats that have moved in a call of the library.

    Parameters
    ----------
    codes
        Of each output, int64 ``(beats, channels)``.
    inputs, outputs
        Cycles of each stream's handshakes.
    result
        What else the library says: cycles, and those of gaps and stalls.
    """

    codes: tuple[NDArray[np.int64], ...]
    inputs: tuple[NDArray[np.int64], ...]
    outputs: tuple[NDArray[np.int64], ...]
    result: RunResult


@dataclass(frozen=True)
class RtlRun:
    """What one run of the RTL gave.

    Parameters
    ----------
    results
        For each output, int64 codes of the shape that `Network.evaluate` gives.
    cycles
        Simulated cycles.
    input_beats
        Rising-edge indices of the leading input's accepted handshakes, counted from the last reset.
    beats
        The same for each output.
    """

    results: tuple[NDArray[np.int64], ...]
    cycles: int
    input_beats: NDArray[np.int64]
    beats: tuple[NDArray[np.int64], ...]

    @classmethod
    def joined(cls, runs: "Sequence[RtlRun]") -> Self:
        """Return one run of several in a row."""
        return cls(
            _joined([run.results for run in runs]),
            sum(run.cycles for run in runs),
            np.concatenate([run.input_beats for run in runs]),
            _joined([run.beats for run in runs]),
        )

    @property
    def outputs(self) -> NDArray[np.int64]:
        """Codes of the only output.

        Raises
        ------
        ChronogateError
            When there are several.
        """
        return _only(self.results)

    @property
    def output_beats(self) -> NDArray[np.int64]:
        """Cycles of the only output's handshakes; several are refused as in `outputs`."""
        return _only(self.beats)


def _only(arrays: tuple[NDArray[np.int64], ...]) -> NDArray[np.int64]:
    if len(arrays) != 1:
        raise ChronogateError(
            f"the run has {len(arrays)} outputs: ask for all of them (RtlRun.results, RtlRun.beats)"
        )
    return arrays[0]


def _joined(parts: Sequence[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))
