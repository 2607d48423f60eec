"""What the lowering passes hand to one another: a graph of layers on its way to a Network."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from accel.conversion.piece import Wire
from accel.conversion.settings import HlsConfig
from hw.network.graph import Node
from hw.network.metadata import Metadata
from hw.network.mode import Mode

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
    """

    name: str
    kind: str
    source: "keras.layers.Layer"
    inputs: tuple[str, ...]
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
    mode
        How windows are cut from the samples.
    input_name, input_shape
        The model's input.
    layers
        Layers not yet lowered, in topological order.
    output
        Name of the layer, later of the node, that gives the forecast.
    input
        The network's input, once its format is known.
    nodes
        The network's nodes, once built.
    places
        For each layer, dropped or not, the node or input that holds its values, once known.
    """

    name: str
    config: HlsConfig
    metadata: Metadata
    mode: Mode
    input_name: str
    input_shape: tuple[int, ...]
    layers: tuple[LayerDraft, ...]
    output: str
    input: Wire | None = None
    nodes: tuple[Node, ...] = ()
    places: tuple[tuple[str, str], ...] = ()

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
        return replace(self, layers=layers, output=follow(self.output), places=places)
