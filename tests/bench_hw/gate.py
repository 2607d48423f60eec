"""A gate between a linear forecaster and an MLP on Beijing's weather, measured on the RTL.

``python -m tests.bench_hw.gate``: for a row of thresholds, written over AXI4-Lite to one design,
the products saved, the error added, and the cycles for a window. The last columns say what a gate
that tosses a coin would reach with as many products. Fails when a code, a cycle or a counter is
not what the golden model and the closed form say, or when the coin does better.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from accel.configuration.sections import DataConfig
from accel.datasets.loader import load_series
from hw import (
    Activation,
    Dense,
    FixedPoint,
    Flatten,
    Function,
    Network,
    Node,
    Overflow,
    Port,
    Quantizer,
    Rounding,
)
from hw.control.gated_map import GATED_COUNTERS, gated_map
from hw.network.gated import GatedNetwork
from hw.top.gated import gated_verilog
from sim.measure import measure_gated
from sim.rtl_model import RtlModel
from tests.bench_hw.table import print_table
from tests.bench_hw.weather_mlp import train

FEATURES = ("temperature", "dew_point", "pressure", "wind")
LOOK_BACK, HORIZON = 24, 6
HIDDEN = (64, 32)
REUSE = {"cheap": (24,), "large": (384, 128, 24)}
GRID = FixedPoint(8, 3, True, Rounding.RND_CONV, Overflow.SAT)
FORECAST = FixedPoint(12, 3, True, Rounding.RND_CONV, Overflow.SAT)
QUANTILES = (0.05, 0.15, 0.3, 0.45, 0.55, 0.7, 0.8, 0.9, 0.97)
COUNTED = 256
LATCH_CLEAR = 0b110


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows on the input's grid, and what came after them.

    Parameters
    ----------
    codes
        ``(N, T, F)``.
    truth
        Standardized temperatures ``(N, H)``.
    degrees
        Degrees Celsius of one input code.
    """

    codes: np.ndarray
    truth: np.ndarray
    degrees: float

    @property
    def flat(self) -> np.ndarray:
        """Standardized inputs ``(N, T * F)``."""
        return GRID.to_float(self.codes).reshape(len(self.codes), -1)


@dataclass(frozen=True)
class Result:
    """One threshold's figures, all from the RTL; errors in squared degrees."""

    threshold: int
    degrees: float
    woken: float
    saved: float
    error: float
    cycles: float


def load() -> tuple[Windows, Windows]:
    """Return the windows of the first 60 % of the hours, and those of the last 20 %."""
    data = DataConfig(dataset="beijing_weather", features=FEATURES, targets=FEATURES[:1])
    values = load_series(data).values[:, : len(FEATURES)]
    train_end, test_begin = int(0.6 * len(values)), int(0.8 * len(values))
    mean, deviation = values[:train_end].mean(axis=0), values[:train_end].std(axis=0)
    scaled = (values - mean) / deviation
    span = LOOK_BACK + HORIZON

    def cut(rows: np.ndarray) -> Windows:
        windows = np.lib.stride_tricks.sliding_window_view(rows, span, axis=0).swapaxes(1, 2)
        return Windows(
            GRID.quantize(windows[:, :LOOK_BACK]),
            windows[:, LOOK_BACK:, 0],
            float(deviation[0]) * 2.0**-GRID.fraction,
        )

    return cut(scaled[:train_end]), cut(scaled[test_begin - LOOK_BACK :])


def ridge(windows: Windows) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return kernel and bias of the linear forecaster."""
    x = np.column_stack([windows.flat, np.ones(len(windows.codes))])
    weights = np.linalg.solve(x.T @ x + 10 * np.eye(x.shape[1]), x.T @ windows.truth)
    return [(weights[:-1], weights[-1])]


def mlp(windows: Windows, steps: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return kernels and biases of the larger forecaster."""
    rng = np.random.default_rng(1)
    shapes = list(pairwise((LOOK_BACK * len(FEATURES), *HIDDEN, HORIZON)))
    kernels = [rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out)) for n_in, n_out in shapes]
    biases = [np.zeros(n_out) for _, n_out in shapes]
    masks = [np.ones(shape) for shape in shapes]
    train(windows.flat, windows.truth, kernels, biases, masks, rng, steps)
    return list(zip(kernels, biases, strict=True))


def network(name: str, layers: list[tuple[np.ndarray, np.ndarray]], windows: Windows) -> Network:
    """Round weights to 8 bits, activations to 8 bits that hold what the windows reach."""
    port = Port("input", len(FEATURES), GRID, LOOK_BACK)
    nodes = [Node("flatten", Flatten(LOOK_BACK, len(FEATURES), GRID), ("input",))]
    values, source = windows.flat, GRID
    for index, (kernel, bias) in enumerate(layers):
        weight, offset = holding(kernel, 8), holding(bias, 12)
        spec = Dense(
            weight.quantize(kernel), offset.quantize(bias), source, weight, offset,
            reuse=REUSE[name][index],
        )  # fmt: skip
        nodes.append(Node(f"dense{index}", spec, (nodes[-1].name,)))
        values = np.maximum(values @ kernel + bias, 0)
        source = replace(holding(values, 8, signed=False), overflow=Overflow.SAT)
        if index == len(layers) - 1:
            source = FORECAST
        narrow = Activation(kernel.shape[1], spec.output, Quantizer(Function.LINEAR, source))
        nodes.append(Node(f"narrow{index}", narrow, (nodes[-1].name,)))
    return Network(name, (port,), tuple(nodes), (nodes[-1].name,))


