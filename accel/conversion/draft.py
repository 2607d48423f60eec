"""What the lowering passes hand to one another: a graph of layers on its way to a Network."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from accel.conversion.settings import HlsConfig
from hw.layer.convolution.receptive_field import Padding
from hw.network.graph import Network, Node
from hw.network.metadata import Metadata
from hw.network.mode import Mode
from hw.stream import Port

if TYPE_CHECKING:
    from accel.qkeras_compat import keras


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
    inputs
        Names of the layers, or of the network's input, that it takes its values from.
    quantizer
        What a ``QActivation`` calls; ``None`` elsewhere and for the identity. Layers that cannot
        give their result exactly (averages) take the quantizer behind them here.
    shape
        Output shape without the batch.
    types
        Its type's names in a configuration.
    padding
        Of a convolution, in place of its own: zeros that a layer before it added.
    """

    name: str
    kind: str
    source: "keras.layers.Layer"
    inputs: tuple[str, ...]
    quantizer: object
    shape: tuple[int, ...]
    types: tuple[str, ...]
    padding: Padding | None = None


@dataclass(frozen=True)
class InputDraft:
    """One input of the model.

    Parameters
    ----------
    name, shape
        As Keras has them, without the batch.
    port
        The network's input, once its format is known.
    """

    name: str
    shape: tuple[int, ...]
    port: Port | None = None


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
    mode
        How windows are cut from the samples.
    inputs
        The model's inputs.
    layers
        Layers not yet lowered, in topological order.
    outputs
        Names of the layers, later of the nodes, that give the forecasts.
    nodes
        The network's nodes, once built.
    places
        For each layer, dropped or not, the node or input that holds its values, once known.
    kept
        For each node that lost dead channels, those that it kept.
    whole
        The network before that.
    """

    name: str
    config: HlsConfig
    metadata: Metadata
    mode: Mode
    inputs: tuple["InputDraft", ...]
    layers: tuple[LayerDraft, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...] = ()
    places: tuple[tuple[str, str], ...] = ()
    kept: Mapping[str, np.ndarray] = field(default_factory=dict)
    whole: Network | None = None

    def consumers(self, name: str) -> tuple[LayerDraft, ...]:
        """Return the layers that take their values from `name`."""
        return tuple(layer for layer in self.layers if name in layer.inputs)

    def without(self, aliases: dict[str, str]) -> Self:
        """Return the draft without some layers; what they gave is now what they were given.

        Parameters
        ----------
        aliases
            For each layer that goes, the name that takes its place.
        """

        def follow(name: str) -> str:
            while name in aliases:
                name = aliases[name]
            return name

        layers = tuple(
            replace(layer, inputs=tuple(follow(name) for name in layer.inputs))
            for layer in self.layers
            if layer.name not in aliases
        )
        places = (*self.places, *((name, follow(name)) for name in aliases))
        outputs = tuple(follow(name) for name in self.outputs)
        return replace(self, layers=layers, outputs=outputs, places=places)
