"""When every beat of a network moves: the closed form behind its cycle contract.

Blocks never wait, so each beat follows the entry beat that it hangs on by a fixed number of
cycles, or the latest of several where branches meet. From these arrivals follow the pace of the
entry, the depth of the queues in front of every join, and the figures of `NetworkTiming`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from hw.errors import ChronogateError
from hw.network.arrivals import Arrivals, Term, queue_depth
from hw.network.pace import Pace
from hw.number.fixed_point import FixedPoint
from hw.stream import Port
from hw.timing import BlockTiming, Emission

GATE = "forecast gate"
"""Name under which a forecast leaves that waits for the end of its window."""

CLOSED = "closed window"


@dataclass(frozen=True)
class Waiting:
    """What stands in front of one input of a join.

    Parameters
    ----------
    depth
        Beats that may have to wait for the other inputs.
    delay
        Cycles by which every beat is held, so that a value that comes once a window is there.
    held
        Beats that may be held at once.
    """

    depth: int
    delay: int = 0
    held: int = 0


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
    drain_cycles
        Cycles from a beat's entry after which nothing of it moves any more; zero where what is
        left of a window that broke off cannot meet the next one: without joins, in blocks whose
        output follows their input one to one.
    output
        Whose arrivals are those of the forecast: the last node, or `GATE`.
    """

    pace: Pace
    arrivals: Mapping[str, Arrivals]
    joins: Mapping[str, tuple[Waiting, ...]]
    drain_cycles: int
    output: str

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


@dataclass(frozen=True)
class Stage:
    """A node as the schedule sees it."""

    name: str
    sources: tuple[str, ...]
    inputs: tuple[Port, ...]
    output: Port
    timing: BlockTiming


def gate_stage(output: str, forecast: Port) -> Stage:
    """Return the join of a forecast with the good end of its window.

    Strides leave the last beats of a window unused. What does not depend on them is complete
    before it is known whether the window closes where it should.
    """
    closed = Port("closed", 1, FixedPoint(1, 1, signed=False), series=forecast.series)
    return Stage(GATE, (output, CLOSED), (forecast, closed), forecast, BlockTiming(0, 1))


def make_schedule(inputs: Sequence[Port], stages: Sequence[Stage], output: str) -> Schedule:
    """Follow the beats through the graph to the node `output`.

    Raises
    ------
    ChronogateError
        When a block would get the beats of a burst faster than it takes them.
    """
    series = inputs[0].series
    if series > 1:
        # Any series may close a window with any beat, so every beat is taken as a window.
        inputs, stages = [_one_step(port) for port in inputs], [_one_beat(s) for s in stages]
    steps = max(port.beats for port in inputs)
    arrivals: dict[str, Arrivals] = {port.name: (_entry(port),) for port in inputs}
    arrivals[CLOSED] = (Term((steps - 1,), (0,)),)
    step_pace, window_pace, drain = 1, 1, 1
    held: dict[str, tuple[int, ...]] = {}
    passed: list[Stage] = []
    for stage in _with_gate(stages, arrivals, output, steps):
        given = [arrivals[source] for source in stage.sources]
        held[stage.name] = _holds(stage, given)
        met = _meet(stage, given, held[stage.name])
        for term in met:
            step, window = _pace(stage, term, steps)
            step_pace, window_pace = max(step_pace, step), max(window_pace, window)
        arrivals[stage.name] = _through(stage, met)
        drain = max(drain, stage.timing.interval_cycles + _latest(arrivals[stage.name]))
        passed.append(stage)
    timings = [stage.timing for stage in stages]
    apart = max((t.series_cycles or t.interval_cycles for t in timings), default=1)
    pace = Pace(step_pace, window_pace, max(apart, step_pace) if series > 1 else 1)
    joins = {
        stage.name: _waiting(stage, arrivals, held[stage.name], pace, steps)
        for stage in passed
        if len(stage.inputs) > 1
    }
    if not joins and all(stage.timing.emission is None for stage in stages):
        drain = 0
    return Schedule(pace, arrivals, joins, drain, GATE if GATE in arrivals else output)


def _with_gate(
    stages: Sequence[Stage], arrivals: Mapping[str, Arrivals], output: str, steps: int
) -> Iterator[Stage]:
    """Add the gate once the forecast turns out to need it; `arrivals` grows meanwhile."""
    yield from stages
    terms = arrivals[output]
    if len(terms[0].step) == 1 and max(term.step[0] for term in terms) < steps - 1:
        yield gate_stage(output, next(stage.output for stage in stages if stage.name == output))


def _latest(arrivals: Arrivals) -> int:
    return max(delay for term in arrivals for delay in term.delay)


def emission(timing: BlockTiming, source: Port, result: Port) -> Emission:
    """Return when output beats leave a block: its own rule, or the natural one."""
    if timing.emission is not None:
        return timing.emission
    if source.beats == result.beats:
        return Emission(tuple(range(source.beats)), (0,) * source.beats)
    return Emission((source.beats - 1,) * result.beats, (0,) * result.beats)


