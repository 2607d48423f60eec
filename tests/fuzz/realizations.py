"""A converted network as HLS C simulation and as RTL, on floats that need not lie on the grid."""

import ctypes
import re
from pathlib import Path

import numpy as np

from accel.conversion.csim import BEGIN_SERIES, as_windows
from hw.network.graph import Network
from hw.network.mode import Mode
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.verification import CycleReport
from tests.accel.conversion.compare import compare_codes
from tests.accel.conversion.hls_library import build_library

DISTURBANCES = ((0.0, 0.0), (0.4, 0.0), (0.0, 0.5), (0.3, 0.3))
"""Probabilities of gaps at the input and of stalls at the output."""


class CyclesDiffer(AssertionError):
    """Verilator counted other cycles than were predicted."""


def check_hls(
    network: Network, values: np.ndarray, expected: np.ndarray, io_type: str, folder: Path
) -> None:
    """Compile the HLS project and compare the results for `values`, which it rounds itself."""
    build_library([network], io_type, folder)
    codes = _called(folder / "all.so", "run_m0", network, values)
    compare_codes(f"C simulation ({io_type})", expected, codes.reshape(expected.shape))


def _called(library: Path, name: str, network: Network, values: np.ndarray) -> np.ndarray:
    """Return the output codes that a C function of a window, or a sample, of doubles gives."""
    compiled = ctypes.CDLL(str(library))
    function = getattr(compiled, name)
    array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    function.restype, function.argtypes = None, [array, array]
    windows = np.ascontiguousarray(as_windows(network, values))
    streams = network.mode is Mode.STREAMING
    calls = windows if streams else windows[:, np.newaxis]
    size = network.output.channels * network.output.beats
    outputs = np.zeros((*calls.shape[:2], size))
    for series, forecasts in zip(calls, outputs, strict=True):
        if streams and hasattr(compiled, BEGIN_SERIES):
            getattr(compiled, BEGIN_SERIES)()
        for window, forecast in zip(series, forecasts, strict=True):
            function(window, forecast)
    return np.ldexp(outputs, network.output_format.fraction)


def check_rtl(
    network: Network, values: np.ndarray, codes: np.ndarray, expected: np.ndarray, folder: Path
) -> None:
    """Simulate the RTL with gaps and stalls, compare codes, then cycles.

    The simulation's own C interface, which hls4ml calls, rounds `values` itself.
    """
    # Compiling dominates, and so few windows need no fast simulation.
    with RtlModel(network, folder, optimize="-O0") as rtl:
        for seed, (gaps, stalls) in enumerate(DISTURBANCES):
            run = rtl.run(codes, input_gaps=gaps, output_stalls=stalls, seed=seed)
            compare_codes(f"RTL (gaps {gaps}, stalls {stalls})", expected, run.outputs)
        rtl.reset()
        counted, predicted = measure_cycles(rtl), CycleReport.predicted(network.timing)
        if counted != predicted:
            raise CyclesDiffer(f"counted {counted}, predicted {predicted}")
        if network.mode is Mode.WINDOW and network.input.series == 1:
            name = re.sub(r"\W", "_", network.name) + "_double"
            found = _called(rtl.library, name, network, values)
            compare_codes("RTL on floats", expected, found.reshape(expected.shape))
