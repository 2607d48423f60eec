"""The HLS realization: hls4ml's Vitis project of a `Network`, exact by construction.

The project is made from the network, not from the Keras model: every block's handler
(`accel.conversion.hls_layers`) gives either a layer of hls4ml's own with every format explicit, or
a call of one of our C++ templates (``hls_templates``), whose types are the block's own exact
formats. Nothing is left to hls4ml's inference of precisions, which drops a final quantizer
(`MergeLinearActivation`) and has no exact recurrent layer.
"""

import re
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

from hls4ml.model.graph import ModelGraph
from hls4ml.utils.config import create_config

from accel.conversion.backend import network_of
from accel.conversion.csim import PROJECT, csim, csim_all, csim_windows_per_second
from accel.conversion.hls_layers.blocks import HANDLERS, inexact_reason
from accel.conversion.hls_layers.code import Stock, Template
from accel.conversion.hls_layers.extension import BACKENDS, TEMPLATE, ExactLayer, register
from accel.conversion.hls_layers.order import reshape_in_place
from accel.conversion.hls_layers.unfold import unfolded
from accel.conversion.hls_layers.weights import rewrite_weights
from accel.conversion.settings import precision_type
from hw.errors import ChronogateError
from hw.layer.dense.dense import Dense
from hw.layer.shape.flatten import Flatten
from hw.layer.shape.unflatten import Unflatten
from hw.network.graph import Network, Node
from hw.network.mode import Mode
from hw.network.serialization import save_network
from hw.number.fixed_point import FixedPoint
from hw.stream import Port

__all__ = [
    "EXACT_BACKENDS",
    "csim",
    "csim_all",
    "csim_windows_per_second",
    "exact_settings",
    "hls_graph",
    "write_hls",
    "write_project",
]

LayerDict = dict[str, object]

EXACT_BACKENDS = tuple(name.lower() for name in BACKENDS)
"""Which of hls4ml's backends know our templates, in lower case."""

DEFAULTS = {
    "Precision": {"default": "fixed<16,6>"},
    "ReuseFactor": 1,
    "Strategy": "Latency",
}
"""Model-wide settings; every precision and reuse factor that matters is given by layer."""


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


def hls_graph(network: Network, config: Mapping[str, object]) -> ModelGraph:
    """Return hls4ml's graph of a network, ready to be written, compiled and built.

    Parameters
    ----------
    network
        What to compute.
    config
        hls4ml's configuration of the project, as ``create_config`` gives it.

    Raises
    ------
    ChronogateError
        When its HLS would not be exact.
    """
    reason = inexact_reason(network)
    if reason:
        raise ChronogateError(f"{reason}: use backend='Amaranth'")
    register()
    layers = [_input(port) for port in network.inputs]
    settings: dict[str, object] = {
        p.name: _precisions({"result": p.format}) for p in network.inputs
    }
    for index, node in enumerate(unfolded(network).nodes):
        # Arrays need not be copied for another shape, but an output is an array of its own.
        in_place = config["IOType"] == "io_parallel" and node.name not in network.outputs
        made = _made(node, index, in_place, network.mode is Mode.STREAMING)
        layer, settings[node.name] = _layer(node, made)
        layers.append(layer)
    hls_config = {"Model": {**DEFAULTS, **_pipeline_style(network)}, "LayerName": settings}
    graph = ModelGraph.from_layer_list(
        {**config, "HLSConfig": hls_config},
        layers,
        [port.name for port in network.inputs],
        list(network.outputs),
    )
    vars(graph)["network"] = network
    return graph


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
    return write_project(network_of(graph), folder, str(graph.config.get_config_value("IOType")))


def write_project(network: Network, folder: Path, io_type: str) -> HlsProject:
    """Write the exact Vitis project of a network; see `write_hls`."""
    reason = inexact_reason(network)
    if reason:
        return HlsProject(None, reason)
    # Weights in the headers only, so that the compiled library survives a move of the folder.
    config = create_config(str(folder), PROJECT, "Vitis", io_type=io_type, write_weights_txt=False)
    config |= {"InputData": None, "OutputPredictions": None}
    # hls4ml prints its progress, which would mix with results on stdout.
    with redirect_stdout(StringIO()):
        graph = hls_graph(network, config)
        graph.write()
    rewrite_weights(graph, folder)
    save_network(network, folder)
    return HlsProject(folder)


def exact_settings(graph: ModelGraph) -> LayerDict:
    """Return the ``hls_config`` under which any backend of hls4ml's comes close to `graph.network`.

    For backends that do not know our templates; exact for chains of dense layers and activations
    as far as the backend's own templates are.
    """
    network = network_of(graph)
    specs = {node.name: node.spec for node in network.nodes}
    format = network.input_format
    layers: dict[str, LayerDict] = {}
    for layer in graph.get_layers():
        spec = specs.get(layer.name)
        if spec is not None:
            format = spec.outputs[0].format
        precision = {"result": format}
        if isinstance(spec, Dense):
            # The sum of any subset of products wraps back into the range of the whole.
            precision["accum"] = format.plain()
        layers[layer.name] = _precisions(precision)
        if isinstance(spec, Dense):
            layers[layer.name]["ReuseFactor"] = spec.reuse
    return {"Model": DEFAULTS, "LayerName": layers}


def _input(port: Port) -> LayerDict:
    """Return what hls4ml's parser would give for an input."""
    shape = [port.channels] if port.steps is None else [port.steps, port.channels]
    return {"class_name": "InputLayer", "name": port.name, "input_shape": shape}


def _made(node: Node, index: int, in_place: bool, streams: bool) -> Stock | Template:
    """Return what the block's handler says of it."""
    if in_place and isinstance(node.spec, Flatten | Unflatten):
        return reshape_in_place(node.spec)
    plain = re.sub(r"\W", "_", node.name)
    made = HANDLERS[type(node.spec)](f"config_{plain}_{index}", node.spec)
    return replace(made, lasting=True) if streams and isinstance(made, Template) else made


def _layer(node: Node, made: Stock | Template) -> tuple[LayerDict, LayerDict]:
    """Return what hls4ml's parser would give for a layer, and its configuration."""
    layer: LayerDict = {"name": node.name, "inputs": list(node.inputs)}
    if not isinstance(made, Stock):
        return {**layer, "class_name": ExactLayer.__name__, TEMPLATE: made}, _precisions(
            {"result": made.output.format}
        )
    settings = _precisions({"result": made.output.format, **made.precision})
    if made.reuse is not None:
        settings |= {"ReuseFactor": made.reuse, "Strategy": made.strategy}
    return {**layer, "class_name": made.kind, **made.attributes}, settings


def _precisions(formats: Mapping[str, FixedPoint]) -> LayerDict:
    return {"Precision": {key: str(precision_type(f)) for key, f in formats.items()}}


def _pipeline_style(network: Network) -> LayerDict:
    # A pipelined top function would unroll the loops over time.
    loops = any(port.steps for node in network.nodes for port in node.spec.inputs)
    return {"PipelineStyle": "dataflow"} if loops else {}
