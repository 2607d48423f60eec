"""What makes a graph of blocks a network: its ends, its mode, its connections."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hw.errors import ChronogateError
from hw.network.mode import Mode
from hw.stream import Port

if TYPE_CHECKING:
    from hw.network.graph import Network


def identifier(name: str) -> str:
    """Return a name as hardware spells it: letters, digits and underscores."""
    return re.sub(r"\W", "_", name)


def leading_input(inputs: Sequence[Port]) -> Port:
    """Return the input whose beats the others accompany: the first that comes per step."""
    return next((port for port in inputs if port.steps is not None), inputs[0])


def check_network(network: "Network") -> None:
    """Raise a `ChronogateError` where something does not fit together."""
    _check_ends(network)
    _check_inputs(network)
    _check_mode(network)
    ports = {port.name: port for port in network.inputs}
    for node in network.nodes:
        for expected, source in zip(node.spec.inputs, node.inputs, strict=True):
            if source not in ports:
                raise ChronogateError(
                    f"{node.name} takes its input from {source!r}, which does not come before it: "
                    "name an input or an earlier node"
                )
            _check_connection(node.name, source, ports, expected)
        if node.name in ports:
            raise ChronogateError(
                f"two parts of the network are called {node.name!r}: "
                "give each layer a name of its own"
            )
        ports[node.name] = node.spec.outputs[0]


def _check_ends(network: "Network") -> None:
    if not network.inputs or not network.outputs:
        raise ChronogateError(
            f"{network.name} has {len(network.inputs)} inputs and {len(network.outputs)} outputs: "
            "give it one or more of each"
        )
    inputs = [port.name for port in network.inputs]
    for output in network.outputs:
        if output not in {*inputs, *(node.name for node in network.nodes)}:
            raise ChronogateError(
                f"{network.name} has no node {output!r} that it could put out: "
                "name one of its inputs or nodes"
            )
    for kind, names in (("inputs", inputs), ("outputs", network.outputs)):
        if len({identifier(name) for name in names}) < len(names):
            raise ChronogateError(
                f"{network.name} has {kind} {', '.join(names)}, of which two would be streams of "
                "the same name: give each a name of its own"
            )
    used = {source for node in network.nodes for source in node.inputs} | set(network.outputs)
    for name in (*(node.name for node in network.nodes), *inputs):
        if name not in used:
            raise ChronogateError(f"nothing uses the result of {name}: leave the node out")


def _check_inputs(network: "Network") -> None:
    if len(network.inputs) == 1:
        return
    steps = leading_input(network.inputs).steps
    for port in network.inputs:
        if port.steps not in (steps, None):
            raise ChronogateError(
                f"{network.name} has inputs of {steps} and of {port.steps} steps: let {port.name} "
                f"come as one beat of {port.beats * port.channels} values and put an Unflatten "
                "behind it"
            )
    if network.mode is not Mode.WINDOW or any(port.series > 1 for port in network.inputs):
        raise ChronogateError(
            f"{network.name} has {len(network.inputs)} inputs, which the window mode with one "
            "series takes only: put all values into the beats of one input and take them apart "
            "with Select"
        )


def _check_mode(network: "Network") -> None:
    port = network.input
    if network.mode is Mode.STREAMING and port.steps != 1:
        raise ChronogateError(
            f"{network.name} streams, one forecast a sample, but its input has "
            f"{port.steps} steps: give every layer one step and keep the states"
        )
    if network.mode is Mode.SLIDING and port.series > 1:
        raise ChronogateError(
            f"{network.name} slides over {port.series} series: the look-back is kept "
            "on chip for one series only, so use the window or the streaming mode"
        )


def _check_connection(name: str, source: str, ports: Mapping[str, Port], expected: Port) -> None:
    given = ports[source]
    if given.series != expected.series:
        raise ChronogateError(
            f"{name} serves {expected.series} series but {source} brings {given.series}: give the "
            "layer as many (a Replay, an Unflatten and a MovingAverage, which send bursts, serve "
            "one only)"
        )
    if not given.carries_same(expected):
        raise ChronogateError(
            f"{name} expects {expected.channels} x {expected.format} "
            f"({'per step' if expected.steps else 'per window'}) but {source} gives "
            f"{given.channels} x {given.format} ({'per step' if given.steps else 'per window'}): "
            "put an Activation between them"
        )
