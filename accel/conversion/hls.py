"""The HLS realization: hls4ml's Vitis project with every format explicit, so that it is exact.

Left to itself hls4ml infers result types and drops a final quantizer (`MergeLinearActivation`
takes it for a no-op when its parent's type is ``auto``). Given the formats of the `Network`, each
dense layer keeps every bit and each activation rounds and saturates, as the golden model does.

So far this holds for chains of activations, dense layers and flattens. hls4ml 1.3's recurrent
templates are not exact, so that a network with one gets no HLS project.
"""

import ctypes
import subprocess
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from time import perf_counter

import numpy as np
from hls4ml.converters import keras_v2_to_hls
from hls4ml.model.graph import ModelGraph
from hls4ml.utils.config import create_config

from accel.conversion.backend import network_of
from accel.conversion.frontend import exact_handlers
from accel.conversion.settings import precision_type
from hw.activation import Activation
from hw.dense import Dense
from hw.errors import ChronogateError
from hw.flatten import Flatten
from hw.network import Network

PROJECT = "accelerator"
BACKEND = "Vitis"
EXACT_BLOCKS = (Activation, Dense, Flatten)
DOUBLE_BITS = 53  # what a number of the C interface, a double, holds


@dataclass(frozen=True)
class HlsProject:
    """What became of the HLS realization.

    Parameters
    ----------
    folder
        The project, or ``None`` when none was written.
    reason
        Why none was written, one sentence; empty otherwise.
    """

    folder: Path | None
    reason: str = ""


def inexact_reason(graph: ModelGraph) -> str:
    """Return why hls4ml's HLS of `graph` would not be exact, or an empty string."""
    for node in network_of(graph).nodes:
        kind = type(node.spec).__name__
        if not isinstance(node.spec, EXACT_BLOCKS):
            return (f"hls4ml's {BACKEND} template for {kind} (layer {node.name!r}) is not "
                    "bit-exact, so no HLS project is written")
        if node.spec.outputs[0].format.width > DOUBLE_BITS:
            return (f"layer {node.name!r} gives more than {DOUBLE_BITS} bits, which the HLS "
                    "project's interface of doubles cannot hold, so no HLS project is written")
    for layer in graph.get_layers():
        flat = len(layer.get_input_variable().shape) == 1 if layer.inputs != ["input"] else False
        if layer.class_name == "Reshape" and flat and _io_type(graph) == "io_stream":
            return (f"hls4ml's stream of layer {layer.name!r} loses values where the input is flat "
                    "already, so no HLS project is written")
    return ""


def exact_settings(graph: ModelGraph) -> dict[str, object]:
    """Return the ``hls_config`` under which hls4ml's HLS computes what `graph.network` does."""
    network = network_of(graph)
    specs = {node.name: node.spec for node in network.nodes}
    format = network.input_format
    layers: dict[str, dict[str, object]] = {}
    for layer in graph.get_layers():
        settings: dict[str, object] = {}
        spec = specs.get(layer.name)
        if spec is not None:
            format = spec.outputs[0].format
        precision = {"result": str(precision_type(format))}
        if isinstance(spec, Dense):
            # The sum of any subset of products wraps back into the range of the whole.
            precision["accum"] = str(precision_type(format.plain()))
            settings["ReuseFactor"] = spec.reuse
        layers[layer.name] = {**settings, "Precision": precision}
    return {
        "Model": {"Precision": {"default": "fixed<16,6>"}, "ReuseFactor": 1, "Strategy": "Latency"},
        "LayerName": layers,
    }


def write_hls(graph: ModelGraph, folder: Path) -> HlsProject:
    """Write the exact Vitis project of a converted model.

    Parameters
    ----------
    graph
        What `accel.convert` returned for the backend Amaranth.
    folder
        Where to write; also receives ``network.json`` and ``weights.npz``, for `csim`.

    Returns
    -------
    HlsProject
        With a reason instead of a folder when it would not be exact; nothing is written then.
    """
    network = network_of(graph)
    reason = inexact_reason(graph)
    if reason:
        return HlsProject(None, reason)
    # Weights in the headers only, so that the compiled library survives a move of the folder.
    config = create_config(
        str(folder), PROJECT, BACKEND, io_type=_io_type(graph), write_weights_txt=False
    )
    config |= {
        "KerasModel": graph.config.get_config_value("KerasModel"),
        "InputData": None,
        "OutputPredictions": None,
        "HLSConfig": exact_settings(graph),
    }
    # hls4ml prints its progress, which would mix with results on stdout.
    with redirect_stdout(StringIO()), exact_handlers():
        keras_v2_to_hls(config).write()
    network.save(folder)
    return HlsProject(folder)


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
    network = Network.load(folder)
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
        raise ChronogateError(f"the C simulation in {folder} gives values off the grid of "
                              f"{network.output_format}: convert the model again")
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



def _io_type(graph: ModelGraph) -> str:
    return str(graph.config.get_config_value("IOType"))
