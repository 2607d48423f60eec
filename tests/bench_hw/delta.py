"""Delta updates on the bundled weather of Beijing: products saved against error added.

``python -m tests.bench_hw.delta``: trains the example GRU (``accel new --family gru``), gives it
delta updates with growing thresholds, runs test windows through the RTL, and prints one line for
each pair of thresholds. Fails when a code differs from the reference, or a cycle from the closed
form. ``--plot FILE`` draws the curve.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from accel.configuration.config import Config, example, parse_config
from accel.conversion.entry import convert, network_of
from accel.datasets.windows import Windows
from accel.progress import SilentProgress
from accel.report.style import FORECAST, SERIES, legend, new_figure, save_figure
from accel.training.train import train
from hw import GRU, LSTM, Network, delta
from hw.layer.delta.delta import moved_products
from hw.layer.delta.gru import DeltaGRU
from hw.layer.delta.lstm import DeltaLSTM
from hw.network.handshakes import predicted_handshakes
from sim.rtl_model import BATCH_WINDOWS, RtlModel
from tests.bench_hw.table import print_table

THRESHOLDS = ((0, 0), (1, 2), (2, 4), (4, 8), (8, 16), (12, 24), (16, 32))
"""Codes of inputs (1/32 standard deviation each) and of states (1/128)."""

MULTIPLIERS = 12
"""Four units at once."""


@dataclass(frozen=True)
class Point:
    """What a pair of thresholds gives.

    Parameters
    ----------
    thresholds
        Of inputs and of states, in codes.
    saved
        Share of the recurrent layer's products that was left out.
    step_cycles
        Cycles per step on average, counted in the RTL.
    added
        Mean squared difference to the forecasts of the plain layer, scaled units.
    error
        Mean squared error of the forecasts, scaled units.
    """

    thresholds: tuple[int, int]
    saved: float
    step_cycles: float
    added: float
    error: float


def configuration(quick: bool) -> Config:
    """Return the example's configuration with a short training."""
    config = parse_config(example("gru"), "the example")
    training = config.training.model_copy(
        update={
            "epochs": 1 if quick else 8,
            "window_stride": 16 if quick else 4,
            "float_twin": False,
        }
    )
    return config.model_copy(update={"training": training})


def trained(config: Config) -> tuple[Network, Windows]:
    """Return the network of a newly trained model, and the test windows."""
    with redirect_stdout(sys.stderr):
        model = train(config, SilentProgress())
        with tempfile.TemporaryDirectory() as folder:
            network = network_of(convert(model.model, folder, "weather"))
    return network, model.test


def with_delta(network: Network, thresholds: tuple[int, int]) -> Network:
    """Return `network` with delta updates in its recurrent layer."""
    nodes = tuple(
        replace(node, spec=delta(node.spec, *thresholds, multipliers=MULTIPLIERS))
        if isinstance(node.spec, GRU | LSTM)
        else node
        for node in network.nodes
    )
    return replace(network, nodes=nodes)


def pooled(network: Network) -> Network:
    """Return `network` with the plain recurrent layer on as many multipliers."""
    nodes = tuple(
        replace(node, spec=node.spec.pooled(MULTIPLIERS))
        if isinstance(node.spec, GRU | LSTM)
        else node
        for node in network.nodes
    )
    return replace(network, nodes=nodes)


