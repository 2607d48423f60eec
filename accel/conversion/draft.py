"""What the lowering passes hand to one another: a chain of layers on its way to a Network."""

from dataclasses import dataclass

from accel.conversion.settings import HlsConfig
from accel.qkeras_compat import keras
from hw.network.graph import Node
from hw.network.metadata import Metadata
from hw.stream import Port


@dataclass(frozen=True)
class LayerDraft:
    """One node of hls4ml's graph, with the Keras layer it was made from.

    Parameters
    ----------
    name
        Its name in the graph, and later in the network.
    kind
        Keras's class name; ``QActivation`` also for a layer's ``activation`` argument.
    source
        The Keras layer.
    quantizer
        What a ``QActivation`` calls; ``None`` elsewhere and for the identity.
    shape
        Output shape without the batch, in hls4ml's graph.
    types
        Its type's names in a configuration.
    """

    name: str
    kind: str
    source: keras.layers.Layer
    quantizer: object
    shape: tuple[int, ...]
    types: tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    """State of the lowering; every pass returns a new one.

    Parameters
    ----------
    name
        Name of the design.
    config
        The user's ``hls_config``.
    metadata
        Carried through to the network.
    input_name, input_shape
        The model's input.
    layers
        Layers not yet lowered, in order.
    input
        The network's input port, once its format is known.
    nodes
        The network's nodes, once built.
    """

    name: str
    config: HlsConfig
    metadata: Metadata
    input_name: str
    input_shape: tuple[int, ...]
    layers: tuple[LayerDraft, ...]
    input: Port | None = None
    nodes: tuple[Node, ...] = ()
