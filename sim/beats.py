"""The order in which beats go in and come out, for every mode and number of series."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw.errors import ChronogateError
from hw.network.design import Design
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.stream import Port


@dataclass(frozen=True)
class InputBeats:
    """The beats of one input stream, in order.

    Parameters
    ----------
    codes
        int64 ``(beats, F)``.
    last
        ``tlast`` of each.
    series
        ``tid`` of each.
    """

    codes: NDArray[np.int64]
    last: NDArray[np.uint8]
    series: NDArray[np.uint16]


@dataclass(frozen=True)
class OutputBeats:
    """Where each beat of an output stream belongs.

    Parameters
    ----------
    places
        For each beat, in order: row and position in the result, and whether ``tlast`` must close
        it; int64 ``(beats, 3)``.
    series
        ``tid`` that each must have.
    shape
        Of the result ``(rows, positions, n_out)``.
    """

    places: NDArray[np.int64]
    series: NDArray[np.uint16]
    shape: tuple[int, int, int]

    def collect(self, beats: NDArray[np.int64]) -> NDArray[np.int64]:
        """Put output beats ``(outputs, n_out)`` in their places ``(rows, positions, n_out)``."""
        result = np.zeros(self.shape, dtype=np.int64)
        result[self.places[:, 0], self.places[:, 1]] = beats
        return result

    def expected(self, results: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the beats ``(outputs, n_out)`` that carry `results`, of any shape."""
        return results.reshape(self.shape)[self.places[:, 0], self.places[:, 1]]


@dataclass(frozen=True)
class Beats:
    """The beats of all streams, in the network's order of inputs and outputs."""

    inputs: tuple[InputBeats, ...]
    outputs: tuple[OutputBeats, ...]


def arrange(
    network: Design, arrays: Sequence[np.ndarray], order: np.ndarray | None = None
) -> Beats:
    """Return the beats that bring codes into `network`.

    Parameters
    ----------
    network
        The design.
    arrays
        Codes of each input, checked: windows or series ``(N, L, F)``, or ``(N, F)`` for one beat a
        window. Row n belongs to series ``n % S``.
    order
        For interleaved designs, the row that each beat belongs to, int ``(N * L,)``; by default
        S rows at a time, a beat of each in turn.

    Raises
    ------
    ChronogateError
        When `order` does not hold every row L times, or lets two rows of a series overlap.
    """
    codes = [array if array.ndim == 3 else array[:, np.newaxis] for array in arrays]
    length = max(array.shape[1] for array in codes)
    rows, series = len(codes[0]), network.input.series
    if order is None:
        order = _default_order(rows, length, series)
    order = np.asarray(order, dtype=np.int64)
    step = _occurrence(order, rows)
    if len(order) != rows * length or (np.bincount(order, minlength=rows) != length).any():
        raise ChronogateError(
            f"the order of beats is none of {rows} rows: let it hold each of them {length} times"
        )
    return Beats(
        tuple(_inputs(array, order, step, series) for array in codes),
        tuple(_outputs(network, port, order, step, length, rows) for port in network.output_ports),
    )


def random_order(rows: int, length: int, series: int, seed: int) -> NDArray[np.int64]:
    """Return an order for `arrange` in which any series may bring the next beat.

    Parameters
    ----------
    rows, length
        How many rows there are, and the beats of each.
    series
        Row n belongs to series ``n % series``; its rows come one after the other.
    seed
        Of the order.
    """
    turns = np.random.default_rng(seed).permutation(np.repeat(np.arange(rows) % series, length))
    return turns + series * (_occurrence(turns, series) // length)


def _inputs(
    codes: np.ndarray, order: NDArray[np.int64], step: NDArray[np.int64], series: int
) -> InputBeats:
    # What comes once a window comes with the window's first beat.
    comes = step < codes.shape[1]
    rows, steps = order[comes], step[comes]
    return InputBeats(
        codes[rows, steps],
        (steps == codes.shape[1] - 1).astype(np.uint8),
        (rows % series).astype(np.uint16),
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
    network: Design,
    port: Port,
    order: NDArray[np.int64],
    step: NDArray[np.int64],
    length: int,
    rows: int,
) -> OutputBeats:
    places, positions = _places(network, port, order, step, length)
    series = (places[:, 0] % network.input.series).astype(np.uint16)
    return OutputBeats(places, series, (rows, positions, port.channels))


def _places(
    network: Design,
    port: Port,
    order: NDArray[np.int64],
    step: NDArray[np.int64],
    length: int,
) -> tuple[NDArray[np.int64], int]:
    """Return row, position and ``tlast`` of each output beat, and the positions in a row."""
    per_window, last = port.beats, step == length - 1
    ones = np.ones(len(order), dtype=np.int64)
    match network.mode:
        case Mode.STREAMING:
            return np.stack([order, step, ones], axis=1), length
        case Mode.SLIDING:
            full = step >= network.look_back - 1
            forecast = (step - network.look_back + 1)[full]
            beat = np.tile(np.arange(per_window), len(forecast))
            row, forecast = (np.repeat(a, per_window) for a in (order[full], forecast))
            table = np.stack([row, forecast * per_window + beat, beat == per_window - 1], axis=1)
            return table, (length - network.look_back + 1) * per_window
    if network.input.series > 1 and isinstance(network, Network):
        awaited = np.array(network.awaited[network.output_ports.index(port)])
        position = np.searchsorted(awaited, step)
        leads = np.isin(step, awaited)
        table = np.stack([order, position, position == per_window - 1], axis=1)[leads]
        return table, per_window
    window = np.repeat(order[last], per_window)
    position = np.tile(np.arange(per_window), int(last.sum()))
    return np.stack([window, position, position == per_window - 1], axis=1), per_window
