"""The last dense layer of a network: made reloadable, watched, given other weights."""

from dataclasses import dataclass, replace

import numpy as np

from hw.errors import ChronogateError
from hw.layer.dense.dense import Dense
from hw.layer.elementwise.activation import Activation
from hw.layer.elementwise.add import Add
from hw.network.graph import Network, Node


@dataclass(frozen=True, eq=False)
class LastLayer:
    """A network whose last dense layer takes new weights at run time.

    Parameters
    ----------
    network
        The design; its last dense layer is reloadable.
    name
        That layer.
    """

    network: Network
    name: str

    @property
    def spec(self) -> Dense:
        """The layer."""
        spec = _node(self.network, self.name).spec
        assert isinstance(spec, Dense)
        return spec

    @property
    def weights(self) -> np.ndarray:
        """Kernel and bias below it ``(n_in + 1, n_out)``, as they are multiplied by."""
        spec = self.spec
        kernel = spec.kernel_format.to_float(spec.kernel)
        return np.concatenate([kernel, spec.bias_format.to_float(spec.bias)[None]])

    def watched(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what the layer takes, with a 1 behind it, and what is added to what it gives.

        Parameters
        ----------
        codes
            Input codes of windows ``(N, look_back, features)``.

        Returns
        -------
        tuple of numpy.ndarray
            ``(N, n_in + 1)`` and ``(N, n_out)``, float64.
        """
        network, spec = self.network, self.spec
        trace: dict[str, np.ndarray] = {}
        network.reference(codes, trace)
        taken = spec.input.to_float(trace[_node(network, self.name).inputs[0]])
        given = _before_quantizer(network)
        total = _node(network, given).spec.outputs[0].format.to_float(trace[given])
        own = spec.outputs[0].format.to_float(trace[self.name])
        ones = np.ones((len(taken), 1))
        return np.concatenate([taken.reshape(len(taken), -1), ones], axis=1), total - own

    def with_codes(self, kernel: np.ndarray, bias: np.ndarray) -> Network:
        """Return the network with other weights of the same shape and formats."""
        spec = replace(self.spec, kernel=kernel, bias=bias)
        nodes = tuple(
            replace(node, spec=spec) if node.name == self.name else node
            for node in self.network.nodes
        )
        return replace(self.network, nodes=nodes)


def last_layer(network: Network) -> LastLayer:
    """Return the network with its last dense layer reloadable, what lies behind it widened.

    Raises
    ------
    ChronogateError
        When the network does not end in a dense layer with one output for each value of the
        forecast, whose results are only added to others and rounded.
    """
    found = next((node for node in reversed(network.nodes) if isinstance(node.spec, Dense)), None)
    if found is None or not _is_last(network, found):
        raise ChronogateError(
            f"{network.name} does not end in a folded dense layer of the whole forecast, so it has "
            "no last layer to learn on: use a family that does (mlp, ridge, gru, lstm, ...), "
            "strategy = 'resource', and shared = false"
        )
    assert isinstance(found.spec, Dense)
    changed = {found.name: replace(found.spec, skip_zeros=False, reloadable=True)}
    formats = {port.name: port.format for port in network.inputs}
    nodes: list[Node] = []
    for node in network.nodes:
        spec = changed.get(node.name, node.spec)
        given = tuple(formats[name] for name in node.inputs)
        if isinstance(spec, Activation):
            spec = replace(spec, input=given[0])
        elif isinstance(spec, Add):
            spec = replace(spec, terms=given)
        nodes.append(replace(node, spec=spec))
        formats[node.name] = spec.outputs[0].format
    return LastLayer(replace(network, nodes=tuple(nodes)), found.name)


def _is_last(network: Network, node: Node) -> bool:
    """Tell whether a dense layer's results reach the output through sums and one rounding."""
    spec = node.spec
    assert isinstance(spec, Dense)
    name, outputs = node.name, network.outputs_per_window
    while name != network.outputs[0]:
        users = [each for each in network.nodes if name in each.inputs]
        if len(users) != 1 or not isinstance(users[0].spec, Activation | Add):
            return False
        if (
            isinstance(users[0].spec, Add)
            and users[0].spec.factors[users[0].inputs.index(name)] != 1
        ):
            return False
        name = users[0].name
    return spec.steps is None and spec.outputs[0].channels == outputs and len(network.outputs) == 1


def _before_quantizer(network: Network) -> str:
    node = _node(network, network.outputs[0])
    return node.inputs[0] if isinstance(node.spec, Activation) else node.name


def _node(network: Network, name: str) -> Node:
    return next(node for node in network.nodes if node.name == name)
