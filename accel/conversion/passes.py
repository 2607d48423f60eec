"""From hls4ml's ModelGraph to a Network: the recipe at the end, its steps above in order.

Every step but the first and the last is a pure function from `Draft` to `Draft`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from hls4ml.model.graph import ModelGraph
from hls4ml.model.layers import Input, Layer

from accel.conversion.annotation import annotate
from accel.conversion.check import check_canonical, check_model
from accel.conversion.deployment import deploy, mode_of
from accel.conversion.draft import Draft, InputDraft, LayerDraft
from accel.conversion.formats import activation_of
from accel.conversion.fusion import (
    drop_identities,
    fuse_float_activations,
    round_averages,
    share_engines,
)
from accel.conversion.inputs import choose_input_formats, incoming
from accel.conversion.keys import check_keys
from accel.conversion.layers.common import Context
from accel.conversion.layers.registry import HANDLERS
from accel.conversion.memory import stored
from accel.conversion.piece import Wire
from accel.conversion.place import Place
from accel.conversion.reloadable import loadable
from accel.conversion.settings import (
    DELTA_KEYS,
    check_layer_names,
    check_result_precision,
    names_layer,
    table,
)
from accel.conversion.tracing import trace
from accel.conversion.zero_padding import fold_zero_padding
from accel.qkeras_compat import keras
from hw.errors import ChronogateError
from hw.function.quantizer import Quantizer
from hw.network.dead_units import without_dead_units
from hw.network.graph import Network, Node
from hw.network.metadata import Metadata
from hw.network.mode import Mode

DELTA_KINDS = ("QLSTM", "QGRU", "Bidirectional", "QBidirectional", "QSimpleRNN")
"""Kinds that take thresholds, or refuse them with words of their own."""


def read_graph(graph: ModelGraph) -> Draft:
    """Find the Keras layer behind every node, after refusing what cannot be exact."""
    model = graph.config.get_config_value("KerasModel")
    check_model(model)
    check_canonical(model)
    config = graph.config.config["HLSConfig"]
    check_keys(config)
    check_layer_names(config, graph.graph)
    inputs = tuple(
        InputDraft(name, tuple(graph.graph[name].get_output_variable().shape))
        for name in graph.inputs or ()
    )
    layers: list[LayerDraft] = []
    for node in graph.get_layers():
        if node.name not in graph.inputs:
            before = {layer.name: layer.source for layer in layers}
            layers.append(_read_layer(node, model, before))
    return Draft(
        name=graph.config.get_project_name(),
        config=config,
        metadata=graph.config.get_config_value("NetworkMetadata") or Metadata(),
        mode=mode_of(config, model),
        inputs=inputs,
        layers=tuple(layers),
        outputs=tuple(str(name) for name in graph.outputs or ()),
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


def build_blocks(draft: Draft) -> Draft:
    """Turn each layer into blocks, in the formats that those before it give."""
    nodes: list[Node] = []
    wires: dict[str, Wire] = {}
    for given in draft.inputs:
        assert given.port is not None  # choose_input_formats comes before
        piece = incoming(given.name, given.shape, given.port)
        nodes += piece.nodes
        wires[given.name] = piece.wire
    with_cell = frozenset(x.inputs[0] for x in draft.layers if x.kind == "CellState")
    streaming = draft.mode is Mode.STREAMING
    context = Context(draft.config, streaming, _read_by_quantizers(draft), with_cell)
    for layer in draft.layers:
        try:
            piece = HANDLERS[layer.kind](
                layer, tuple(wires[name] for name in layer.inputs), context
            )
            piece = loadable(layer, piece, draft.config)
        except ChronogateError as error:
            raise _named(layer.name, error) from None
        nodes += stored(layer, piece.nodes, draft.config)
        wires[layer.name] = piece.wire
        check_result_precision(draft.config, layer.name, layer.types, piece.wire.port.format)
    places = {name: wire.name for name, wire in wires.items()}
    for name, source in reversed(draft.places):  # what went last was taken for what went before
        if source in places:
            places[name] = places[source]
    outputs = tuple(wires[name].name for name in draft.outputs)
    nodes = _read(nodes, outputs)
    return replace(draft, nodes=tuple(nodes), outputs=outputs, places=tuple(places.items()))


def _read(nodes: Sequence[Node], outputs: Sequence[str]) -> list[Node]:
    """Return the nodes whose results are read: of an LSTM it may be the cell state alone."""
    wanted = set(outputs)
    for node in reversed(nodes):
        if node.name in wanted:
            wanted.update(node.inputs)
    return [node for node in nodes if node.name in wanted]


def check_wishes(draft: Draft) -> Draft:
    """Refuse thresholds of delta updates for layers that have none."""
    for layer in draft.layers:
        for key in DELTA_KEYS:
            if layer.kind not in DELTA_KINDS and names_layer(draft.config, layer.name, key):
                raise ChronogateError(
                    f"layer {layer.name!r}: {key} is for QLSTM and QGRU only: leave it out"
                )
    return draft


def _read_by_quantizers(draft: Draft) -> frozenset[str]:
    """Return the layers whose only reader rounds and ends in a register of its own."""
    names: set[str] = set()
    for layer in draft.layers:
        behind = draft.consumers(layer.name)
        if len(behind) != 1 or layer.name in draft.outputs or behind[0].kind != "QActivation":
            continue
        if isinstance(activation_of(behind[0].quantizer, Place(behind[0].name, "")), Quantizer):
            names.add(layer.name)
    return frozenset(names)


def _named(layer: str, error: ChronogateError) -> ChronogateError:
    """Add the layer to what `hw` refuses."""
    return (
        error if str(error).startswith("layer ") else ChronogateError(f"layer {layer!r}: {error}")
    )


def remove_dead_units(draft: Draft) -> Draft:
    """Remove what nothing reads (structured pruning), unless ``RemoveDeadUnits`` is ``False``."""
    if table(draft.config, "Model").get("RemoveDeadUnits") is False or not draft.nodes:
        return draft
    whole = make_network(draft)
    shrunk = without_dead_units(whole)
    return replace(draft, nodes=shrunk.network.nodes, kept=shrunk.kept, whole=whole)


def make_network(draft: Draft) -> Network:
    """Close the graph."""
    if not draft.nodes:
        raise ChronogateError(f"model {draft.name!r} computes nothing: add a layer")
    ports = tuple(given.port for given in draft.inputs if given.port is not None)
    return Network(draft.name, ports, draft.nodes, draft.outputs, draft.metadata, draft.mode)


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
    if network.is_adaptive or len(network.inputs) > 1:
        # Its schedule is what refuses blocks that cannot stand where they do: better now.
        _ = network.schedule
    places = _lasting(draft.places, network)
    annotate(graph, network, places)
    vars(graph)["network"] = network
    vars(graph)["places"] = places
    vars(graph)["trace"] = partial(trace, graph)
    vars(graph)["kept_channels"] = draft.kept
    vars(graph)["whole_network"] = draft.whole or network


STEPS = (
    check_wishes, drop_identities, fold_zero_padding, choose_input_formats, round_averages,
    fuse_float_activations, build_blocks, remove_dead_units, share_engines,
)  # fmt: skip
"""What happens to the draft, in order."""

RECIPE: Mapping[str, Callable[[ModelGraph], None]] = {
    "read_graph": _begin,
    **{step.__name__: _on_draft(step) for step in STEPS},
    "make_network": _end,
}
"""The lowering, in order; the last pass sets the graph's ``network``, and as ``kept_channels``
which channels nodes kept that lost some."""
