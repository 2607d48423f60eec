"""How beats meet in front of a block, and what the block makes of their arrivals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hw.errors import ChronogateError
from hw.network.arrivals import Arrivals, Term, queue_depth
from hw.network.pace import Pace
from hw.network.stage import Stage, emission
from hw.stream import Port


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


def is_static(stage: Stage, index: int) -> bool:
    """Tell whether an input gives one value for all beats of a window of the others."""
    return stage.inputs[index].beats < max(port.beats for port in stage.inputs)


def holds(stage: Stage, given: Sequence[Arrivals]) -> tuple[int, ...]:
    """Return by how much each input is held until the values that come once a window are there.

    One input is held for each such value: the one whose first beat comes last.
    """
    held = [0] * len(given)
    for index, terms in enumerate(given):
        if not is_static(stage, index):
            continue
        for value in terms:
            waits = {
                other: max(0, value.delay[0] - term.delay[0])
                for other, moving in enumerate(given)
                if not is_static(stage, other)
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


def meet(stage: Stage, given: Sequence[Arrivals], held: Sequence[int]) -> Arrivals:
    """Return when all inputs of a stage are there; what is never the latest is left out."""
    terms: list[Term] = []
    for index, (arrivals, hold) in enumerate(zip(given, held, strict=True)):
        if is_static(stage, index):
            continue
        for term in arrivals:
            late = Term(term.step, tuple(delay + hold for delay in term.delay))
            if not any(other.covers(late) for other in terms):
                terms = [other for other in terms if not late.covers(other)] + [late]
    return tuple(terms)


def pace_of(stage: Stage, term: Term, steps: int) -> tuple[int, int]:
    """Return the step and window pace that keep two beats of `term` apart in front of a stage."""
    interval = stage.timing.interval_cycles
    beats = zip(term.step, term.delay, strict=True)
    for (step, delay), (next_step, next_delay) in pairwise(beats):
        if next_step == step and next_delay - delay < interval:
            raise ChronogateError(
                f"{stage.name} takes a beat every {interval} cycles but gets one every "
                f"{next_delay - delay} from {', '.join(stage.sources)}: slow that block down "
                f"to {interval} cycles a beat, or lower the reuse factor of {stage.name}"
            )
    return pace_apart(term, interval, steps, per_step=stage.inputs[0].steps is not None)


def pace_apart(term: Term, interval: int, steps: int, per_step: bool) -> tuple[int, int]:
    """Return the step and window pace that keep two beats of `term` `interval` cycles apart.

    Parameters
    ----------
    term
        When the beats of a window come.
    interval
        Cycles between two of them, also of different windows.
    steps
        Entry beats in a window.
    per_step
        Whether they are time steps, rather than one beat a window.
    """
    step_pace, window_pace = 1, 1
    beats = list(zip(term.step, term.delay, strict=True))
    for (step, delay), (next_step, next_delay) in pairwise(beats):
        if next_step > step:
            step_pace = max(step_pace, -(-(interval + delay - next_delay) // (next_step - step)))
    (first_step, first_delay), (last_step, last_delay) = beats[0], beats[-1]
    apart = interval + last_delay - first_delay
    if first_step == steps - 1 and (steps > 1 or not per_step):
        window_pace = apart
    else:
        step_pace = max(step_pace, -(-apart // (steps - last_step + first_step)))
    return step_pace, window_pace


def through(stage: Stage, met: Arrivals) -> Arrivals:
    """Return when the beats of a stage's output leave it."""
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


def awaited_steps(
    inputs: Sequence[Port], stages: Sequence[Stage], outputs: Sequence[str]
) -> tuple[tuple[int, ...], ...]:
    """Return for each output the input step that each of its beats in a window waits for."""
    arrivals: dict[str, Arrivals] = {
        port.name: (Term(tuple(range(port.beats)), (0,) * port.beats),) for port in inputs
    }
    for stage in stages:
        given = [arrivals[source] for source in stage.sources]
        arrivals[stage.name] = through(stage, meet(stage, given, (0,) * len(given)))
    return tuple(
        tuple(max(steps) for steps in zip(*(term.step for term in arrivals[output]), strict=True))
        for output in outputs
    )


def waiting(
    stage: Stage,
    arrivals: Mapping[str, Arrivals],
    held: Sequence[int],
    pace: Pace,
    steps: int,
) -> tuple[Waiting, ...]:
    """Count how many beats of each input are there before they are taken."""
    given = [arrivals[source] for source in stage.sources]
    met = meet(stage, given, held)

    def distance(early: int, late: int) -> int:
        return pace.distance(early, late, steps)

    result = []
    for index, (terms, hold) in enumerate(zip(given, held, strict=True)):
        come = tuple(Term(t.step, tuple(delay + hold for delay in t.delay)) for t in terms)
        leave = met
        if is_static(stage, index):
            leave = tuple(Term(t.step[-1:], t.delay[-1:]) for t in met)
        depth = queue_depth(come, leave, steps, distance)
        result.append(Waiting(depth, hold, queue_depth(terms, come, steps, distance)))
    return tuple(result)
