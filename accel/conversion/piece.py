"""Pieces of a network: the blocks that one layer becomes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hw.block import Spec
from hw.errors import ChronogateError
from hw.network.graph import Node
from hw.stream import Port


@dataclass(frozen=True)
class Wire:
    """A result within the network.

    Parameters
    ----------
    name
        Of the node, or of the network's input.
    port
        What it carries.
    complete
        Whether its beats leave only when the whole window has come in.
    aside
        Whether its steps are none of the leading input's, but come of a single beat at the
        window's begin.
    states
        Of an LSTM's hidden state, the wire that holds the cell state behind it, if anything wants
        that.
    """

    name: str
    port: Port
    complete: bool = False
    aside: bool = False
    states: "Wire | None" = None


@dataclass(frozen=True)
class Piece:
    """Nodes in order, and the wire that the last of them drives."""

    nodes: tuple[Node, ...]
    wire: Wire

    @classmethod
    def begin(cls, wire: Wire) -> "Piece":
        """Return nothing but a wire that is there already."""
        return cls((), wire)

    def then(self, name: str, spec: Spec, complete: bool | None = None) -> "Piece":
        """Add a block behind the wire.

        Parameters
        ----------
        name
            Of its node.
        spec
            The block.
        complete
            Whether it needs the whole window; ``None`` where it sends a step for each step. Of
            steps that are none of the leading input's the end is not the window's.
        """
        return self._add(name, spec, (self.wire,), complete)

    @classmethod
    def join(
        cls, name: str, spec: Spec, pieces: Sequence["Piece"], complete: bool | None = None
    ) -> "Piece":
        """Return several pieces with a block that takes the wires of all; see `then`."""
        nodes = tuple(dict.fromkeys(node for piece in pieces for node in piece.nodes))
        wires = tuple(piece.wire for piece in pieces)
        return cls(nodes, wires[0])._add(name, spec, wires, complete)

    def _add(
        self, name: str, spec: Spec, sources: Sequence[Wire], complete: bool | None
    ) -> "Piece":
        spec = _with_series(spec, sources[0].port.series, name)
        node = Node(name, spec, tuple(source.name for source in sources))
        if complete is None or all(source.aside for source in sources):
            complete = any(source.complete for source in sources)
        output = spec.outputs[0]
        bursts = spec.inputs[0].steps is None and output.steps is not None
        aside = not complete and (bursts or any(source.aside for source in sources))
        return Piece((*self.nodes, node), Wire(name, output, complete, aside))


def _with_series(spec: Spec, series: int, layer: str) -> Spec:
    """Return a block that several series share.

    Raises
    ------
    ChronogateError
        When the block keeps something for one series only.
    """
    if series == 1:
        return spec
    if not hasattr(spec, "series"):
        raise ChronogateError(
            f"layer {layer!r}: {type(spec).__name__} cannot be shared by {series} series: "
            "leave Series out of hls_config, or the layer out of the model"
        )
    shared = replace(spec, series=series)  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert isinstance(shared, Spec)
    return shared
