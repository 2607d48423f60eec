"""C simulation of an HLS project: compiled with g++, called window by window.

It needs neither hls4ml nor TensorFlow, so that a run can be verified without them.
"""

import ctypes
import subprocess
from pathlib import Path
from time import perf_counter

import numpy as np

from hw.errors import ChronogateError
from hw.network.serialization import load_network

PROJECT = "accelerator"
"""Name of the project's top function."""


def csim(folder: Path, codes: np.ndarray) -> np.ndarray:
    """Run the project's C simulation.

    Parameters
    ----------
    folder
        A project that `write_hls` wrote; compiled with g++ at the first call.
    codes
        Input codes ``(N, [T,] F)``.

    Returns
    -------
    numpy.ndarray
        int64 output codes ``(N, n_out)``.

    Raises
    ------
    ChronogateError
        When it does not compile, or a result is not on the output's grid.
    """
    return _simulate(folder, codes)[0]


def csim_windows_per_second(folder: Path, codes: np.ndarray) -> float:
    """Measure hls4ml's C simulation, called window by window as hls4ml's own ``predict`` does."""
    csim(folder, codes[:1])  # compiles
    return len(codes) / _simulate(folder, codes)[1]


def _simulate(folder: Path, codes: np.ndarray) -> tuple[np.ndarray, float]:
    network = load_network(folder)
    top = getattr(ctypes.CDLL(str(_library(folder))), f"{PROJECT}_double")
    array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    top.restype, top.argtypes = None, [array, array]
    inputs = np.ascontiguousarray(network.input_format.to_float(network.check_codes(codes)))
    outputs = np.zeros((len(inputs), network.outputs_per_window))
    begin = perf_counter()
    for window, forecast in zip(inputs, outputs, strict=True):
        top(window, forecast)
    seconds = perf_counter() - begin
    scaled = np.ldexp(outputs, network.output_format.fraction)
    result = scaled.astype(np.int64)
    if (result != scaled).any():
        raise ChronogateError(
            f"the C simulation in {folder} gives values off the grid of "
            f"{network.output_format}: convert the model again"
        )
    return result, seconds


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
