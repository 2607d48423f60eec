"""The HLS realization: hls4ml's Vitis project with every format explicit, so that it is exact.

Left to itself hls4ml infers result types and drops a final quantizer (`MergeLinearActivation`
takes it for a no-op when its parent's type is ``auto``). Given the formats of the `Network`, each
dense layer keeps every bit and each activation rounds and saturates, as the golden model does.

So far this holds for chains of plain quantizers, dense layers and flattens. A network with
anything else gets no HLS project and a sentence that says why: hls4ml 1.3's recurrent templates,
for one, are not exact.
"""

from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from hls4ml.converters import keras_v2_to_hls
from hls4ml.model.graph import ModelGraph
from hls4ml.utils.config import create_config

from accel.conversion.backend import network_of
from accel.conversion.csim import PROJECT, csim, csim_windows_per_second
from accel.conversion.frontend import exact_handlers
from accel.conversion.settings import precision_type
from hw.function.quantizer import Quantizer
from hw.layer.activation import Activation
from hw.layer.dense import Dense
from hw.layer.flatten import Flatten
from hw.layer.unrolled_dense import UnrolledDense
from hw.network.mode import Mode
from hw.network.serialization import save_network

__all__ = ["csim", "csim_windows_per_second", "exact_settings", "inexact_reason", "write_hls"]

BACKEND = "Vitis"
EXACT_BLOCKS = (Activation, Dense, UnrolledDense, Flatten)
DENSE_PRODUCTS = 4096
"""Largest dense layer: with 12,288 products g++ had not compiled the C simulation in 8 minutes."""

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
    network = network_of(graph)
    if network.mode is not Mode.WINDOW or network.input.series > 1:
        return (
            "hls4ml computes windows of one series, which this network "
            f"({network.mode}, {network.input.series} series) is not given, so no HLS project is "
            "written"
        )
    for node in network.nodes:
        kind = type(node.spec).__name__
        if not isinstance(node.spec, EXACT_BLOCKS):
            return (
                f"hls4ml's {BACKEND} template for {kind} (layer {node.name!r}) is not "
                "bit-exact, so no HLS project is written"
            )
        function = node.spec.function if isinstance(node.spec, Activation) else None
        if function is not None and not isinstance(function, Quantizer):
            return (
                f"hls4ml has no bit-exact {type(function).__name__} (layer {node.name!r}), so no "
                "HLS project is written"
            )
        if isinstance(node.spec, Dense | UnrolledDense) and node.spec.steps is not None:
            return (
                f"hls4ml's {BACKEND} template for dense layers on every time step (layer "
                f"{node.name!r}) is not checked to be bit-exact, so no HLS project is written"
            )
        if isinstance(node.spec, Dense | UnrolledDense) and node.spec.kernel.size > DENSE_PRODUCTS:
            return (
                f"layer {node.name!r} has {node.spec.kernel.size:,} products, and beyond "
                f"{DENSE_PRODUCTS:,} hls4ml's C simulation takes g++ many minutes to compile, so "
                "that it could not be checked and no HLS project is written"
            )
        if node.spec.outputs[0].format.width > DOUBLE_BITS:
            return (
                f"layer {node.name!r} gives more than {DOUBLE_BITS} bits, which the HLS "
                "project's interface of doubles cannot hold, so no HLS project is written"
            )
    for layer in graph.get_layers():
        flat = len(layer.get_input_variable().shape) == 1 if layer.inputs != ["input"] else False
        if layer.class_name == "Reshape" and flat and _io_type(graph) == "io_stream":
            return (
                f"hls4ml's stream of layer {layer.name!r} loses values where the input is flat "
                "already, so no HLS project is written"
            )
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
        if isinstance(spec, Dense | UnrolledDense):
            # The sum of any subset of products wraps back into the range of the whole.
            precision["accum"] = str(precision_type(format.plain()))
            settings["ReuseFactor"] = spec.reuse if isinstance(spec, Dense) else 1
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
    save_network(network, folder)
    return HlsProject(folder)


def _io_type(graph: ModelGraph) -> str:
    return str(graph.config.get_config_value("IOType"))
