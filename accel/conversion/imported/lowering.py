"""From hls4ml's graph, as a front end left it, to a Network."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hls4ml.model.graph import ModelGraph

from accel.conversion.deployment import deploy, series_of
from accel.conversion.imported.constants import brevitas_arguments, fold_constants, qonnx_quantizer
from accel.conversion.imported.layers.registry import HANDLERS
from accel.conversion.imported.layers.scope import Scope
from accel.conversion.imported.node import ImportedNode
from accel.conversion.imported.quantizers import Elements, hgq_elements, host_format
from accel.conversion.keys import check_keys
from accel.conversion.layers.context import Context
from accel.conversion.piece import Wire
from accel.conversion.reloadable import loadable
from accel.conversion.settings import (
    HlsConfig,
    check_layer_names,
    input_precision,
    precision_type,
    table,
)
from hw.errors import ChronogateError
from hw.network.graph import Network, Node
from hw.network.metadata import Metadata
from hw.network.mode import Mode
from hw.number.fixed_point import FixedPoint
from hw.stream import Port

INPUTS = ("InputLayer", "Input")
QUANTIZERS = ("FixedPointQuantizer", "Quant", "BrevitasQuantizer")
TRANSPARENT = ("Reshape",)
"""Kinds through which values pass unchanged."""


def lower(graph: ModelGraph) -> Network:
    """Return the network of a graph of Keras 3, QONNX or PyTorch.

    Raises
    ------
    ChronogateError
        Naming the layer that cannot be exact, why, and what to write instead.
    """
    config = graph.config.config["HLSConfig"]
    check_keys(config)
    check_layer_names(config, graph.graph)
    source, nodes = _read(graph)
    constants = fold_constants(nodes)
    nodes = _with_biases([n for n in nodes if n.output not in constants], constants)
    scope = Scope(Context(config), constants)
    outputs = [str(name) for name in graph.outputs or ()]
    format, done = _input_format(source.name, nodes, outputs, scope)
    port = _input_port(source, format, config)
    wires = {source.output: Wire(port.name, replace(port, format=format.plain()))}
    built: list[Node] = []
    for node in nodes:
        wires[node.output], added = _lower_node(node, wires, scope, done)
        built += added
    if not built:
        raise ChronogateError(f"model {source.name!r} computes nothing: add a layer")
    output = wires[outputs[0]]
    network = Network(
        graph.config.get_project_name(),
        (port,),
        tuple(built),
        (output.name,),
        graph.config.get_config_value("NetworkMetadata") or Metadata(),
        _mode(config),
    )
    network = deploy(network, config)
    _annotate(graph, wires)
    return network


def _read(graph: ModelGraph) -> tuple[ImportedNode, list[ImportedNode]]:
    """Return the one input, and the other nodes in order."""
    nodes = [
        ImportedNode(
            layer,
            tuple(str(name) for name in layer.inputs),
            str((layer.outputs or [layer.name])[0]),
            tuple(int(size) for size in layer.get_output_variable().shape),
        )
        for layer in graph.get_layers()
    ]
    inputs = [node for node in nodes if node.kind in INPUTS]
    if len(inputs) != 1 or len(graph.outputs or ()) > 1:
        raise ChronogateError(
            f"the model has {len(inputs)} inputs and {len(graph.outputs or ())} outputs: "
            "so far one of each is supported"
        )
    return inputs[0], [node for node in nodes if node.kind not in INPUTS]


def _with_biases(
    nodes: Sequence[ImportedNode], constants: dict[str, np.ndarray]
) -> list[ImportedNode]:
    """Give a `MatMul` the constant that alone is added to its result."""
    kept: list[ImportedNode] = []
    for node in nodes:
        before = kept[-1] if kept else None
        addend = next((constants[name] for name in node.inputs if name in constants), None)
        if (
            before is not None
            and before.kind == "MatMul"
            and node.kind == "Merge"
            and node.get("op") == "add"
            and addend is not None
            and addend.size in (1, before.shape[-1])
            and before.output in node.inputs
            and sum(before.output in other.inputs for other in nodes) == 1
        ):
            kept[-1] = replace(before, output=node.output, bias=addend)
        else:
            kept.append(node)
    return kept


def _input_format(
    name: str, nodes: Sequence[ImportedNode], outputs: Sequence[str], scope: Scope
) -> tuple[FixedPoint, frozenset[str]]:
    """Return the input's format, and the quantizers whose work the host then does.

    One that gives an output of the model stays: what leaves is computed.
    """
    given = input_precision(scope.context.config, name, INPUTS)
    if given is not None:
        return given, frozenset()
    first = _first_quantizers(name, nodes)
    elements = [_elements(node, scope) for node in first]
    if not first or any(each is None for each in elements):
        raise ChronogateError(
            f"input {name!r} has no number format: put a quantizer behind it that all its readers "
            f"share, or set hls_config['LayerName']['{name}']['Precision']"
        )
    known = [each for each in elements if each is not None]
    format = host_format(known)
    if format is None:
        raise ChronogateError(
            f"input {name!r} is quantized in several ways, which no single format of the input "
            "serves for every float: quantize all of it alike, use round_mode='RND' and one "
            f"overflow_mode, or set hls_config['LayerName']['{name}']['Precision']"
        )
    same = all(each.only == format for each in known)
    folded = frozenset(node.name for node in first if node.output not in outputs)
    return format, folded if same else frozenset()


def _first_quantizers(name: str, nodes: Sequence[ImportedNode]) -> list[ImportedNode]:
    """Return the quantizers that all values of `name` come to first; none if not all do."""
    found: list[ImportedNode] = []
    for node in nodes:
        if name not in node.inputs:
            continue
        if node.kind in QUANTIZERS:
            found.append(node)
            continue
        behind = _first_quantizers(node.output, nodes)
        if node.kind not in TRANSPARENT or not behind:
            return []
        found += behind
    return found


def _elements(node: ImportedNode, scope: Scope) -> Elements | None:
    if node.kind == "FixedPointQuantizer":
        return hgq_elements(node)
    brevitas = node.kind == "BrevitasQuantizer"
    quantizer = brevitas_arguments(node) if brevitas else qonnx_quantizer(node, scope.constants)
    return None if quantizer.is_bipolar else quantizer.elements(node)


def _input_port(source: ImportedNode, format: FixedPoint, config: HlsConfig) -> Port:
    series = series_of(config)
    match source.shape:
        case (channels,):
            return Port(source.name, channels, format, None, series)
        case (steps, channels):
            return Port(source.name, channels, format, steps, series)
    raise ChronogateError(
        f"input {source.name!r} has the shape {source.shape}: give it as (look_back, features)"
    )


def _mode(config: HlsConfig) -> Mode:
    given = table(config, "Model").get("Mode")
    mode = Mode(given.lower()) if isinstance(given, str) else Mode.WINDOW
    if mode is Mode.STREAMING:
        raise ChronogateError(
            "the model: Mode='streaming' is for layers with a state, which are converted from "
            "QKeras only: use Mode='window' or Mode='sliding'"
        )
    return mode


def _lower_node(
    node: ImportedNode, wires: dict[str, Wire], scope: Scope, done: frozenset[str]
) -> tuple[Wire, tuple[Node, ...]]:
    """Return what a node gives, and its blocks."""
    given = tuple(wires[name] for name in node.inputs if name not in scope.constants)
    if node.name in done:
        return given[0], ()
    if node.kind not in HANDLERS:
        raise node.refuse(
            f"{node.kind} is not supported from this front end",
            f"build the model from {', '.join(sorted(HANDLERS))}",
        )
    try:
        piece = HANDLERS[node.kind](node, given, scope)
        piece = loadable(node.draft, piece, scope.context.config)
    except ChronogateError as error:
        if str(error).startswith("layer "):
            raise
        raise ChronogateError(f"layer {node.name!r}: {error}") from None
    return piece.wire, piece.nodes


def _annotate(graph: ModelGraph, wires: dict[str, Wire]) -> None:
    """Write the network's formats into hls4ml's graph, for its reports and plots."""
    for layer in graph.get_layers():
        wire = wires.get(str((layer.outputs or [layer.name])[0]))
        if wire is not None:
            layer.get_output_variable().type.precision = precision_type(wire.port.format)
