"""When every beat of a network moves: the closed form behind its cycle contract.

Blocks never wait, so each beat follows the entry beat that it hangs on by a fixed number of
cycles, or the latest of several where branches meet. From these arrivals follow the pace of the
entry, the depth of the queues in front of every join, and the figures of `NetworkTiming`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hw.network.adaptive import check_chain, hold_pace
from hw.network.arrivals import Arrivals, Term
from hw.network.gate import Gate, gate_arrivals, gate_name, make_gate, needs_gate
from hw.network.meeting import Waiting, holds, meet, pace_apart, pace_of, through, waiting
from hw.network.pace import Pace
from hw.network.stage import Stage, one_beat, one_step
from hw.stream import Port


@dataclass(frozen=True)
class Schedule:
    """The closed form of a whole network.

    Parameters
    ----------
    pace
        Of the entry.
    arrivals
        Of every network input's and every node's beats.
    joins
        For each node with several inputs, what stands in front of each.
    gates
        For each output that may be complete, or begun, before its window is.
    drain_cycles
        Cycles from a beat's entry after which nothing of it moves any more; zero where what is
        left of a window that broke off cannot meet the next one: without joins and gates, in
        blocks whose output follows their input one to one.
    leaving
        For each output, whose arrivals are those of its beats: the node, or the gate behind it.
    """

    pace: Pace
    arrivals: Mapping[str, Arrivals]
    joins: Mapping[str, tuple[Waiting, ...]]
    gates: Mapping[str, Gate]
    drain_cycles: int
    leaving: tuple[str, ...]

    @property
    def output(self) -> str:
        """Whose arrivals are those of the first output's beats."""
        return self.leaving[0]

    def leaves(self, source: str) -> tuple[list[int], list[int]]:
        """Return when the beats of a first window leave `source`, without gaps at the input.

        Returns
        -------
        tuple of list of int
            For each beat, the cycles since the first entry beat, and since the last entry beat
            that it depends on.
        """
        terms = self.arrivals[source]
        since_first = [
            max(t.step[beat] * self.pace.step + t.delay[beat] for t in terms)
            for beat in range(len(terms[0].step))
        ]
        since_last = [
            when - step * self.pace.step
            for when, step in zip(since_first, self.awaited(source), strict=True)
        ]
        return since_first, since_last

    def awaited(self, source: str) -> list[int]:
        """Return for each beat of `source` the last entry beat that it depends on."""
        terms = self.arrivals[source]
        return [max(term.step[beat] for term in terms) for beat in range(len(terms[0].step))]


def make_schedule(
    inputs: Sequence[Port], stages: Sequence[Stage], outputs: Sequence[str]
) -> Schedule:
    """Follow the beats through the graph to the nodes `outputs`.

    Beat k of every input enters in the same cycle; what comes once a window enters with the first
    beat of the others (`hw.top.side_inputs`).

    Raises
    ------
    ChronogateError
        When a block would get the beats of a burst faster than it takes them.
    """
    series = inputs[0].series
    if series > 1:
        # Any series may close a window with any beat, so every beat is taken as a window.
        inputs, stages = [one_step(port) for port in inputs], [one_beat(s) for s in stages]
    steps = max(port.beats for port in inputs)
    arrivals: dict[str, Arrivals] = {port.name: (_entry(port),) for port in inputs}
    step_pace, window_pace, drain = 1, 1, 1
    held: dict[str, tuple[int, ...]] = {}
    for stage in stages:
        given = [arrivals[source] for source in stage.sources]
        held[stage.name] = holds(stage, given)
        met = meet(stage, given, held[stage.name])
        for term in met:
            step, window = pace_of(stage, term, steps)
            step_pace, window_pace = max(step_pace, step), max(window_pace, window)
        if stage.timing.extra is not None:
            step_pace = max(step_pace, hold_pace(stage, stage.timing.extra, met))
        arrivals[stage.name] = through(stage, met)
        drain = max(drain, stage.timing.interval_cycles + _latest(arrivals[stage.name]))
    gated = [output for output in outputs if needs_gate(arrivals[output], steps)]
    for output in gated:
        left = arrivals[gate_name(output)] = gate_arrivals(arrivals[output], steps)
        drain = max(drain, 1 + _latest(left))
    leaving = tuple(gate_name(output) if output in gated else output for output in outputs)
    for term in (term for output in leaving for term in arrivals[output]):
        # An output takes a beat every cycle; what leaves as a burst is through before the next.
        step, window = pace_apart(term, 1, steps, per_step=inputs[0].steps is not None)
        step_pace, window_pace = max(step_pace, step), max(window_pace, window)
    timings = [stage.timing for stage in stages]
    # What works once a window is for the window pace alone, so intervals do not count here.
    apart = max((t.series_cycles or 1 for t in timings), default=1)
    pace = Pace(step_pace, window_pace, max(apart, step_pace) if series > 1 else 1)
    pace = pace.in_turns(stages)
    joins = {
        stage.name: waiting(stage, arrivals, held[stage.name], pace, steps)
        for stage in stages
        if len(stage.inputs) > 1
    }
    gates = {
        output: make_gate(arrivals[output], arrivals[gate_name(output)], pace, steps)
        for output in gated
    }
    check_chain(stages, len(inputs), len(outputs), bool(gates))
    if not joins and not gates and all(stage.timing.emission is None for stage in stages):
        drain = 0
    return Schedule(pace, arrivals, joins, gates, drain, leaving)


def _latest(arrivals: Arrivals) -> int:
    return max(delay for term in arrivals for delay in term.delay)


def _entry(port: Port) -> Term:
    return Term(tuple(range(port.beats)), (0,) * port.beats)
