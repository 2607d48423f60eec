"""C simulation of an HLS project: compiled with g++, called window by window.

It needs neither hls4ml nor TensorFlow, so that a run can be verified without them.
"""

import ctypes
import subprocess
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hw.errors import ChronogateError
from hw.network.codes import Codes
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.network.serialization import load_network
from hw.stream import Port

PROJECT = "accelerator"
"""Name of the project's top function."""

BEGIN_SERIES = "chronogate_begin_series"
"""What to call before the first sample of a series, where layers keep their states."""


class Top(Protocol):
    """A function of a shared library."""

    argtypes: Any
    restype: Any

    def __call__(self, *arguments: np.ndarray) -> None:
        """Call it."""


def csim(folder: Path, codes: Codes) -> np.ndarray:
    """Run the C simulation of a project of one output.

    Parameters
    ----------
    folder
        A project that `write_hls` wrote; compiled with g++ at the first call.
    codes
        Input codes ``(N, [T,] F)``; with several inputs one array for each.

    Returns
    -------
    numpy.ndarray
        int64 output codes ``(N, [K,] n_out)``.

    Raises
    ------
    ChronogateError
        When it does not compile, a result is not on the output's grid, or there are several
        outputs.
    """
    network = load_network(folder)
    return network.only(_simulate(network, folder, codes)[0])


def csim_all(folder: Path, codes: Codes) -> tuple[np.ndarray, ...]:
    """Run the C simulation and return every output; see `csim`."""
    return _simulate(load_network(folder), folder, codes)[0]


def csim_windows_per_second(folder: Path, codes: np.ndarray) -> float:
    """Measure hls4ml's C simulation, called window by window as hls4ml's own ``predict`` does."""
    csim(folder, codes[:1])  # compiles
    return len(codes) / _simulate(load_network(folder), folder, codes)[1]


def call_windows(
    network: Network, library: ctypes.CDLL, name: str, codes: Codes
) -> tuple[tuple[np.ndarray, ...], float]:
    """Call a compiled project for every window, or in the streaming mode for every sample.

    Parameters
    ----------
    network
        What it computes.
    library, name
        The C function, of one array of doubles for each input and output.
    codes
        As of `csim`.

    Returns
    -------
    tuple of numpy.ndarray, float
        int64 codes of every output, and the seconds that it took.

    Raises
    ------
    ChronogateError
        When a result is not on the output's grid.
    """
    given = network.check_arrays(codes)
    if network.mode is Mode.SLIDING:
        windows = as_windows(network, given[0])
        results, seconds = call_windows(replace(network, mode=Mode.WINDOW), library, name, windows)
        return tuple(r.reshape(*given[0].shape[:1], -1, *r.shape[1:]) for r in results), seconds
    inputs = [
        np.ascontiguousarray(port.format.to_float(array))
        for port, array in zip(network.inputs, given, strict=True)
    ]
    ports = network.output_ports
    streams = network.mode is Mode.STREAMING
    steps = given[0].shape[1] if streams else 1
    shapes = [(() if port.steps is None else (port.steps * steps,)) for port in ports]
    outputs = [
        np.zeros((len(given[0]), *shape, port.channels))
        for shape, port in zip(shapes, ports, strict=True)
    ]
    top: Top = getattr(library, name)
    array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    top.restype, top.argtypes = None, [array] * (len(inputs) + len(outputs))
    begin = perf_counter()
    for window in zip(*inputs, *outputs, strict=True):
        if streams and hasattr(library, BEGIN_SERIES):  # else no layer keeps anything
            getattr(library, BEGIN_SERIES)()
        for sample in zip(*window, strict=True) if streams else (window,):
            top(*sample)
    seconds = perf_counter() - begin
    results = (_codes(port, values) for port, values in zip(ports, outputs, strict=True))
    return tuple(results), seconds


def as_windows(network: Network, series: np.ndarray) -> np.ndarray:
    """Return what the top function takes, window by window, since it keeps no look-back.

    Parameters
    ----------
    network
        What it computes.
    series
        Codes or values as of `Network.reference`: windows as they are, or in the sliding mode
        ``(N, L, F)``, of which every full look-back becomes a window.
    """
    if network.mode is not Mode.SLIDING:
        return series
    windows = sliding_window_view(series, network.look_back, axis=1).swapaxes(2, 3)
    beats = windows.shape[2:] if network.input.steps else windows.shape[3:]
    return windows.reshape(-1, *beats)


def _simulate(network: Network, folder: Path, codes: Codes) -> tuple[tuple[np.ndarray, ...], float]:
    library = ctypes.CDLL(str(_library(folder)))
    return call_windows(network, library, f"{PROJECT}_double", codes)


def _codes(port: Port, values: np.ndarray) -> np.ndarray:
    scaled = np.ldexp(values, port.format.fraction)
    result = scaled.astype(np.int64)
    if (result != scaled).any():
        raise ChronogateError(
            f"the C simulation gives values off the grid of {port.format}: convert the model again"
        )
    return result


def _library(folder: Path) -> Path:
    found = sorted((folder / "firmware").glob(f"{PROJECT}-*.so"))
    if found:
        return found[-1]
    build = subprocess.run(
        ["bash", "build_lib.sh"], cwd=folder, text=True, capture_output=True, check=False
    )
    if build.returncode != 0:
        lines = (build.stderr or build.stdout).strip().splitlines() or ["no message"]
        raise ChronogateError(f"the HLS project in {folder} does not compile with g++: {lines[-1]}")
    return next((folder / "firmware").glob(f"{PROJECT}-*.so"))
