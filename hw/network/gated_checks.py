"""What is refused of two networks behind a gate."""

from typing import TYPE_CHECKING

from hw.errors import ChronogateError
from hw.network.mode import Mode
from hw.stream import Port

if TYPE_CHECKING:
    from hw.network.gated import GatedNetwork

WIDEST = 31
"""Bits of an input value whose roughness can be compared with a register."""


def check_gated(gated: "GatedNetwork") -> None:
    """Raise a `ChronogateError` when the networks cannot stand in for each other.

    Or when the gate cannot judge their windows.
    """
    _check_networks(gated)
    _check_gate(gated)


def _check_networks(gated: "GatedNetwork") -> None:
    for network in (gated.cheap, gated.large):
        if network.mode is not Mode.WINDOW or network.input.series > 1:
            kind = f"{network.input.series} series" if network.input.series > 1 else network.mode
            raise ChronogateError(
                f"{network.name} cannot stand behind the gate {gated.name} in the mode {kind}: "
                "use the window mode with one series"
            )
        if network.is_adaptive or network.reloadable:
            kind = "takes as long as its data say" if network.is_adaptive else "is reloadable"
            raise ChronogateError(
                f"{network.name} {kind}, which the gate {gated.name} does not know: use plain "
                "layers behind it"
            )
        if len(network.inputs) > 1 or len(network.outputs) > 1:
            raise ChronogateError(
                f"{network.name} has {len(network.inputs)} inputs and {len(network.outputs)} "
                f"outputs: behind the gate {gated.name} a network has one of each"
            )
    for kind, cheap, large in (
        ("input", gated.cheap.input, gated.large.input),
        ("output", gated.cheap.output, gated.large.output),
    ):
        if not cheap.carries_same(large):
            raise ChronogateError(
                f"the {kind}s of {gated.cheap.name} and {gated.large.name} differ "
                f"({_described(cheap)} and {_described(large)}): the gate {gated.name} needs two "
                "networks of the same look-back, features, horizon and number formats"
            )
    if gated.cheap.metadata != gated.large.metadata:
        raise ChronogateError(
            f"{gated.cheap.name} and {gated.large.name} were made for different data: train both "
            "on the same features and targets, scaled alike"
        )


def _check_gate(gated: "GatedNetwork") -> None:
    if gated.look_back < 2:
        raise ChronogateError(
            f"the gate {gated.name} judges a window by the steps in it, but it has one beat only: "
            "let the networks take one beat for each time step"
        )
    if gated.input_format.width > WIDEST:
        raise ChronogateError(
            f"the gate {gated.name} compares values of at most {WIDEST} bits, not "
            f"{gated.input_format.width}: quantize the input of both networks more coarsely"
        )
    channels = gated.channels
    if not channels or len(set(channels)) < len(channels):
        raise ChronogateError(
            f"the gate {gated.name} needs channels to look at, each named once, not {channels}: "
            "give one or more, each once"
        )
    if not all(0 <= channel < gated.features for channel in channels):
        raise ChronogateError(
            f"the gate {gated.name} looks at channels {channels}, but the input has "
            f"{gated.features}: use numbers from 0 to {gated.features - 1}"
        )
    most = 1 << gated.input_format.width
    if not 0 <= gated.threshold <= most:
        raise ChronogateError(
            f"the threshold {gated.threshold} of the gate {gated.name} is no step between input "
            f"codes: use 0 (always awake) to {most} (never)"
        )
    if gated.in_flight is not None and gated.in_flight < gated.fewest_in_flight:
        raise ChronogateError(
            f"the gate {gated.name} lets {gated.in_flight} windows be on their way, which slows "
            f"its networks down: let in_flight be at least {gated.fewest_in_flight}"
        )


def _described(port: Port) -> str:
    return f"{port.beats} x {port.channels} x {port.format}"
