"""Which layers a host can give new weights at run time: their ``Reloadable``."""

from dataclasses import fields, is_dataclass, replace

from accel.conversion.draft import LayerDraft
from accel.conversion.piece import Piece
from accel.conversion.settings import HlsConfig, names_layer, reloadable
from hw.block import Spec
from hw.errors import ChronogateError
from hw.network.graph import Node
from hw.number.fixed_point import FixedPoint
from hw.product.model_store import array_fields


def loadable(layer: LayerDraft, piece: Piece, config: HlsConfig) -> Piece:
    """Return the blocks of a layer, whose weights can be replaced where the configuration says.

    Raises
    ------
    ChronogateError
        When it wants that of weights that are wired in, or names a layer that has none.
    """
    if not reloadable(config, layer.name, layer.types):
        return piece
    nodes: list[Node] = []
    wider: dict[str, FixedPoint] = {}
    for node in piece.nodes:
        spec = _loadable(layer, _following(node, wider))
        if spec.outputs[0].format != node.spec.outputs[0].format:
            wider[node.name] = spec.outputs[0].format
        nodes.append(replace(node, spec=spec))
    if not any(_has_weights(node.spec) for node in nodes):
        if names_layer(config, layer.name, "Reloadable"):
            raise ChronogateError(
                f"layer {layer.name!r}: it has no weights that could be replaced: leave "
                "Reloadable out"
            )
        return piece
    port = next((n.spec.outputs[0] for n in nodes if n.name == piece.wire.name), piece.wire.port)
    return Piece(tuple(nodes), replace(piece.wire, port=port))


def _following(node: Node, wider: dict[str, FixedPoint]) -> Spec:
    """Return a block that takes what the reloadable one before it in the piece gives."""
    if node.inputs[0] not in wider:
        return node.spec
    return _changed(node.spec, input=wider[node.inputs[0]])


def _loadable(layer: LayerDraft, spec: Spec) -> Spec:
    if not _has_weights(spec):
        return spec
    if not hasattr(spec, "reloadable"):
        raise ChronogateError(
            f"layer {layer.name!r}: the weights of its {type(spec).__name__} are wired in and "
            "cannot be Reloadable: use Strategy='Resource' without delta updates, or leave "
            "Reloadable out"
        )
    return _changed(spec, reloadable=True)


def _has_weights(spec: Spec) -> bool:
    """Tell whether a block holds arrays, or a layer that does."""
    if array_fields(spec):
        return True
    assert is_dataclass(spec)
    values = (getattr(spec, item.name) for item in fields(spec))
    return any(_has_weights(value) for value in values if isinstance(value, Spec))


def _changed(spec: Spec, **changes: object) -> Spec:
    assert is_dataclass(spec)
    assert not isinstance(spec, type)
    found = replace(spec, **changes)
    assert isinstance(found, Spec)
    return found
