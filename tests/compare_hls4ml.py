"""``python -m tests.compare_hls4ml``: docs/comparison.md, six models in plain hls4ml and in ours.

Each model is converted by hls4ml alone (its Vitis backend, its own front end and its own
``config_from_keras_model``), and by `accel.convert`, and compiled by g++ and by Verilator. What
comes out is compared with QKeras in float64, in integer codes.
"""

import argparse
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np

import accel
from accel.conversion.hls_layers.blocks import inexact_reason
from accel.keras_models.float64 import evaluate_float64
from accel.qkeras_compat import keras, qkeras
from hw.network.graph import Network
from sim.rtl_model import RtlModel
from tests.accel.conversion.compare import draw_codes
from tests.accel.conversion.hls_library import build_library
from tests.accel.conversion.models import bits, chain, dense, recurrent
from tests.accel.conversion.test_plain_hls4ml import REAL, convert_plainly

L = keras.layers
SHAPE = (12, 4)
UNITS = 16

Layers = list[keras.layers.Layer]


def _recurrent(kind: type, **options: object) -> Layers:
    functions = {**REAL}
    if kind is qkeras.QSimpleRNN:
        del functions["recurrent_activation"]
    return [recurrent(kind, UNITS, **functions, **options), dense(4)]


MODELS: dict[str, Callable[[], Layers]] = {
    "MLP": lambda: [
        L.Flatten(), dense(UNITS, activation=qkeras.quantized_relu(8, 2)),
        dense(UNITS, activation=qkeras.quantized_relu(8, 2)), dense(4),
    ],
    "LSTM": lambda: _recurrent(qkeras.QLSTM),
    "GRU, reset before": lambda: _recurrent(qkeras.QGRU),
    "GRU, reset after": lambda: _recurrent(qkeras.QGRU, reset_after=True),
    "SimpleRNN": lambda: _recurrent(qkeras.QSimpleRNN),
    "separable Conv1D": lambda: [
        qkeras.QSeparableConv1D(
            8, 3, depthwise_quantizer=bits(6), pointwise_quantizer=bits(6),
            bias_quantizer=bits(8, 1),
        ),
        qkeras.QActivation(qkeras.quantized_relu(8, 2)), L.Flatten(), dense(4),
    ],
}  # fmt: skip
"""Between an 8-bit input and an 8-bit output; real curves, which hls4ml takes."""


def build(name: str) -> keras.Model:
    """Return a model with drawn weights."""
    keras.backend.clear_session()
    ends = [qkeras.QActivation(bits(8, 2))], [qkeras.QActivation(bits(8, 2))]
    return chain([*ends[0], *MODELS[name](), *ends[1]], SHAPE)


def row(name: str, windows: int) -> list[str]:
    """Return the line of a model."""
    model = build(name)
    network = accel.convert(model).network
    codes = draw_codes(network, windows, 0)
    inputs = network.input_format.to_float(codes)
    expected = np.ldexp(evaluate_float64(model, inputs), network.output_format.fraction)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        compiles, plain = _plain(model, network, inputs, expected, folder / "plain")
        cells = [_share(network.reference(codes), expected)]
        for find in (_own_hls, _own_rtl):
            cells.append(find(network, codes, expected, folder))
    return [name, compiles, plain, *cells]


def _plain(
    model: keras.Model, network: Network, inputs: np.ndarray, expected: np.ndarray, folder: Path
) -> tuple[str, str]:
    with redirect_stdout(StringIO()):
        try:
            graph = convert_plainly(model, folder)
        except Exception as error:
            return f"not converted: {_first_line(error)}", "-"
        try:
            graph.write()
            script = folder / "build_lib.sh"
            script.write_text(script.read_text().replace("-O3", "-O0"))  # the same values, sooner
            graph._compile()
        except Exception as error:
            return f"no: {_first_line(error)}", "-"
        found = np.asarray(graph.predict(np.ascontiguousarray(inputs)))
    # hls4ml drops the final quantizer: it is done here, so that only the layers count.
    codes = network.output_format.quantize(found.reshape(expected.shape))
    return "yes", _share(codes, expected)


def _own_hls(network: Network, codes: np.ndarray, expected: np.ndarray, folder: Path) -> str:
    reason = inexact_reason(network)
    if reason:
        return f"not written: {reason.removesuffix(', so no HLS project is written')}"
    (simulate,) = build_library([network], "io_parallel", folder / "hls")
    return _share(simulate(codes)[0], expected)


def _own_rtl(network: Network, codes: np.ndarray, expected: np.ndarray, folder: Path) -> str:
    with RtlModel(network, folder / "rtl", optimize="-O0") as rtl:
        return _share(rtl.run(codes).outputs, expected)


def _share(found: np.ndarray, expected: np.ndarray) -> str:
    return f"{np.mean(found.reshape(expected.shape) == expected):.2%}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def main() -> None:
    """Print the table and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.compare_hls4ml", description=__doc__)
    parser.add_argument("--windows", type=int, default=1000, help="random windows for each model")
    windows = parser.parse_args().windows
    lines = [
        "# Plain hls4ml and Chronogate",
        "",
        f"Written by `make compare`: random 8-bit models of {SHAPE[0]} steps, {SHAPE[1]} features",
        f"and {UNITS} units, {windows} random windows; the share of output codes that equal",
        "QKeras's in float64. *Plain hls4ml* is its own front end, its `config_from_keras_model`",
        "by name and its Vitis backend, compiled by g++; the final quantizer, which it drops, is",
        "done by hand.",
        "",
        "| | plain hls4ml compiles | equal codes | ours: golden model | our HLS (g++) | our RTL |",
        "|---|---|---|---|---|---|",
    ]
    for name in MODELS:
        lines.append(f"| {' | '.join(row(name, windows))} |")
        print(lines[-1], flush=True)
    page = Path(__file__).parents[1] / "docs" / "comparison.md"
    page.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
