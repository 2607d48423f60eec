"""Verifies a converted run: every realization that was written, on every window, code by code."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from accel.configuration.sections import VerificationConfig
from accel.conversion.csim import csim_all
from accel.flow.adaptive import Adaptive, SavedProducts, saved_products
from accel.progress import Progress
from accel.runs.records import Agreement, Conversion, forecasts
from hw.errors import ChronogateError
from hw.network.graph import Network
from sim.cocotb_runner import run_testbench
from sim.measure import measure_cycles
from sim.rtl_model import RtlModel
from sim.standalone.write import write_testbench
from sim.verification import CycleReport, Mismatch, Verification

CHUNK = 512
"""Windows between two ticks of a progress bar."""


@dataclass(frozen=True, eq=False)
class Verified:
    """Outcome, and what the RTL answered.

    Parameters
    ----------
    verification
        The comparison of all realizations.
    outputs
        int64 codes of the RTL, ``(N, values)``: those of all outputs side by side.
    adaptive
        What was saved where the work depends on the data, else ``None``.
    """

    verification: Verification
    outputs: np.ndarray
    adaptive: Adaptive | None


def verify(
    network: Network,
    verilog: str,
    codes: tuple[np.ndarray, ...],
    settings: VerificationConfig,
    conversion: Conversion,
    hls: Path | None,
    folder: Path,
    progress: Progress,
    waves: bool = False,
) -> Verified:
    """Compare golden model, RTL and HLS on `codes`, and add what the conversion compared.

    Parameters
    ----------
    network, verilog
        The design and its RTL: the text that was written, not one made anew.
    codes
        Of every input, ``(N, T, F)``, or ``(N, F)`` where a window is one beat.
    settings
        How many of them go through the cocotb testbench as well, and its seed.
    conversion
        The agreement of the golden model with QKeras on the same windows.
    hls
        The exact HLS project, if there is one.
    folder
        Where the simulations are built; it gets a testbench that runs without this program.
    waves
        Keep a waveform of the testbench even when nothing differs.
    """
    expected, layers = _reference(network, codes, progress)
    progress.step("Building the simulation")
    with RtlModel(network, folder / "model", verilog=verilog) as model:
        try:
            simulated = measure_cycles(model)
            tick = progress.step("Test windows through the RTL", len(codes[0]))
            outputs = forecasts(model.run(codes, seed=settings.seed, tick=tick).results)
        except ChronogateError:
            # It hangs or breaks a rule: the cocotb testbench fails by that, too, and draws waves.
            progress.step("cocotb testbench")
            few = [array[: settings.testbench_windows] for array in codes]
            run_testbench(network, few, folder / "testbench", settings.seed, verilog=verilog)
            raise
    places = _testbench_windows(settings.testbench_windows, expected, outputs)
    tick = progress.step("cocotb testbench", 2)
    few = [array[places] for array in codes]
    bench = run_testbench(
        network, few, folder / "testbench", settings.seed, waves, tick, verilog=verilog
    )
    write_testbench(network, few, folder)
    if bench.mismatches == 0:
        # The compiled testbench, 150 MB of it, is of no use to a run any more.
        for build in (folder / "testbench").glob("build*/"):
            shutil.rmtree(build)
    found = bench.first_mismatch
    if found is not None:
        found = replace(found, window=_window(found.window, places, len(codes[0])))
    comparisons = {"rtl": Agreement.of(expected, outputs)}
    if not conversion.note:
        comparisons["qkeras"] = conversion.qkeras
    if hls is not None:
        progress.step("HLS C simulation")
        comparisons["hls"] = Agreement.of(expected, _simulate_hls(hls, codes, folder / "hls"))
    order = ("qkeras", "reference", "hls", "rtl")
    return Verified(
        replace(
            bench,
            vectors=len(codes[0]),
            values_compared=bench.values_compared + sum(c.values for c in comparisons.values()),
            mismatches=bench.mismatches + sum(c.mismatches for c in comparisons.values()),
            realizations=tuple(n for n in order if n == "reference" or n in comparisons),
            predicted=CycleReport.predicted(network.timing),
            simulated=simulated if bench.simulated == bench.predicted else bench.simulated,
            first_mismatch=found or _first(network, expected, outputs),
        ),
        outputs,
        Adaptive(len(codes[0]), layers) if layers else None,
    )


def _window(sent: int, places: np.ndarray, windows: int) -> int:
    """Return the number of a window that the testbench sent: those it made itself come last."""
    return int(places[sent]) if sent < len(places) else windows + sent - len(places)


def _testbench_windows(count: int, expected: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Spread over all windows; the first wrong one is among them, so that its layer is named."""
    spread = np.linspace(0, len(expected) - 1, min(count, len(expected))).astype(int)
    wrong = np.flatnonzero((expected != outputs).any(axis=1))[:1]
    return np.union1d(spread, wrong)


def _reference(
    network: Network, codes: tuple[np.ndarray, ...], progress: Progress
) -> tuple[np.ndarray, tuple[SavedProducts, ...]]:
    """Return all forecasts, and what delta updates saved for them."""
    tick = progress.step("Golden model", len(codes[0]))
    parts: list[np.ndarray] = []
    saved: list[tuple[SavedProducts, ...]] = []
    for start in range(0, len(codes[0]), CHUNK):
        batch = [array[start : start + CHUNK] for array in codes]
        trace: dict[str, np.ndarray] | None = {} if network.is_adaptive else None
        parts.append(forecasts(network.evaluate(batch, trace)))
        saved.append(saved_products(network, trace or {}))
        tick(len(parts[-1]))
    layers = tuple(
        replace(
            each[0],
            products=sum(part.products for part in each),
            done=sum(part.done for part in each),
        )
        for each in zip(*saved, strict=True)
    )
    return np.concatenate(parts), layers


def _simulate_hls(project: Path, codes: tuple[np.ndarray, ...], folder: Path) -> np.ndarray:
    # A copy: what the compiler leaves behind when it is killed must not stay in the run.
    shutil.copytree(project, folder)
    return forecasts(csim_all(folder.resolve(), codes))


def _first(network: Network, expected: np.ndarray, actual: np.ndarray) -> Mismatch | None:
    places = np.argwhere(expected != actual)
    if not len(places):
        return None
    window, value = (int(index) for index in places[0])
    codes = int(expected[window, value]), int(actual[window, value])
    output = 0
    while value >= (size := network.output_ports[output].beats * _channels(network, output)):
        value -= size
        output += 1
    beat, channel = divmod(value, _channels(network, output))
    step = None if network.output_ports[output].steps is None else beat
    return Mismatch(network.outputs[output], step, channel, *codes, window)


def _channels(network: Network, output: int) -> int:
    return network.output_ports[output].channels
