"""From hls4ml's ModelGraph to a Network: the recipe at the end, its steps above in order.

Every step but the first and the last is a pure function from `Draft` to `Draft`.
"""

from collections.abc import Callable
from dataclasses import replace

from hls4ml.model.graph import ModelGraph
from hls4ml.model.layers import Input, Layer

from accel.conversion.check import check_model
from accel.conversion.draft import Draft, LayerDraft
from accel.conversion.layers import HANDLERS, quantizer_of
from accel.conversion.settings import (
    check_layer_names,
    check_reuse_factors,
    input_precision,
    precision_type,
)
from accel.qkeras_compat import keras
from hw.errors import ChronogateError
from hw.function.quantizer import Function
from hw.network.graph import Network, Node
from hw.network.metadata import Metadata
from hw.number.fixed_point import FixedPoint
from hw.stream import Port

INPUT_TYPES = ("InputLayer", "Input")


def read_graph(graph: ModelGraph) -> Draft:
    """Find the Keras layer behind every node, after refusing what cannot be exact."""
    model = graph.config.get_config_value("KerasModel")
    check_model(model)
    config = graph.config.config["HLSConfig"]
    check_reuse_factors(config)
    check_layer_names(config, graph.graph)
    first, *others = graph.get_layers()
    layers: list[LayerDraft] = []
    source: Layer = first
    for node in others:
        if node.inputs != source.outputs or len(source.get_output_nodes()) != 1:
            raise ChronogateError(
                f"layer {node.name!r}: branches are not supported: "
                "let every layer feed exactly one other"
            )
        layers.append(_read_layer(node, model, layers[-1].source if layers else None))
        source = node
    return Draft(
        name=graph.config.get_project_name(),
        config=config,
        metadata=graph.config.get_config_value("NetworkMetadata") or Metadata(),
        input_name=first.name,
        input_shape=tuple(first.get_output_variable().shape),
        layers=tuple(layers),
    )


def _read_layer(node: Layer, model: keras.Model, before: keras.layers.Layer | None) -> LayerDraft:
    layer = next((layer for layer in model.layers if layer.name == node.name), before)
    if layer is None or isinstance(node, Input):
        raise ChronogateError(
            f"layer {node.name!r} is in hls4ml's graph but not in the model: "
            "convert the model with accel.convert"
        )
    kind, quantizer = type(layer).__name__, None
    if layer.name != node.name or kind == "Activation":
        # hls4ml makes a node of its own from a layer's activation argument.
        kind, quantizer = "QActivation", layer.activation
    elif kind == "QActivation":
        quantizer = layer.quantizer
    shape = tuple(int(size) for size in node.get_output_variable().shape)
    return LayerDraft(node.name, kind, layer, quantizer, shape, (kind, node.class_name))


def drop_identities(draft: Draft) -> Draft:
    """Remove linear activations and reshapes of what is flat already."""
    kept: list[LayerDraft] = []
    shape = draft.input_shape
    for layer in draft.layers:
        linear = layer.kind == "QActivation" and (
            layer.quantizer is None or layer.quantizer is keras.activations.linear
        )
        if not linear and not (layer.kind in ("Flatten", "Reshape") and layer.shape == shape):
            kept.append(layer)
        shape = layer.shape
    return replace(draft, layers=tuple(kept))


def choose_input_format(draft: Draft) -> Draft:
    """Give the network's input the format of its QActivation, which then is the host's work."""
    given = input_precision(draft.config, draft.input_name, INPUT_TYPES)
    # What comes first apart from a Flatten, through which a format passes unchanged.
    first = next((x for x in draft.layers if x.kind not in ("Flatten", "Reshape")), None)
    found = _plain_format(first)
    if found is None and given is None:
        raise ChronogateError(
            f"input {draft.input_name!r} has no number format: begin the model with "
            "QActivation(quantized_bits(bits, integer, alpha=1)), or set "
            f"hls_config['LayerName']['{draft.input_name}']['Precision']"
        )
    if found is not None and given is not None and found != given:
        raise ChronogateError(
            f"input {draft.input_name!r} is quantized to {found} by the model and to {given} by "
            "hls_config: leave the Precision of the input out"
        )
    format = found or given
    assert format is not None  # one of the two is there, checked above
    layers = draft.layers if found is None else tuple(x for x in draft.layers if x is not first)
    return replace(draft, layers=layers, input=_input_port(draft, format))


def _plain_format(layer: LayerDraft | None) -> FixedPoint | None:
    """Return the format of a QActivation that only rounds and saturates."""
    if layer is None or layer.kind != "QActivation":
        return None
    quantizer = quantizer_of(layer)
    # Hard tanh clips to [-1, 1], as saturating into its one integer bit does anyway.
    return quantizer.output if quantizer.function is not Function.HARD_SIGMOID else None


def _input_port(draft: Draft, format: FixedPoint) -> Port:
    match draft.input_shape:
        case (channels,):
            return Port(draft.input_name, channels, format)
        case (steps, channels):
            return Port(draft.input_name, channels, format, steps)
    raise ChronogateError(
        f"input {draft.input_name!r} has the shape {draft.input_shape}: "
        "give it as (look_back, features)"
    )


def build_blocks(draft: Draft) -> Draft:
    """Turn each layer into a block, in the format that the one before it gives."""
    assert draft.input is not None  # choose_input_format comes before
    # Codes arrive from outside: any code of the grid, whatever the quantizer can give.
    source = replace(draft.input, format=draft.input.format.plain())
    nodes: list[Node] = []
    name = draft.input_name
    for layer in draft.layers:
        spec = HANDLERS[layer.kind](layer, source, draft.config)
        nodes.append(Node(layer.name, spec, (name,)))
        name, source = layer.name, spec.outputs[0]
    return replace(draft, nodes=tuple(nodes), layers=())


def make_network(draft: Draft) -> Network:
    """Close the chain."""
    assert draft.input is not None  # choose_input_format comes before
    if not draft.nodes:
        raise ChronogateError(f"model {draft.name!r} computes nothing: add a layer")
    return Network(draft.name, (draft.input,), draft.nodes, (draft.nodes[-1].name,), draft.metadata)


def annotate_precisions(graph: ModelGraph, network: Network) -> None:
    """Write the network's formats into hls4ml's graph, for its reports and plots."""
    format = network.input_format
    formats = {node.name: node.spec.outputs[0].format for node in network.nodes}
    for layer in graph.get_layers():
        # A node without a block of its own hands its input on unchanged.
        format = formats.get(layer.name, format)
        layer.get_output_variable().type.precision = precision_type(format)


def _on_draft(step: Callable[[Draft], Draft]) -> Callable[[ModelGraph], None]:
    def run(graph: ModelGraph) -> None:
        vars(graph)["draft"] = step(vars(graph)["draft"])

    return run


def _begin(graph: ModelGraph) -> None:
    vars(graph)["draft"] = read_graph(graph)


def _end(graph: ModelGraph) -> None:
    network = make_network(vars(graph).pop("draft"))
    annotate_precisions(graph, network)
    vars(graph)["network"] = network


RECIPE: tuple[tuple[str, Callable[[ModelGraph], None]], ...] = (
    ("read_graph", _begin),
    ("drop_identities", _on_draft(drop_identities)),
    ("choose_input_format", _on_draft(choose_input_format)),
    ("build_blocks", _on_draft(build_blocks)),
    ("make_network", _end),
)
"""The lowering, in order; the last pass sets the graph's ``network``."""
