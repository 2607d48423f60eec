"""The order in which beats go in and come out, for every mode and number of series."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.mode import Mode


@dataclass(frozen=True)
class Beats:
    """Input beats in order, and where each output beat belongs.

    Parameters
    ----------
    codes
        int64 ``(beats, F)``.
    last
        ``tlast`` of each.
    series
        ``tid`` of each.
    window
        Which row of the caller's codes each beat belongs to.
    outputs
        For each output beat, in order: row and position in the result, and whether ``tlast``
        must close it; int64 ``(outputs, 3)``.
    shape
        Of the result ``(rows, positions, n_out)``.
    """

    codes: NDArray[np.int64]
    last: NDArray[np.uint8]
    series: NDArray[np.uint16]
    window: NDArray[np.int64]
    outputs: NDArray[np.int64]
    shape: tuple[int, int, int]

    @property
    def output_series(self) -> NDArray[np.uint16]:
        """``tid`` that each output beat must have."""
        rows, indices = np.unique(self.window, return_index=True)
        of_row = np.zeros(int(rows.max(initial=0)) + 1, dtype=np.uint16)
        of_row[rows] = self.series[indices]
        return of_row[self.outputs[:, 0]]

    def collect(self, beats: NDArray[np.int64]) -> NDArray[np.int64]:
        """Put output beats ``(outputs, n_out)`` in their places ``(rows, positions, n_out)``."""
        result = np.zeros(self.shape, dtype=np.int64)
        result[self.outputs[:, 0], self.outputs[:, 1]] = beats
        return result


def arrange(network: Network, codes: np.ndarray, order: np.ndarray | None = None) -> Beats:
    """Return the beats that bring `codes` into `network`.

    Parameters
    ----------
    network
        The design.
    codes
        Windows or series ``(N, L, F)``, checked. Row n belongs to series ``n % S``.
    order
        For interleaved designs, the row that each beat belongs to, int ``(N * L,)``; by default
        S rows at a time, a beat of each in turn.

    Raises
    ------
    ChronogateError
        When `order` does not hold every row L times, or lets two rows of a series overlap.
    """
    rows, length, _ = codes.shape
    if order is None:
        order = _default_order(rows, length, network.input.series)
    order = np.asarray(order, dtype=np.int64)
    step = _occurrence(order, rows)
    if len(order) != rows * length or (np.bincount(order, minlength=rows) != length).any():
        raise ChronogateError(f"the order must hold each of {rows} rows {length} times")
    last = step == length - 1
    series = (order % network.input.series).astype(np.uint16)
    outputs, positions = _outputs(network, order, step, last, length)
    return Beats(
        codes[order, step],
        last.astype(np.uint8),
        series,
        order,
        outputs,
        (rows, positions, network.output.channels),
    )


def _default_order(rows: int, length: int, series: int) -> NDArray[np.int64]:
    groups = [np.arange(g, min(g + series, rows)) for g in range(0, rows, series)]
    parts = [np.tile(group, length) for group in groups]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _occurrence(order: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """Return for each beat how many of its row came before."""
    by_row = np.argsort(order, kind="stable")
    counts = np.bincount(order, minlength=rows)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    result = np.zeros(len(order), dtype=np.int64)
    result[by_row] = np.arange(len(order)) - starts
    return result


def _outputs(
    network: Network,
    order: NDArray[np.int64],
    step: NDArray[np.int64],
    last: NDArray[np.bool_],
    length: int,
) -> tuple[NDArray[np.int64], int]:
    """Return row, position and ``tlast`` of each output beat, and the positions in a row."""
    per_window = network.output.beats
    ones = np.ones(len(order), dtype=np.int64)
    match network.mode:
        case Mode.STREAMING:
            return np.stack([order, step, ones], axis=1), length
        case Mode.SLIDING:
            look_back = network.look_back
            if per_window > 1:
                raise ChronogateError(
                    f"{network.name} gives {per_window} beats a forecast, which the sliding mode "
                    "cannot be simulated with yet: let it give one"
                )
            full = step >= look_back - 1
            table = np.stack([order, step - look_back + 1, ones], axis=1)[full]
            return table, length - look_back + 1
    if network.input.series > 1 and per_window == length > 1:
        return np.stack([order, step, last.astype(np.int64)], axis=1), length
    rows = np.repeat(order[last], per_window)
    position = np.tile(np.arange(per_window), int(last.sum()))
    return np.stack([rows, position, position == per_window - 1], axis=1), per_window
