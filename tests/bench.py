"""Speed of the realizations, measured in one run: ``make bench``.

The RTL in this process, a bare hand-written loop around the same Verilated design, the cocotb
testbench, the golden model, and hls4ml's own C simulation compute the same windows of the same
model; the codes must be equal before a time is printed. ``--options`` compares compilers' options
and threads instead, from which those of `sim.verilated` were chosen.
"""

import argparse
import ctypes
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from accel.conversion.hls import csim, csim_windows_per_second, write_hls
from hw.network.graph import Network
from sim.beats import arrange
from sim.cocotb_runner import RESULTS, run_testbench
from sim.rtl_model import RtlModel
from sim.streams import pack, unpack
from sim.verilated import beat_bytes, build_library
from tests.bench_options import compare_options
from tests.bench_subjects import (
    FEATURES,
    HORIZON,
    LOOK_BACK,
    SUBJECTS,
    UNFOLDED,
    Subject,
    convert,
    draw,
    seconds,
)

ROUNDS = 5
"""Times that in-process model and bare loop take turns; the best of each counts."""

SECONDS = 1.0
"""That each measured run takes, about."""

COCOTB_WINDOWS = 48
BARE_LOOP = Path(__file__).parent / "bare_loop.cpp"


def rate(work: Callable[[], object], windows: int) -> float:
    """Return windows per second of the faster of two runs."""
    return windows / min(seconds(work) for _ in range(2))


class BareLoop:
    """The hand-written loop (``bare_loop.cpp``) around the same design."""

    def __init__(self, network: Network, folder: Path) -> None:
        self._network = network
        self._run = ctypes.CDLL(str(build_library(network, folder, wrapper=BARE_LOOP))).bare_run
        self._run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
        self._run.restype = ctypes.c_int64

    def pack(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the bytes of the windows, and room for those of the forecasts."""
        network = self._network
        sent = pack(arrange(network, [codes]).inputs[0].codes, network.input)
        port = network.output
        return sent, np.zeros((len(codes) * port.beats, beat_bytes(port)), dtype=np.uint8)

    def run(self, sent: np.ndarray, taken: np.ndarray) -> int:
        """Run all windows; returns the cycles."""
        windows = len(taken) // self._network.output.beats
        return self._run(sent.ctypes.data, taken.ctypes.data, windows)


@dataclass
class Best:
    """The shortest times of two that take turns."""

    ours: float
    bare: float


def race(rtl: RtlModel, bare: BareLoop, codes: np.ndarray) -> Best:
    """Run both alternately; packing the bytes is in neither time."""
    sent, taken = bare.pack(codes)
    beats = arrange(rtl.network, [codes])
    best = Best(np.inf, np.inf)
    for _ in range(ROUNDS):
        best.ours = min(best.ours, seconds(lambda: rtl.exchange(beats, 0.0, 0.0, 1)))
        best.bare = min(best.bare, seconds(lambda: bare.run(sent, taken)))
    network = rtl.network
    assert isinstance(network, Network)
    same(network.reference(codes).reshape(-1, network.output.channels),
         unpack(taken, network.output), f"{network.name}, bare loop")  # fmt: skip
    return best


def cocotb_speed(network: Network, folder: Path) -> tuple[float, float]:
    """Return windows and cycles per second of the shipped test without gaps and stalls."""
    run_testbench(network, draw(network, COCOTB_WINDOWS), folder, 1)
    cases = ElementTree.parse(folder / RESULTS).getroot().iter("testcase")
    case = next(c for c in cases if (c.get("name") or "").endswith("random_gaps"))
    # The first test also reads the case; this one, with gaps where a folded design waits anyway.
    duration = next(
        float(p.get("value") or 0)
        for p in case.iter("property")
        if p.get("name") == "sim_time_duration"
    )
    elapsed = float(case.get("time") or 0)
    return COCOTB_WINDOWS / elapsed, duration / 10 / elapsed


def measure(subject: Subject, folder: Path, table: Table) -> float:
    """Add the rows of a model; returns the in-process model's speed as a share of the loop's."""
    graph = convert(subject, folder)
    network = graph.network
    start = time.perf_counter()
    with RtlModel(network, folder) as rtl:
        built = time.perf_counter() - start
        few = draw(network, 64)
        once = seconds(lambda: rtl.run(few))
        run = rtl.run(few)
        same(network.reference(few), run.outputs, subject.name)
        windows = int(np.clip(SECONDS * len(few) / once, 64, 50_000))
        codes = draw(network, windows)
        cycles = run.cycles / len(few)
        floats = network.input_format.to_float(codes)
        best = race(rtl, BareLoop(network, folder), codes)
        share = best.bare / best.ours

        def row(name: str, per_second: float, note: str = "", clocked: bool = True) -> None:
            mega = f"{per_second * cycles / 1e6:.3f}" if clocked else ""
            table.add_row(subject.name, name, f"{per_second:,.0f}", mega, note)

        row("RTL in this process", windows / best.ours, f"{share:.2f} of the bare loop")
        row("RTL, predict (floats)", rate(lambda: rtl.predict(floats), windows),
            f"built in {built:.1f} s")  # fmt: skip
    row("RTL, bare C++ loop", windows / best.bare)
    speed, clock = cocotb_speed(network, folder / "cocotb")
    table.add_row(subject.name, "RTL, cocotb", f"{speed:,.0f}", f"{clock / 1e6:.3f}", "")
    row("golden model, NumPy", rate(lambda: network.reference(codes), windows), clocked=False)
    project = write_hls(graph, folder / "hls")
    if project.reason:
        table.add_row(subject.name, "hls4ml's C simulation", "", "", "not exact, not written")
    else:
        same(network.reference(few), csim(folder / "hls", few), f"{subject.name}, HLS")
        speed = csim_windows_per_second(folder / "hls", codes[:2000])
        row("hls4ml's C simulation", speed, clocked=False)
    return share


def same(expected: np.ndarray, actual: np.ndarray, name: str) -> None:
    """End the benchmark if two realizations differ."""
    if expected.tolist() != actual.tolist():
        sys.exit(f"{name}: realizations differ, so their speed means nothing")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default="", help="text in the name of the model")
    parser.add_argument("--quick", action="store_true", help="the smallest model alone")
    parser.add_argument("--options", action="store_true", help="compare compilers' options")
    parser.add_argument(
        "--rows", type=int, nargs="+", default=(), help="of --options, only these, from 0"
    )
    given = parser.parse_args(arguments)
    subjects = (*SUBJECTS, UNFOLDED) if given.options else SUBJECTS
    chosen = [subject for subject in subjects if given.only in subject.name]
    chosen = chosen[:1] if given.quick else chosen
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        if given.options:
            table, slow = compare_options(chosen, given.rows, Path(scratch)), []
        else:
            table = Table("model", "realization", "windows / s", "megacycles / s", "", box=MARKDOWN)
            shares = {s.name: measure(s, Path(scratch) / s.name, table) for s in chosen}
            slow = [f"{name}: {share:.2f}" for name, share in shares.items() if share < 0.9]
    Console(width=140, soft_wrap=True).print(table)
    print(f"{LOOK_BACK} x {FEATURES} in, {HORIZON} out, 8 bits; load at the start {load:.1f} of "
          f"{os.cpu_count()} cores")  # fmt: skip
    if slow:
        print(f"slower than nine tenths of the bare loop: {', '.join(slow)}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
