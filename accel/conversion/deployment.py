"""What the configuration says of the whole network: its mode, its series, its folding."""

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from typing import TYPE_CHECKING

from accel.conversion.settings import HlsConfig, table
from hw.block import Spec
from hw.errors import ChronogateError
from hw.network.balance import (
    Balanced,
    balance_to_clock,
    balance_to_interval,
    balance_to_multipliers,
)
from hw.network.graph import Network, Node
from hw.network.mode import Mode

if TYPE_CHECKING:
    from accel.qkeras_compat import keras


def mode_of(config: HlsConfig, model: "keras.Model") -> Mode:
    """Return how windows are cut: ``Mode`` of the configuration, or what the model says.

    Raises
    ------
    ChronogateError
        When a ``stateful`` layer meets windows, or windows of several samples.
    """
    given = table(config, "Model").get("Mode")
    mode = Mode(given.lower()) if isinstance(given, str) else None
    stateful = next((layer for layer in model.layers if _keeps_state(layer)), None)
    if stateful is None:
        return mode or Mode.WINDOW
    if mode not in (None, Mode.STREAMING):
        raise ChronogateError(
            f"layer {stateful.name!r}: stateful=True keeps its state from window to window, but "
            f"Mode is {str(mode)!r}: use Mode='streaming', or stateful=False"
        )
    shape = model.inputs[0].shape if model.inputs else ()
    steps = shape[1] if len(shape) == 3 else 1
    if steps != 1:
        raise ChronogateError(
            f"layer {stateful.name!r}: stateful=True with windows of {steps} samples gives no "
            "forecast for some of them: build the model for windows of one sample"
        )
    return Mode.STREAMING


def series_of(config: HlsConfig) -> int:
    """Return how many series share the hardware, ``Series`` of the configuration."""
    series = table(config, "Model").get("Series")
    return series if isinstance(series, int) else 1


def deploy(network: Network, config: HlsConfig) -> Network:
    """Fold a network as the configuration's target asks, and pace what sends by itself."""
    paced = set_paces(network)
    balanced = _balanced(paced, table(config, "Model"))
    return paced if balanced is None else balanced.network


def _balanced(network: Network, model: HlsConfig) -> Balanced | None:
    interval, multipliers = model.get("TargetInterval"), model.get("TargetMultipliers")
    clock, rate = model.get("TargetClock"), model.get("TargetRate")
    if isinstance(interval, int):
        return balance_to_interval(network, interval)
    if isinstance(multipliers, int):
        return balance_to_multipliers(network, multipliers)
    if isinstance(clock, (int, float)) and isinstance(rate, (int, float)):
        return balance_to_clock(network, float(clock), float(rate))
    return None


def set_paces(network: Network) -> Network:
    """Slow down every block that sends beats by itself to what the blocks behind it take."""
    needs = _needs(network)
    nodes = tuple(replace(node, spec=_paced(node.spec, needs[node.name])) for node in network.nodes)
    return replace(network, nodes=nodes)


def _needs(network: Network) -> Mapping[str, int]:
    """Return for each node the cycles between two of its beats that all blocks behind it need."""
    needs: dict[str, int] = {}
    for node in reversed(network.nodes):
        behind = [other for other in network.nodes if node.name in other.inputs]
        needs[node.name] = max((_takes(other, needs) for other in behind), default=1)
    return needs


def _takes(node: Node, needs: Mapping[str, int]) -> int:
    own = node.spec.timing.interval_cycles
    # What comes once a window does not hurry the steps before it.
    moves = node.spec.outputs[0].steps is not None
    return max(own, needs[node.name]) if moves else own


def _paced(spec: Spec, pace: int) -> Spec:
    if not hasattr(spec, "pace") or not is_dataclass(spec) or isinstance(spec, type):
        return spec
    paced = replace(spec, pace=max(pace, 1))  # pyright: ignore[reportCallIssue]
    assert isinstance(paced, Spec)
    return paced


def _keeps_state(layer: "keras.layers.Layer") -> bool:
    inner = getattr(layer, "forward_layer", layer)
    return bool(getattr(inner, "stateful", False))
