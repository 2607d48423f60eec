"""Nodes as the schedule sees them."""

from dataclasses import dataclass, replace

from hw.stream import Port
from hw.timing import BlockTiming, Emission


@dataclass(frozen=True)
class Stage:
    """A node as the schedule sees it."""

    name: str
    sources: tuple[str, ...]
    inputs: tuple[Port, ...]
    output: Port
    timing: BlockTiming


def emission(timing: BlockTiming, source: Port, result: Port) -> Emission:
    """Return when output beats leave a block: its own rule, or the natural one."""
    if timing.emission is not None:
        return timing.emission
    if source.beats == result.beats:
        return Emission(tuple(range(source.beats)), (0,) * source.beats)
    return Emission((source.beats - 1,) * result.beats, (0,) * result.beats)


def one_step(port: Port) -> Port:
    """Return the port with windows of one beat."""
    return port if port.steps is None else replace(port, steps=1)


def one_beat(stage: Stage) -> Stage:
    """Return the stage with windows of one beat.

    Of interleaved series no beat leads to more than one of the output.
    """
    inputs = tuple(one_step(port) for port in stage.inputs)
    timing = replace(stage.timing, emission=None)
    return replace(stage, inputs=inputs, output=one_step(stage.output), timing=timing)