def _one_step(port: Port) -> Port:
    return port if port.steps is None else replace(port, steps=1)


def _one_beat(stage: Stage) -> Stage:
    inputs = tuple(_one_step(port) for port in stage.inputs)
    return replace(stage, inputs=inputs, output=_one_step(stage.output))


def _entry(port: Port) -> Term:
    return Term(tuple(range(port.beats)), (0,) * port.beats)


def _is_static(stage: Stage, index: int) -> bool:
    """Tell whether an input gives one value for all beats of a window of the others."""
    return stage.inputs[index].beats < max(port.beats for port in stage.inputs)


def _holds(stage: Stage, given: Sequence[Arrivals]) -> tuple[int, ...]:
    """Return by how much each input is held until the values that come once a window are there.

    One input is held for each such value: the one whose first beat comes last.
    """
    held = [0] * len(given)
    for index, terms in enumerate(given):
        if not _is_static(stage, index):
            continue
        for value in terms:
            waits = {
                other: max(0, value.delay[0] - term.delay[0])
                for other, moving in enumerate(given)
                if not _is_static(stage, other)
                for term in sorted(moving, key=lambda term: term.delay[0])
                if term.step[0] >= value.step[0]
            }
            if not waits:
                raise ChronogateError(
                    f"{stage.name} needs {stage.sources[index]}, which comes after input beat "
                    f"{value.step[0]} of a window, for beats that come before: put a Replay "
                    f"between {stage.name} and its other inputs"
                )
            late = min(waits, key=lambda other: waits[other])
            held[late] = max(held[late], waits[late])
    return tuple(held)


def _meet(stage: Stage, given: Sequence[Arrivals], held: Sequence[int]) -> Arrivals:
    """Return when all inputs of a stage are there; what is never the latest is left out."""
    terms: list[Term] = []
    for index, (arrivals, hold) in enumerate(zip(given, held, strict=True)):
        if _is_static(stage, index):
            continue
        for term in arrivals:
            late = Term(term.step, tuple(delay + hold for delay in term.delay))
            if not any(other.covers(late) for other in terms):
                terms = [other for other in terms if not late.covers(other)] + [late]
    return tuple(terms)


def _pace(stage: Stage, term: Term, steps: int) -> tuple[int, int]:
    """Return the step and window pace that keep two beats of `term` apart."""
    interval = stage.timing.interval_cycles
    step_pace, window_pace = 1, 1
    beats = list(zip(term.step, term.delay, strict=True))
    for (step, delay), (next_step, next_delay) in pairwise(beats):
        if next_step > step:
            step_pace = max(step_pace, -(-(interval + delay - next_delay) // (next_step - step)))
        elif next_delay - delay < interval:
            raise ChronogateError(
                f"{stage.name} takes a beat every {interval} cycles but gets one every "
                f"{next_delay - delay} from {', '.join(stage.sources)}: slow that block down "
                f"to {interval} cycles a beat, or lower the reuse factor of {stage.name}"
            )
    (first_step, first_delay), (last_step, last_delay) = beats[0], beats[-1]
    apart = interval + last_delay - first_delay
    if first_step == steps - 1 and (steps > 1 or stage.inputs[0].steps is None):
        window_pace = apart
    else:
        step_pace = max(step_pace, -(-apart // (steps - last_step + first_step)))
    return step_pace, window_pace


def _through(stage: Stage, met: Arrivals) -> Arrivals:
    source = max(stage.inputs, key=lambda port: port.beats)
    rule = emission(stage.timing, source, stage.output)
    return tuple(
        Term(
            tuple(term.step[trigger] for trigger in rule.trigger),
            tuple(
                term.delay[trigger] + stage.timing.latency_cycles + delay
                for trigger, delay in zip(rule.trigger, rule.delay, strict=True)
            ),
        )
        for term in met
    )


def _waiting(
    stage: Stage,
    arrivals: Mapping[str, Arrivals],
    held: Sequence[int],
    pace: Pace,
    steps: int,
) -> tuple[Waiting, ...]:
    """Count how many beats of each input are there before they are taken."""
    given = [arrivals[source] for source in stage.sources]
    met = _meet(stage, given, held)

    def distance(early: int, late: int) -> int:
        return pace.distance(early, late, steps)

    result = []
    for index, (terms, hold) in enumerate(zip(given, held, strict=True)):
        come = tuple(Term(t.step, tuple(delay + hold for delay in t.delay)) for t in terms)
        leave = met
        if _is_static(stage, index):
            leave = tuple(Term(t.step[-1:], t.delay[-1:]) for t in met)
        depth = queue_depth(come, leave, steps, distance)
        result.append(Waiting(depth, hold, queue_depth(terms, come, steps, distance)))
    return tuple(result)