def holding(values: np.ndarray, width: int, signed: bool = True) -> FixedPoint:
    """Return the finest format of `width` bits that holds `values`."""
    integer = int(np.ceil(np.log2(np.abs(values).max() * (1 + 2.0**-width)))) + signed
    return FixedPoint(width, integer, signed, Rounding.RND_CONV, Overflow.SAT)


def measure(rtl: RtlModel, gated: GatedNetwork, windows: Windows, threshold: int) -> Result:
    """Run the windows with a threshold, and compare all with the golden model."""
    registers = gated_map(gated)
    judged = replace(gated, threshold=threshold)
    rtl.write_register(registers.offset("threshold"), threshold)
    rtl.write_register(registers.offset("control"), LATCH_CLEAR)
    run = rtl.run(windows.codes)
    rtl.write_register(registers.offset("control"), LATCH_CLEAR)
    expected = judged.reference(windows.codes)
    if not np.array_equal(run.outputs, expected.outputs):
        sys.exit(f"threshold {threshold}: the RTL is not the reference")
    count, wakes, _, skipped = (
        rtl.read_register(registers.offset(f"{name}_low"))
        | rtl.read_register(registers.offset(f"{name}_high")) << 32
        for name in GATED_COUNTERS
    )
    saved = skipped - count * gated.products[0]
    if (count, wakes) != (len(expected.wakes), expected.wakes.sum()) or (
        saved != gated.products_saved(count, wakes)
    ):
        sys.exit(f"threshold {threshold}: a counter is wrong")
    error = gated.output_format.to_float(run.outputs) - windows.truth
    scale = windows.degrees * 2.0**GRID.fraction
    return Result(
        threshold,
        threshold * windows.degrees,
        wakes / count,
        saved / (count * gated.products[1]),
        float((error**2).mean()) * scale**2,
        run.cycles / count,
    )


def sweep(quick: bool) -> tuple[GatedNetwork, list[Result]]:
    """Train, build one design, and run it with all thresholds."""
    training, test = load()
    stride = 24 if quick else 4
    test = replace(test, codes=test.codes[::stride], truth=test.truth[::stride])
    cheap = network("cheap", ridge(training), training)
    large = network("large", mlp(training, 2000 if quick else 6000), training)
    gated = GatedNetwork("weather", cheap, large, 0, channels=(0,))
    roughness = gated.roughness(training.codes)
    levels = {int(level) for level in np.quantile(roughness, QUANTILES)}
    told_apart = sorted(level for level in levels if level > roughness.min())
    thresholds = [0, *told_apart, 1 << GRID.width]
    middle = thresholds[len(thresholds) // 2]
    gated = replace(gated, threshold=middle)
    with tempfile.TemporaryDirectory() as scratch:
        verilog = gated_verilog(gated, control=True)
        with RtlModel(gated, Path(scratch), verilog=verilog) as rtl:
            measure_gated(rtl, gated, test.codes[:COUNTED])
            chosen = (thresholds[0], middle, thresholds[-1]) if quick else thresholds
            return gated, [measure(rtl, gated, test, threshold) for threshold in chosen]


def by_coin(results: list[Result], saved: float) -> float:
    """Return the error of waking at random as often as saves so many products."""
    always, never = results[0], results[-1]
    share = (saved - always.saved) / (never.saved - always.saved)
    return always.error + share * (never.error - always.error)


def plot(results: list[Result], path: Path) -> None:
    """Draw products saved against error added."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    best = results[0].error
    saved = np.array([100 * result.saved for result in results])
    added = np.array([100 * (result.error / best - 1) for result in results])
    axes.plot(saved[[0, -1]], added[[0, -1]], ":", color="grey", label="waking at random")
    axes.plot(saved, added, "o-", label="the gate, counted and computed by the RTL")
    for x, y, before, result in zip(saved, added, [-np.inf, *saved], results, strict=False):
        if x - before < 3:
            continue
        name = {0: "always", 1 << GRID.width: "never"}.get(
            result.threshold, f"{result.degrees:.1f} °C"
        )
        axes.annotate(name, (x, y), (-4, 6), textcoords="offset points", ha="right", fontsize=8)
    axes.set_xlabel("products saved, % of the large network's")
    axes.set_ylabel("mean squared error added, %")
    axes.set_title("Temperature of Beijing, 6 hours ahead: a linear forecaster wakes an MLP")
    axes.margins(x=0.12, y=0.1)
    axes.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Print one line for each threshold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three thresholds, less training")
    parser.add_argument("--plot", type=Path, help="picture of products saved against error added")
    arguments = parser.parse_args()
    gated, results = sweep(arguments.quick)
    cheap, large = gated.products
    best, worst = gated.best_timing, gated.timing
    print(
        f"products for a window: {cheap:,} and {large:,}; cycles from window to window: "
        f"{best.interval_cycles} to {worst.interval_cycles}; latency: {best.latency_cycles} to "
        f"{worst.latency_cycles}; {gated.queue} windows in flight"
    )
    rows = [
        (
            r.threshold,
            f"{r.degrees:.1f}",
            f"{r.woken:.1%}",
            f"{r.saved:.1%}",
            f"{r.error:.3f}",
            f"{r.error / results[0].error - 1:+.1%}",
            f"{by_coin(results, r.saved) / results[0].error - 1:+.1%}",
            r.cycles,
        )
        for r in results
    ]
    header = (
        "threshold", "°C", "woken", "products saved", "MSE, °C²", "error added", "at random",
        "cycles a window",
    )  # fmt: skip
    print_table(header, rows)
    if arguments.plot:
        plot(results, arguments.plot)
    inner = results[1:-1]
    if not arguments.quick and any(r.error > by_coin(results, r.saved) for r in inner):
        sys.exit("waking at random would do better")


if __name__ == "__main__":
    main()
