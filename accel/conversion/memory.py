"""Where the weights of a layer lie: its ``Storage``."""

from collections.abc import Sequence
from dataclasses import is_dataclass, replace

from accel.conversion.draft import LayerDraft
from accel.conversion.settings import HlsConfig, names_layer, storage
from hw.block import Spec
from hw.errors import ChronogateError
from hw.network.graph import Node
from hw.product.storage import Storage


def stored(layer: LayerDraft, nodes: Sequence[Node], config: HlsConfig) -> tuple[Node, ...]:
    """Return the blocks of a layer with their weights where the configuration says.

    Raises
    ------
    ChronogateError
        When it names a layer that keeps no weights in a memory.
    """
    wanted = storage(config, layer.name, layer.types)
    if wanted is None:
        return tuple(nodes)
    made = tuple(replace(node, spec=_stored(node.spec, wanted)) for node in nodes)
    if made == tuple(nodes) and names_layer(config, layer.name, "Storage"):
        raise ChronogateError(
            f"layer {layer.name!r}: as it is configured it keeps no weights in a memory whose kind "
            "can be chosen: leave Storage out, or use Strategy='Resource'"
        )
    return made


def _stored(spec: Spec, wanted: Storage) -> Spec:
    if not hasattr(spec, "storage") or not is_dataclass(spec) or isinstance(spec, type):
        return spec
    found = replace(spec, storage=wanted)  # pyright: ignore[reportCallIssue]
    assert isinstance(found, Spec)
    return found