def measure(plain: Network, thresholds: tuple[int, int], windows: Windows) -> Point:
    """Run windows through the RTL with delta updates, and compare codes and cycles."""
    network = with_delta(plain, thresholds)
    codes = network.input_format.quantize(windows.inputs)
    trace: dict[str, np.ndarray] = {}
    expected = network.reference(codes, trace)
    beats, cycles = 0, 0
    with tempfile.TemporaryDirectory() as folder, RtlModel(network, Path(folder)) as rtl:
        for start in range(0, len(codes), BATCH_WINDOWS):
            part = codes[start : start + BATCH_WINDOWS]
            run = rtl.run(part)
            if run.outputs.tolist() != expected[start : start + BATCH_WINDOWS].tolist():
                sys.exit(f"thresholds {thresholds}: the RTL is not the reference")
            first, due = run.input_beats[0], predicted_handshakes(network, part)
            taken = (run.input_beats - first).tolist(), (run.output_beats - first).tolist()
            if taken != (due.inputs.tolist(), due.outputs.tolist()):
                sys.exit(f"thresholds {thresholds}: the cycles are not those of the closed form")
            beats += len(run.input_beats) - 1
            cycles += int(run.input_beats[-1] - first)
    (node,) = (n for n in network.nodes if isinstance(n.spec, DeltaGRU | DeltaLSTM))
    inner = {k.split(".")[-1]: v for k, v in trace.items() if k.startswith(f"{node.name}.")}
    done, every = moved_products(node.spec, inner)
    forecasts, exact = (
        network.output_format.to_float(c) for c in (expected, plain.reference(codes))
    )
    return Point(
        thresholds,
        1 - done / every,
        cycles / beats,
        float(((forecasts - exact) ** 2).mean()),
        float(((forecasts - windows.targets) ** 2)[windows.mask].mean()),
    )


def every_nth(windows: Windows, stride: int) -> Windows:
    """Return every n-th window."""
    return Windows(
        windows.inputs[::stride],
        windows.targets[::stride],
        windows.mask[::stride],
        windows.times[::stride],
        windows.origins[::stride],
    )


def plot(points: Sequence[Point], path: Path) -> None:
    """Draw both errors, and the cycles of a step, against the products saved."""
    figure = new_figure(9.6, 3.6, 1, 2)
    left, right = figure.axes
    saved = [100 * point.saved for point in points]
    left.plot(
        saved,
        [p.error for p in points],
        "o-",
        clip_on=False,
        color=FORECAST.light,
        label="to the truth",
    )
    left.plot(
        saved,
        [p.added for p in points],
        "o-",
        color=SERIES[0].light,
        label="to the plain forecasts",
    )
    left.set(xlabel="products saved, %", title="mean squared error, scaled units", ylim=(0, None))
    right.plot(saved, [p.step_cycles for p in points], "o-", clip_on=False, color=FORECAST.light)
    right.set(xlabel="products saved, %", title="cycles per step", ylim=(0, None))
    for point, place in zip(points, saved, strict=True):
        right.annotate(
            f"{point.thresholds[0]}, {point.thresholds[1]}",
            (place, point.step_cycles),
            textcoords="offset points",
            xytext=(4, 6),
            fontsize=8,
        )
    legend(left)
    save_figure(figure, path)


def main() -> None:
    """Print one line for each pair of thresholds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short training, few windows")
    parser.add_argument("--plot", type=Path, help="picture of the curve")
    arguments = parser.parse_args()
    network, test = trained(configuration(arguments.quick))
    windows = every_nth(test, 64 if arguments.quick else 8)
    pairs = THRESHOLDS[::3] if arguments.quick else THRESHOLDS
    points = [measure(network, pair, windows) for pair in pairs]
    print(
        f"{len(windows)} windows of {network.look_back} steps on {MULTIPLIERS} multipliers; the "
        f"plain layer on as many takes {pooled(network).timing.step_cycles} cycles a step\n"
    )
    print_table(
        ("thresholds", "products saved, %", "cycles per step", "MSE to plain", "MSE to truth"),
        [
            (
                f"{point.thresholds[0]}, {point.thresholds[1]}",
                100 * point.saved,
                point.step_cycles,
                f"{point.added:.5f}",
                f"{point.error:.4f}",
            )
            for point in points
        ],
    )
    if arguments.plot:
        plot(points, arguments.plot)
    if points[0].added:
        sys.exit("with thresholds of zero the forecasts are not the plain ones")


if __name__ == "__main__":
    main()
