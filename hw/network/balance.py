"""Picks reuse factors so that all layers meet one interval with the fewest multipliers.

Lanes that only shift (`hw.product.weight_code`) are folded alike but take no DSP block, so they do
not count against a budget of multipliers.

A layer that is faster than the slowest one wastes multipliers. Every layer that can be folded
says how to compute a beat in at most so many cycles with the fewest multipliers (``folded_to``);
the pace of its beats follows from the schedule.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from typing import Protocol, Self, runtime_checkable

from hw.block import Spec
from hw.errors import ChronogateError
from hw.network.arrivals import Arrivals
from hw.network.graph import Network, Node


@runtime_checkable
class Foldable(Protocol):
    """A block whose multipliers can be traded for cycles."""

    def folded_to(self, cycles: int) -> Self:
        """Return the spec with the fewest multipliers that takes a beat every `cycles` cycles.

        Raises
        ------
        ChronogateError
            When no number of multipliers is enough.
        """
        ...


@dataclass(frozen=True)
class Balanced:
    """A network with its reuse factors chosen.

    Parameters
    ----------
    network
        The folded network.
    interval_cycles
        Cycles between two forecasts that it keeps.
    multipliers
        Multipliers of all layers that take a DSP block.
    shifters
        Multipliers of all layers that only shift, because their weights are powers of two.
    """

    network: Network
    interval_cycles: int
    multipliers: int
    shifters: int = 0


def balance_to_interval(network: Network, interval: int) -> Balanced:
    """Fold every layer as far as `interval` cycles between two forecasts allow.

    Raises
    ------
    ChronogateError
        When a layer cannot be that fast.
    """
    nodes = tuple(_fold(network, node, interval) for node in network.nodes)
    folded = replace(network, nodes=nodes)
    reached = folded.timing.interval_cycles
    if reached > interval:
        raise ChronogateError(
            f"{network.name} cannot give a forecast every {interval} cycles: "
            f"{_slowest(folded)} needs {reached}, so ask for at least that"
        )
    layers = folded.timing.layers
    return Balanced(
        folded,
        reached,
        sum(layer.true_multipliers for layer in layers),
        sum(layer.shifters for layer in layers),
    )


def balance_to_multipliers(
    network: Network, multipliers: int, shifters: int | None = None
) -> Balanced:
    """Find the shortest interval that at most so many multipliers allow.

    Parameters
    ----------
    network
        The network.
    multipliers
        DSP blocks, of which lanes that only shift take none.
    shifters
        Most lanes that only shift, or ``None`` for as many as there can be.

    Raises
    ------
    ChronogateError
        When even the slowest folding needs more.
    """

    def fits(balanced: Balanced) -> bool:
        few = shifters is None or balanced.shifters <= shifters
        return few and balanced.multipliers <= multipliers

    low, high = 1, 1
    while (found := _try(network, high)) is None or not fits(found):
        if found is not None and high > _products(network):
            lanes = "" if shifters is None else f" and {found.shifters} shifters"
            raise ChronogateError(
                f"{network.name} needs {found.multipliers} multipliers{lanes} however slow it may "
                f"be, but only {multipliers}{'' if shifters is None else f' and {shifters}'} are "
                "allowed: use a smaller model or a larger device"
            )
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        tried = _try(network, middle)
        if tried is not None and fits(tried):
            found, high = tried, middle
        else:
            low = middle + 1
    return found


def balance_to_clock(network: Network, clock_mhz: float, forecasts_per_second: float) -> Balanced:
    """Fold as far as the wanted rate of forecasts allows at a clock."""
    return balance_to_interval(network, int(clock_mhz * 1e6 // forecasts_per_second))


def _try(network: Network, interval: int) -> Balanced | None:
    try:
        return balance_to_interval(network, interval)
    except ChronogateError:
        return None


def _fold(network: Network, node: Node, interval: int) -> Node:
    spec = node.spec
    if not isinstance(spec, Foldable):
        return node
    per_window = all(port.steps is None for port in spec.inputs)
    cycles = interval
    if not per_window:
        apart = min(_apart(network.schedule.arrivals[source]) for source in node.inputs)
        cycles = max(interval // network.look_back, 1) * apart
    try:
        return replace(node, spec=_checked(spec.folded_to(cycles)))
    except ChronogateError as error:
        raise ChronogateError(f"layer {node.name!r}: {error}: ask for a longer interval") from None


def _checked(spec: object) -> Spec:
    assert isinstance(spec, Spec)
    return spec


def _apart(arrivals: Arrivals) -> int:
    """Return how many entry beats lie between two beats; a burst keeps the pace of its source."""
    steps = arrivals[0].step
    return max(min((b - a for a, b in pairwise(steps)), default=1), 1)


def _products(network: Network) -> int:
    """Return cycles in which a single multiplier would do a whole window."""
    return sum(
        max(port.beats for port in stage.inputs) * (ceil(stage.timing.products) + 64)
        for stage in network.stages
    )


def _slowest(network: Network) -> str:
    beats = {s.name: max(p.beats for p in s.inputs) for s in network.stages}
    slowest = max(network.timing.layers, key=lambda x: x.interval_cycles * beats[x.name])
    return slowest.name
