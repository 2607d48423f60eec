"""Forecasts of rows as they come, computed by a board."""

import csv
import io
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from accel.boards import Board, find_board
from accel.configuration.config import Config, load_config
from accel.device import Device, SerialPort, SimulatedBoard
from accel.device.device import answer_seconds
from accel.device.transport import Transport
from accel.flow.forecast import read_inputs
from accel.runs.run import Run, Step
from hw.board.top import BoardTop
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.network.serialization import load_network

SIMULATED = "sim"
_USB_SECONDS = 0.2


@dataclass(frozen=True)
class Forecaster:
    """What is streamed to.

    Parameters
    ----------
    network
        What the bitstream was made from.
    config
        How the columns are called.
    board
        Where it runs.
    weights
        The network whose weights are loaded first; ``None`` for those of the bitstream.
    """

    network: Network
    config: Config
    board: Board
    weights: Network | None = None

    @property
    def model(self) -> Network:
        """What computes the forecasts."""
        return self.weights or self.network


def load_forecaster(run: Run, board: str | None, weights: Path | None = None) -> Forecaster:
    """Read what streaming needs from a run.

    Parameters
    ----------
    run
        With a converted network.
    board
        Name; default: that of the run's configuration.
    weights
        Folder of a network of the same shape, to be loaded first: a run, or its ``adapted``.

    Raises
    ------
    ChronogateError
        When the run was not converted, or does not know its columns.
    """
    run.require(Step.CONVERT)
    network = load_network(run.folder)
    config_file = run.path("config.toml")
    if not config_file.exists() or not network.metadata.targets:
        raise ChronogateError(
            f"{run.folder} was made from a bare model file, which does not say what its inputs "
            "are: train the forecaster with `accel train` to stream a CSV file"
        )
    config = load_config(config_file)
    target = replace(find_board(board or config.board), registers=config.registers)
    if weights is None:
        return Forecaster(network, config, target)
    own = weights / "config.toml"
    loaded = load_network(weights)
    return Forecaster(network, load_config(own) if own.exists() else config, target, loaded)


def stream_rows(
    forecaster: Forecaster,
    port: str,
    source: str | Path,
    counted: Callable[[dict[str, int]], None] | None = None,
) -> Iterator[str]:
    """Forecast from every row that has a look-back behind it.

    Parameters
    ----------
    forecaster
        From `load_forecaster`.
    port
        A serial port, or `SIMULATED`.
    source
        A CSV file with the run's columns, or ``-`` for standard input.
    counted
        Called at the end with what the design has counted.

    Yields
    ------
    str
        A line of CSV for each forecast time: origin, time, one column for each target; first of
        all their names.

    Raises
    ------
    ChronogateError
        As `accel.flow.forecast.read_inputs`, and when the board cannot be reached, holds another
        network, or has no registers for what is wanted of them.
    """
    network, board = forecaster.network, forecaster.board
    with tempfile.TemporaryDirectory() as scratch, _opened(source) as lines:
        device = _open(board.top(network), board, port, Path(scratch))
        try:
            device.connect()
            if forecaster.weights is not None:
                device.load(forecaster.weights)
            registers = None if counted is None else device.registers
            yield from _forecast(device, forecaster.config, forecaster.model, lines, Path(scratch))
            if counted is not None and registers is not None:
                counted(registers.counters())
        finally:
            device.close()


def _open(top: BoardTop, board: Board, port: str, scratch: Path) -> Device:
    if port == SIMULATED:
        clock_hz = board.clock_mhz * 1e6
        line: Transport = SimulatedBoard(top, scratch / SIMULATED, clock_hz)
        return Device(top, line, answer_seconds(top, clock_hz))
    # The slowest clock that a bitstream of this board has.
    seconds = answer_seconds(top, board.clocks()[0] * 1e6, _USB_SECONDS)
    request = top.bridge.request_cycles(top.bridge.sample_bytes) / board.clock_mhz / 1e6
    return Device(top, SerialPort(port, board.baud), seconds + request)


@contextmanager
def _opened(source: str | Path) -> Iterator[Iterable[str]]:
    if isinstance(source, str):
        yield sys.stdin
        return
    try:
        file = source.open(encoding="utf-8")
    except OSError as problem:
        raise ChronogateError(f"{source} cannot be read: {problem.strerror}") from None
    with file:
        yield file


def _forecast(
    device: Device, config: Config, network: Network, lines: Iterable[str], scratch: Path
) -> Iterator[str]:
    metadata = network.metadata
    yield _row("origin", metadata.time_column or "time", *(t.name for t in metadata.targets))
    rows = iter(lines)
    header = next(rows, "")
    seen: deque[str] = deque(maxlen=metadata.look_back)
    window = scratch / "window.csv"
    begun = network.mode is Mode.WINDOW
    for line in rows:
        if not line.strip():
            continue
        seen.append(line if line.endswith("\n") else f"{line}\n")
        if len(seen) < metadata.look_back:
            continue
        window.write_text(header + "".join(seen), encoding="utf-8")
        series, scaled = read_inputs(config, metadata, window)
        codes = network.input_format.quantize(scaled)
        if network.mode is Mode.WINDOW:
            answer = device.step(codes)
        else:
            # The board keeps what it has seen: the first look-back once, then each new row.
            answers = [device.step(row) for row in (codes[-1:] if begun else codes)]
            answer, begun = answers[-1], True
        if answer is not None:
            yield from _answer(answer, network, series.times[-1])


def _answer(codes: np.ndarray, network: Network, origin: np.datetime64) -> Iterator[str]:
    metadata = network.metadata
    scaled = network.output.format.to_float(codes).reshape(metadata.horizon, -1)
    values = np.stack([t.to_units(scaled[:, k]) for k, t in enumerate(metadata.targets)], axis=1)
    for step, row in enumerate(values, 1):
        time = origin + np.timedelta64(int(step * metadata.step_seconds), "s")
        yield _row(*(str(t).replace("T", " ") for t in (origin, time)), *(f"{v:.6g}" for v in row))


def _row(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
