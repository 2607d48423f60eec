"""The states of a network that a host can save and restore, and where it finds them.

States are reachable in the streaming mode, in which a series goes on from where it was. What
belongs to a series is the states of its recurrent layers and one word in the memory
``state_series``: whether it has begun. While that word is zero, the next sample begins the series
anew, whatever the states are.
"""

import re

from hw.errors import ChronogateError
from hw.layer.dense.dense import Dense
from hw.layer.dense.shared_dense import SharedDense
from hw.layer.dense.unrolled_dense import UnrolledDense
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.add import Add
from hw.layer.elementwise.batch_normalization import BatchNormalization
from hw.layer.elementwise.concatenate import Concatenate
from hw.layer.elementwise.multiply import Multiply
from hw.layer.elementwise.select import Select
from hw.layer.recurrent.folded_recurrence import FoldedRecurrence
from hw.layer.shape.flatten import Flatten
from hw.memory_port import Memory
from hw.network.graph import Network, Node
from hw.network.mode import Mode

STATELESS = (
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Flatten,
    Multiply,
    Select,
    SharedDense,
    UnrolledDense,
)
"""Blocks that keep nothing from one sample to the next."""


def stateful_nodes(network: Network) -> tuple[Node, ...]:
    """Return the nodes whose states a host can reach.

    Raises
    ------
    ChronogateError
        When only a part of what a series consists of could be reached.
    """
    nodes = tuple(n for n in network.nodes if _memory(n, "") is not None)
    if not nodes:
        return ()
    if network.mode is not Mode.STREAMING:
        raise ChronogateError(
            f"{network.name} clears its states with every window, so there is nothing to save in "
            f"{nodes[0].name}: use the streaming mode, or leave state_access out"
        )
    for node in network.nodes:
        if node not in nodes and not isinstance(node.spec, STATELESS):
            raise ChronogateError(
                f"the states of {nodes[0].name} can be saved but those of {node.name} cannot: "
                "give every recurrent layer state_access=True, and use no other layer with memory"
            )
    return nodes


def state_memories(network: Network) -> tuple[Memory, ...]:
    """Return what a host can reach: whether series have begun, then each layer's states."""
    nodes = stateful_nodes(network)
    if not nodes:
        return ()
    series = network.input.series
    begun = Memory(
        "state_series",
        series,
        1,
        "one while a series has begun, for each series; writing zero begins it anew",
    )
    found = [_memory(n, f"state{k}_{_identifier(n.name)}") for k, n in enumerate(nodes)]
    return (begun, *(memory for memory in found if memory is not None))


def _memory(node: Node, name: str) -> Memory | None:
    spec = node.spec
    return spec.state_memory(name, node.name) if isinstance(spec, FoldedRecurrence) else None


def _identifier(name: str) -> str:
    return re.sub("[^a-z0-9]", "_", name.lower())
