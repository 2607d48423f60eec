"""Each case study in four figures: energy, error, load time and speed, in float, 8 bits, hardware.

Float and 8 bits run on this machine's processor, the hardware in Verilator. Energies are those of
the products alone, by Horowitz, "Computing's Energy Problem", ISSCC 2014, 45 nm: a product and its
addition take 4.6 pJ in float32 (3.7 + 0.9) and 0.3 pJ in 8 bits (0.2, and 0.1 for the 32-bit sum);
memory is left out.

    python -m tests.bench_accuracy.figures --file ETTh1.csv --only weather --plots docs
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from accel.boards import find_board
from accel.configuration.config import Config, example, load_config
from accel.export import onnx_file, tflite
from accel.export.hardware import Hardware
from accel.export.speed import Speed
from accel.flow.steps import convert_step, train_step, verify_step
from accel.forecasters.build import build_float_twin
from accel.forecasters.fit_data import FitData
from accel.progress import LineProgress, Progress
from accel.qkeras_compat import tf
from accel.report.collect import Results, collect
from accel.report.examples import pick_examples
from accel.report.model import describe_model
from accel.report.plots import forecast_figure
from accel.report.style import save_figure
from accel.runs.json_files import read_json, write_json
from accel.runs.run import Run, open_run
from accel.training.fitting import fit, mean_error, seed_everything
from accel.training.learning import shape_of
from accel.training.prepared import PreparedData, prepare
from hw.errors import ChronogateError
from hw.network.graph import Network
from tests.bench_accuracy.etth1 import CASES, FOLDER
from tests.bench_accuracy.loading import loaded_bytes
from tests.bench_accuracy.narrowed import lesson_of

NAMES = ("weather", "retail", "finance", "energy")
PICOJOULES = {"float": 4.6, "byte": 0.3}
BOARD = "ulx3s-85f"


@dataclass(frozen=True)
class Row:
    """A way to have a forecast.

    Parameters
    ----------
    name
        What computes it.
    error, windows
        Mean squared error, scaled, and over how many test windows.
    energy_nj
        Of a forecast's products, in nanojoules.
    size_bytes, load_ms
        Of its file or weights, and until they are loaded.
    window_us, forecasts_per_second
        One window, and windows back to back.
    """

    name: str
    error: float
    windows: int
    energy_nj: float
    size_bytes: int
    load_ms: float
    window_us: float
    forecasts_per_second: float


@dataclass(frozen=True)
class Figures:
    """Of one case."""

    name: str
    products: int
    rows: tuple[Row, ...]


def configuration(name: str, file: Path | None, folder: Path) -> Path:
    """Write the configuration of a case, with weights that can be replaced; return its path."""
    text = example("mlp") if name == "weather" else (CASES / f"{name}.toml").read_text()
    text = text.replace("[model]\n", "[model]\nreloadable = true\n")
    if file is not None and name == "energy":
        start = text.index("targets = [")
        text = f'{text[:start]}targets = ["OT"]{text[text.index("]", start) + 1 :]}'
        text = text.replace('file = "ETTh1.csv"', f'file = "{file.resolve()}"')
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def measured(name: str, file: Path | None, folder: Path, progress: Progress) -> Figures:
    """Train, convert and verify a case; run it in every way."""
    with open_run(folder, create=True) as run:
        train_step(run, configuration(name, file, folder), progress)
        convert_step(run, progress)
        verify_step(run, progress)
        results = collect(run)
    config = load_config(folder / "config.toml")
    data = prepare(config)
    products = describe_model(results.network).products_per_window
    progress.step("On this machine's processor")
    rows = (
        _float_row(results.network, config, data, folder, products),
        *_byte_rows(results.network, data, folder, products),
        _hardware_row(results, folder, products),
    )
    return Figures(name, products, rows)


def _float_row(
    network: Network, config: Config, data: PreparedData, folder: Path, products: int
) -> Row:
    shape = shape_of(config)
    seed_everything(config.training.seed)
    twin = build_float_twin(config.model, shape)
    fitted = config.model.start(twin, FitData(shape, data.train, data.validation, exact=True))
    fit(
        twin,
        lesson_of(config, data).train,
        data.validation,
        config.training,
        lambda units: None,
        fitted,
    )
    spec = tf.TensorSpec((1, *data.test.inputs.shape[1:]), tf.float32)
    traced = tf.function(twin).get_concrete_function(spec)
    path = folder / "float.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([traced], twin).convert())

    run = tflite.run_file(network, {"input": data.test.inputs}, path)
    assert run.speed is not None
    error = mean_error(run.results[0].reshape(data.test.targets.shape), data.test)
    return _on_processor("float32, TFLite", error, data, run.speed, products * PICOJOULES["float"])


def _byte_rows(network: Network, data: PreparedData, folder: Path, products: int) -> list[Row]:
    codes = network.input_format.quantize(data.test.inputs)
    inputs = {network.input.name: network.input_format.to_float(codes)}
    golden = network.output_format.to_float(network.reference(codes))
    rows: list[Row] = []
    for name, tool, ending, kind in (
        ("equal codes in float32, ONNX", onnx_file, "onnx", "float"),
        ("8 bits, TFLite", tflite, "tflite", "byte"),
    ):
        path = folder / f"byte.{ending}"
        tool.write_file(network, inputs, path)
        run = tool.run_file(network, inputs, path)
        found = run.results[0].reshape(data.test.targets.shape)
        if tool is onnx_file and not np.array_equal(found, golden):
            raise ChronogateError("ONNX is not the golden model: report this as a defect")
        assert run.speed is not None
        energy = products * PICOJOULES[kind]
        rows.append(_on_processor(name, mean_error(found, data.test), data, run.speed, energy))
    return rows


def _on_processor(
    name: str, error: float, data: PreparedData, speed: Speed, picojoules: float
) -> Row:
    return Row(
        name,
        error,
        len(data.test),
        picojoules / 1e3,
        speed.file_bytes,
        speed.load_ms,
        speed.forecast_us,
        speed.forecasts_per_second,
    )


def _hardware_row(results: Results, folder: Path, products: int) -> Row:
    network, board = results.network, find_board(BOARD)
    made = Hardware.of(network.timing, BOARD, board.clock_mhz, is_routed=False)
    accuracy = results.report.accuracy
    assert accuracy.mse is not None
    assert accuracy.windows is not None
    assert accuracy.measured_on == "rtl"
    model = describe_model(network)
    return Row(
        f"equal codes, RTL at {board.clock_mhz:g} MHz, not routed",
        accuracy.mse,
        accuracy.windows,
        products * PICOJOULES["byte"] / 1e3,
        -(-model.weight_bits // 8),
        1e3 * 10 * loaded_bytes(network, folder) / board.baud,
        made.window_us,
        made.forecasts_per_second,
    )


def plot(run: Run, path: Path) -> None:
    """Draw forecasts of the RTL."""
    save_figure(forecast_figure(pick_examples(collect(run))), path)


def printed(found: Figures) -> str:
    """Return the table of a case."""
    lines = [
        f"\n{found.name}: {found.products:,} products a forecast\n",
        "| | MSE, scaled | windows | energy of products, nJ | bytes | loaded in, ms | a window, µs "
        "| forecasts/s |",
        "|" + "---|" * 8,
    ]
    for row in found.rows:
        lines.append(
            f"| {row.name} | {row.error:.4f} | {row.windows:,} | {row.energy_nj:,.2f} "
            f"| {row.size_bytes:,} | {row.load_ms:,.2f} | {row.window_us:,.1f} "
            f"| {row.forecasts_per_second:,.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the tables, case by case; what was measured before is read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, help="your copy of ETTh1.csv, for energy")
    parser.add_argument("--only", choices=NAMES, nargs="*", default=NAMES)
    parser.add_argument("--plots", type=Path, help="also draw forecasts into this folder")
    parser.add_argument("--quick", action="store_true", help="retail alone, in a folder of its own")
    given = parser.parse_args()
    try:
        for name in ("retail",) if given.quick else given.only:
            with TemporaryDirectory() as scratch:
                folder = Path(scratch) if given.quick else FOLDER / f"figures_{name}"
                folder.mkdir(parents=True, exist_ok=True)
                kept = folder / "figures.json"
                if not kept.exists():
                    if name == "energy" and given.file is None:
                        sys.exit("energy needs --file ETTh1.csv, or leave it out with --only")
                    found = measured(name, given.file, folder, LineProgress(sys.stderr))
                    write_json(kept, found)
                print(printed(read_json(kept, Figures)), flush=True)
                if given.plots is not None:
                    with open_run(folder) as run:
                        plot(run, given.plots / f"case_{name}.png")
    except ChronogateError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
