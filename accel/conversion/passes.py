"""From hls4ml's ModelGraph to a Network: the recipe at the end, its steps above in order.

Every step but the first and the last is a pure function from `Draft` to `Draft`.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from hls4ml.model.graph import ModelGraph
from hls4ml.model.layers import Input, Layer

from accel.conversion.annotation import annotate
from accel.conversion.check import check_model
from accel.conversion.deployment import deploy, mode_of, series_of
from accel.conversion.draft import Draft, LayerDraft
from accel.conversion.formats import activation_of, plain_format
from accel.conversion.fusion import (
    drop_identities,
    fuse_float_activations,
    round_averages,
    share_engines,
)
from accel.conversion.keys import check_keys
from accel.conversion.layers.common import Context, quantizer_of
from accel.conversion.layers.registry import HANDLERS
from accel.conversion.piece import Wire
from accel.conversion.place import Place
from accel.conversion.settings import check_layer_names, check_result_precision, input_precision
from accel.conversion.tracing import trace
from accel.qkeras_compat import keras
from hw.errors import ChronogateError
from hw.function.quantizer import Quantizer
from hw.network.graph import Network, Node
from hw.network.metadata import Metadata
from hw.network.mode import Mode
from hw.number.fixed_point import FixedPoint
from hw.stream import Port

INPUT_TYPES = ("InputLayer", "Input")
TRANSPARENT = ("Flatten", "Reshape", "Permute", "Cropping1D", "RepeatVector")
"""Kinds through which a number format passes unchanged."""


def read_graph(graph: ModelGraph) -> Draft:
    """Find the Keras layer behind every node, after refusing what cannot be exact."""
    model = graph.config.get_config_value("KerasModel")
    check_model(model)
    config = graph.config.config["HLSConfig"]
    check_keys(config)
    check_layer_names(config, graph.graph)
    first, *others = graph.get_layers()
    layers: list[LayerDraft] = []
    for node in others:
        layers.append(_read_layer(node, model, {layer.name: layer.source for layer in layers}))
    return Draft(
        name=graph.config.get_project_name(),
        config=config,
        metadata=graph.config.get_config_value("NetworkMetadata") or Metadata(),
        mode=mode_of(config, model),
        input_name=first.name,
        input_shape=tuple(first.get_output_variable().shape),
        layers=tuple(layers),
        output=str((graph.outputs or [first.name])[0]),
    )


def _read_layer(
    node: Layer, model: keras.Model, before: dict[str, keras.layers.Layer]
) -> LayerDraft:
    layer = next((layer for layer in model.layers if layer.name == node.name), None)
    # hls4ml makes a node of its own from a layer's activation argument.
    source = layer or before.get(node.inputs[0])
    if source is None or isinstance(node, Input):
        raise ChronogateError(
            f"layer {node.name!r} is in hls4ml's graph but not in the model: "
            "convert the model with accel.convert"
        )
    kind, quantizer = type(source).__name__, None
    if layer is None or kind == "Activation":
        kind, quantizer = "QActivation", source.activation
    elif kind == "QActivation":
        quantizer = source.quantizer
    shape = tuple(int(size) for size in node.get_output_variable().shape)
    types = (kind, kind.removeprefix("Q"), node.class_name)
    return LayerDraft(node.name, kind, source, tuple(node.inputs), quantizer, shape, types)


def choose_input_format(draft: Draft) -> Draft:
    """Give the network's input the format of its QActivation, which then is the host's work."""
    given = input_precision(draft.config, draft.input_name, INPUT_TYPES)
    first = _first_quantizers(draft, draft.input_name)
    formats = {plain_format(quantizer_of(layer)) for layer in first or ()}
    found = formats.pop() if len(formats) == 1 else None
    if formats and given is None:
        raise ChronogateError(
            f"input {draft.input_name!r} is quantized in several ways: put one QActivation behind "
            "it that all layers share, or set "
            f"hls_config['LayerName']['{draft.input_name}']['Precision']"
        )
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
    if found is not None:
        draft = draft.without({layer.name: layer.inputs[0] for layer in first or ()})
    return replace(draft, input=Wire(draft.input_name, _input_port(draft, format)))


def _first_quantizers(draft: Draft, name: str) -> list[LayerDraft] | None:
    """Return the QActivations that all values of `name` come to first; ``None`` if not all do."""
    found: list[LayerDraft] = []
    for layer in draft.consumers(name):
        if layer.kind == "QActivation":
            found.append(layer)
        elif layer.kind in TRANSPARENT and layer.name != draft.output:
            behind = _first_quantizers(draft, layer.name)
            if not behind:
                return None
            found += behind
        else:
            return None
    return found


def _input_port(draft: Draft, format: FixedPoint) -> Port:
    series = series_of(draft.config)
    match draft.input_shape:
        case (channels,) if draft.mode is not Mode.STREAMING:
            return Port(draft.input_name, channels, format, None, series)
        case (channels,) | (_, channels) if draft.mode is Mode.STREAMING:
            return Port(draft.input_name, channels, format, 1, series)
        case (steps, channels):
            return Port(draft.input_name, channels, format, steps, series)
    raise ChronogateError(
        f"input {draft.input_name!r} has the shape {draft.input_shape}: "
        "give it as (look_back, features)"
    )


def build_blocks(draft: Draft) -> Draft:
    """Turn each layer into blocks, in the formats that those before it give."""
    assert draft.input is not None  # choose_input_format comes before
    # Codes arrive from outside: any code of the grid, whatever the quantizer can give.
    port = draft.input.port
    wires = {draft.input_name: Wire(port.name, replace(port, format=port.format.plain()))}
    context = Context(draft.config, draft.mode is Mode.STREAMING, _read_by_quantizers(draft))
    nodes: list[Node] = []
    for layer in draft.layers:
        try:
            piece = HANDLERS[layer.kind](
                layer, tuple(wires[name] for name in layer.inputs), context
            )
        except ChronogateError as error:
            raise _named(layer.name, error) from None
        nodes += piece.nodes
        wires[layer.name] = piece.wire
        check_result_precision(draft.config, layer.name, layer.types, piece.wire.port.format)
    places = {name: wire.name for name, wire in wires.items()}
    for name, source in reversed(draft.places):  # what went last was taken for what went before
        if source in places:
            places[name] = places[source]
    return replace(
        draft,
        nodes=tuple(nodes),
        output=wires[draft.output].name,
        places=tuple(places.items()),
    )


def _read_by_quantizers(draft: Draft) -> frozenset[str]:
    """Return the layers whose only reader rounds and ends in a register of its own."""
    names: set[str] = set()
    for layer in draft.layers:
        behind = draft.consumers(layer.name)
        if len(behind) != 1 or layer.name == draft.output or behind[0].kind != "QActivation":
            continue
        if isinstance(activation_of(behind[0].quantizer, Place(behind[0].name, "")), Quantizer):
            names.add(layer.name)
    return frozenset(names)


def _named(layer: str, error: ChronogateError) -> ChronogateError:
    """Add the layer to what `hw` refuses."""
    return (
        error if str(error).startswith("layer ") else ChronogateError(f"layer {layer!r}: {error}")
    )


def make_network(draft: Draft) -> Network:
    """Close the graph."""
    assert draft.input is not None  # choose_input_format comes before
    if not draft.nodes:
        raise ChronogateError(f"model {draft.name!r} computes nothing: add a layer")
    return Network(
        draft.name,
        (draft.input.port,),
        draft.nodes,
        (draft.output,),
        draft.metadata,
        draft.mode,
    )


def _lasting(places: Iterable[tuple[str, str]], network: Network) -> dict[str, str]:
    """Return the places that are left in the network; a shared engine keeps its last only."""
    names = {*(port.name for port in network.inputs), *(node.name for node in network.nodes)}
    return {name: place for name, place in places if place in names}


def _on_draft(step: Callable[[Draft], Draft]) -> Callable[[ModelGraph], None]:
    def run(graph: ModelGraph) -> None:
        vars(graph)["draft"] = step(vars(graph)["draft"])

    return run


def _begin(graph: ModelGraph) -> None:
    vars(graph)["draft"] = read_graph(graph)


def _end(graph: ModelGraph) -> None:
    draft = vars(graph).pop("draft")
    network = deploy(make_network(draft), draft.config)
    places = _lasting(draft.places, network)
    annotate(graph, network, places)
    vars(graph)["network"] = network
    vars(graph)["places"] = places
    vars(graph)["trace"] = partial(trace, graph)


RECIPE: tuple[tuple[str, Callable[[ModelGraph], None]], ...] = (
    ("read_graph", _begin),
    ("drop_identities", _on_draft(drop_identities)),
    ("choose_input_format", _on_draft(choose_input_format)),
    ("round_averages", _on_draft(round_averages)),
    ("fuse_float_activations", _on_draft(fuse_float_activations)),
    ("build_blocks", _on_draft(build_blocks)),
    ("share_engines", _on_draft(share_engines)),
    ("make_network", _end),
)
"""The lowering, in order; the last pass sets the graph's ``network``."""
