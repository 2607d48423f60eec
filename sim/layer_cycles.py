"""Cycles of every layer: as the schedule says, and as they are counted inside of the design.

A layer's latency is counted from the input beat that an output beat waits for to that output beat;
in front of a join, from the last of its beats to come. What is called the distance of its beats is
the fewest cycles between two that come to it, when windows follow without gaps or stalls; a layer's
own interval is at most that.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hw.errors import ChronogateError
from hw.network.design import Design
from hw.network.graph import Network
from hw.network.meeting import is_static
from hw.network.stage import Stage, emission
from hw.stream import Port


@dataclass(frozen=True)
class LayerCount:
    """Cycles of one layer; None where no beats, or too few, of its inputs can be seen.

    Parameters
    ----------
    name
        The node.
    latency_cycles
        Of the layer.
    distance_cycles
        Fewest between two beats that come to it.
    """

    name: str
    latency_cycles: int | None
    distance_cycles: int | None


Counts = tuple[LayerCount, ...]


def is_counted(design: Design) -> bool:
    """Tell whether the cycles of a design's layers are those of its schedule, whatever comes."""
    return isinstance(design, Network) and not design.is_adaptive and design.input.series == 1


def counted_layers(network: Network, left: Mapping[str, np.ndarray]) -> Counts:
    """Count in the cycles in which beats left each node and the entry.

    Parameters
    ----------
    network
        The design.
    left
        For each node, and under the leading input's name for the entry, the cycles in which its
        beats left, from windows without gaps or stalls.

    Raises
    ------
    ChronogateError
        When a layer's latency is not the same for every beat.
    """
    found = []
    for stage in network.stages:
        come = _come(network, stage, left)
        leave = left.get(stage.name)
        if come is None or leave is None:
            found.append(LayerCount(stage.name, None, None))
            continue
        found.append(LayerCount(stage.name, _latency(stage, come, leave), _distance(come)))
    return tuple(found)


def predicted_layers(network: Network, counted: Counts) -> Counts:
    """Return what the schedule says of the layers whose cycles were counted."""
    found = []
    for stage, count in zip(network.stages, counted, strict=True):
        latency = None if count.latency_cycles is None else stage.timing.latency_cycles
        distance = None if count.distance_cycles is None else _scheduled_distance(network, stage)
        found.append(LayerCount(stage.name, latency, distance))
    return tuple(found)


def _moving(network: Network, stage: Stage) -> list[tuple[str, Port, int]]:
    """Return source, port and the cycles of holding of the inputs with all beats of a window."""
    joins = network.schedule.joins.get(stage.name)
    return [
        (source, port, 0 if joins is None else joins[index].delay)
        for index, (source, port) in enumerate(zip(stage.sources, stage.inputs, strict=True))
        if not is_static(stage, index)
    ]


def _come(network: Network, stage: Stage, left: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """Return the cycles in which all inputs of a stage's beats were there ``(windows, beats)``."""
    parts = []
    for source, port, held in _moving(network, stage):
        if source not in left:
            return None
        whole = len(left[source]) // port.beats
        parts.append(left[source][: whole * port.beats].reshape(whole, port.beats) + held)
    windows = min(len(part) for part in parts)
    return np.max([part[:windows] for part in parts], axis=0)


def _latency(stage: Stage, come: np.ndarray, leave: np.ndarray) -> int | None:
    source = max(stage.inputs, key=lambda port: port.beats)
    rule = emission(stage.timing, source, stage.output)
    windows = min(len(leave) // len(rule.trigger), len(come))
    if not windows:
        return None
    leave = leave[: windows * len(rule.trigger)].reshape(windows, -1)
    latencies = np.unique(leave - come[:windows, list(rule.trigger)] - np.array(rule.delay))
    if len(latencies) > 1:
        raise ChronogateError(
            f"the latency of {stage.name} is not the same for every beat: {latencies.tolist()} "
            "cycles; this is a bug in the hardware, please report it"
        )
    return int(latencies[0])


def _distance(come: np.ndarray) -> int | None:
    """Return the fewest cycles between beats from the second window on: the first come faster."""
    steady = come[1:].ravel()
    return int(np.diff(steady).min()) if len(steady) > 1 and come.size > 2 else None


def _scheduled_distance(network: Network, stage: Stage) -> int:
    """Return the same by the schedule, of two windows in the steady state."""
    interval, step = network.timing.interval_cycles, network.schedule.pace.step
    parts = [
        max(term.step[beat] * step + term.delay[beat] for term in network.schedule.arrivals[source])
        + held
        for source, port, held in _moving(network, stage)
        for beat in range(port.beats)
    ]
    come = np.reshape(parts, (-1, max(port.beats for port in stage.inputs))).max(axis=0)
    return int(np.diff([*come, *(come + interval)]).min())
