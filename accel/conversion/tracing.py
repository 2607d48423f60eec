"""``ModelGraph.trace``: what every layer gives, from the golden model.

hls4ml's own trace compiles the project again with probes. Here the golden model knows every layer's
codes, and the RTL equals it, so that nothing is compiled for it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from hls4ml.model.graph import ModelGraph

from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.stream import Port

Inputs = np.ndarray | Sequence[np.ndarray]
Outputs = np.ndarray | list[np.ndarray]


def as_windows(values: np.ndarray, port: Port, shape: tuple[int, ...]) -> np.ndarray:
    """Return an input ``(N, *shape)``, or one window, as the network takes it.

    It takes the steps of an input as one beat where they are none of the leading input's.
    """
    whole = port.steps is None and len(shape) > 1
    windows = np.asarray(values, dtype=np.float64)
    return windows.reshape(-1, *((port.channels,) if whole else shape))


def trace(graph: ModelGraph, x: Inputs) -> tuple[Outputs, dict[str, np.ndarray]]:
    """Compute windows, and the values of the layers whose ``Trace`` is true.

    Parameters
    ----------
    graph
        Whose attributes `whole_network`, which has the values of dead units, too, and `places` the
        lowering has set.
    x
        Scaled inputs ``(N, T, F)``, or one window without N; with several inputs one array for
        each.

    Returns
    -------
    tuple
        What ``predict`` returns, and for each traced layer float64 values ``(N, ...)``.

    Raises
    ------
    ChronogateError
        When a traced layer has become one with another, so that its values are nowhere.
    """
    network: Network = vars(graph)["whole_network"]
    places: Mapping[str, str] = vars(graph)["places"]
    ports = {port.name: port for port in network.inputs}
    ports |= {node.name: node.spec.outputs[0] for node in network.nodes}
    traced = [layer for layer in graph.get_layers() if layer.get_attr("trace", False)]
    for layer in traced:
        if layer.name not in places:
            raise ChronogateError(
                f"layer {layer.name!r} is computed together with the next one and has no values "
                "of its own: trace that one"
            )
    given = (x,) if isinstance(x, np.ndarray) else tuple(x)
    codes = [
        port.format.quantize(as_windows(array, port, tuple(variable.shape)))
        for port, array, variable in zip(
            network.inputs, given, graph.get_input_variables(), strict=True
        )
    ]
    found: dict[str, np.ndarray] = dict(zip(ports, codes, strict=False))
    results = network.evaluate(codes, found)
    count = len(codes[0])
    values = {}
    for layer in traced:
        place = places[layer.name]
        shape = tuple(layer.get_output_variable().shape)
        values[layer.name] = ports[place].format.to_float(found[place]).reshape(count, *shape)
    outputs = [
        port.format.to_float(result)
        for port, result in zip(network.output_ports, results, strict=True)
    ]
    outputs = [output[0] if count == 1 else output for output in outputs]
    return outputs[0] if len(outputs) == 1 else outputs, values
