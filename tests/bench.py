"""Speed of the realizations, measured in one run: ``make bench``.

The RTL in this process, the golden model, and hls4ml's own C simulation compute the same windows
of the same model; the codes must be equal before a time is printed.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import accel
from accel.conversion.hls import csim, csim_windows_per_second, write_hls
from accel.qkeras_compat import keras, qkeras
from hw.network.graph import Network
from sim.rtl_model import RtlModel

LOOK_BACK, FEATURES, UNITS, HORIZON = 12, 4, 16, 4
WINDOWS = 20_000


def weights() -> object:
    """Return the quantizer of every weight."""
    return qkeras.quantized_bits(8, 0, alpha=1)


def dense(units: int) -> keras.layers.Layer:
    """Return a dense layer."""
    return qkeras.QDense(units, kernel_quantizer=weights(), bias_quantizer=weights())


def gru() -> keras.layers.Layer:
    """Return a recurrent layer of the same size."""
    return qkeras.QGRU(
        UNITS, kernel_quantizer=weights(), recurrent_quantizer=weights(),
        bias_quantizer=weights(), state_quantizer=weights(), reset_after=True,
        activation=qkeras.quantized_tanh(8), recurrent_activation=qkeras.quantized_sigmoid(8),
    )  # fmt: skip


def models() -> dict[str, keras.Model]:
    """Return an MLP and a GRU with drawn weights."""
    keras.utils.set_random_seed(1)

    def chain(*layers: keras.layers.Layer) -> keras.Model:
        source = [
            keras.layers.Input((LOOK_BACK, FEATURES)),
            qkeras.QActivation(qkeras.quantized_bits(8, 2, alpha=1)),
        ]
        result = qkeras.QActivation(qkeras.quantized_bits(8, 2, alpha=1))
        return keras.Sequential([*source, *layers, dense(HORIZON), result])

    hidden = qkeras.QActivation(qkeras.quantized_relu(8, 2))
    return {"MLP": chain(keras.layers.Flatten(), dense(UNITS), hidden), "GRU": chain(gru())}


def rate(work: Callable[[], object], windows: int) -> float:
    """Return windows per second of the faster of two runs."""
    times = []
    for _ in range(2):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return windows / min(times)


def draw(network: Network) -> np.ndarray:
    """Return windows of codes over the whole range of the input."""
    format = network.input_format
    shape = (WINDOWS, network.look_back, network.features)
    return np.random.default_rng(1).integers(format.minimum, format.maximum + 1, shape)


def main() -> None:
    """Measure and print."""
    table = Table(
        "model",
        "realization",
        "windows / s",
        "megacycles / s",
        title=f"{LOOK_BACK} x {FEATURES} -> {UNITS} -> {HORIZON}, 8 bits",
    )
    with tempfile.TemporaryDirectory() as scratch:
        for name, model in models().items():
            folder = Path(scratch) / name
            graph = accel.convert(model, output_dir=folder, project_name=name.lower())
            network, codes = graph.network, draw(graph.network)
            floats, expected = network.input_format.to_float(codes), network.reference(codes)
            start = time.perf_counter()
            with RtlModel(network, folder) as rtl:
                built = time.perf_counter() - start
                run = rtl.run(codes)
                same(expected, run.outputs, name)
                speed = rate(lambda rtl=rtl, x=floats: rtl.predict(x), WINDOWS)
            cycles = speed * run.cycles / WINDOWS / 1e6
            table.add_row(
                name, f"RTL, predict (built in {built:.1f} s)", f"{speed:,.0f}", f"{cycles:.2f}"
            )
            table.add_row(
                name,
                "golden model, NumPy",
                f"{rate(lambda n=network, c=codes: n.reference(c), WINDOWS):,.0f}",
                "",
            )
            project = write_hls(graph, folder / "hls")
            if project.reason:
                table.add_row(name, "hls4ml's C simulation", "not exact, not written", "")
                continue
            same(expected, csim(folder / "hls", codes), name)
            speed = csim_windows_per_second(folder / "hls", codes)
            table.add_row(name, "hls4ml's C simulation", f"{speed:,.0f}", "")
    Console(width=100).print(table)


def same(expected: np.ndarray, actual: np.ndarray, name: str) -> None:
    """End the benchmark if two realizations differ."""
    if expected.tolist() != actual.tolist():
        sys.exit(f"{name}: realizations differ, so their speed means nothing")


if __name__ == "__main__":
    main()
