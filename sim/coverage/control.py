"""Coverage of control: gaps, stalls, wrong ``tlast``, and the phases in which resets come."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from hw.network.design import Design
from hw.network.mode import Mode
from hw.stream import Port
from hw.top.axi import input_prefixes, output_prefixes
from sim.coverage.bins import Bin, Bins, Key
from sim.coverage.record import NEVER, BeatRecord, Record, StreamRecord

RESET, BOTH = "reset", "both sides"
MOST_PLACES = 16
"""Places in a window in which resets must come; of longer windows these are spread."""

IDLE, COMPUTING, WAITING, PART = (
    "at rest",
    "after the window, its forecast on the way",
    "while an output beat waits for tready",
    "in the middle of a forecast",
)
FULL = "while an input beat waits for tready"


def control_bins(design: Design) -> Bins:
    """Return what every design's pins ought to meet, without hits."""
    bins: list[Bin] = []
    for prefix, port in _inputs(design):
        bins += _gap_bins(design, prefix, port)
        bins += _tlast_bins(design, prefix, port)
    for prefix, port in _outputs(design):
        bins += _stall_bins(design, prefix, port)
    bins.append(Bin(BOTH, "input held back by a waiting output"))
    bins.append(Bin(BOTH, "input pauses while an output waits"))
    return (*bins, *_reset_bins(design))


def control_hits(design: Design, record: Record) -> Counter[Key]:
    """Return how often a test met each bin of `control_bins`."""
    hits: Counter[Key] = Counter()
    for (prefix, port), stream in zip(_inputs(design), record.inputs, strict=True):
        hits.update((prefix, name) for name in _gaps(design, port, stream, record.resets))
        hits.update((prefix, name) for name in _tlasts(design, port, stream, record.resets))
    for (prefix, port), stream in zip(_outputs(design), record.outputs, strict=True):
        hits.update((prefix, name) for name in _stalls(port, stream, record.resets))
    hits.update((BOTH, name) for name in _both(record))
    hits.update((RESET, name) for name in _phases(design, record))
    return hits


def places(look_back: int) -> list[int]:
    """Return after how many beats of a window resets come."""
    inner = np.arange(1, look_back)
    if len(inner) > MOST_PLACES:
        inner = np.unique(np.linspace(1, look_back - 1, MOST_PLACES).astype(int))
    return inner.tolist()


def _inputs(design: Design) -> list[tuple[str, Port]]:
    prefixes = input_prefixes(design)
    return [(prefixes[port.name], port) for port in design.inputs]


def _outputs(design: Design) -> list[tuple[str, Port]]:
    return list(zip(output_prefixes(design), design.output_ports, strict=True))


def _lengths(name: str) -> list[str]:
    return [f"{name} of {length}" for length in ("1 cycle", "2 or 3 cycles", "4 cycles or more")]


def _length(name: str, cycles: int) -> str:
    one, few, many = _lengths(name)
    return one if cycles == 1 else few if cycles < 4 else many


def _gap_bins(design: Design, prefix: str, port: Port) -> list[Bin]:
    slow = design.timing.interval_cycles > _beats(design, port)
    waits = Bin(prefix, "beat waits for tready", required=slow)
    names = ["beats offered in successive cycles", *_lengths("gap"), "gap before a first beat"]
    names += ["gap before a last beat"] * (port.beats > 1)
    names += ["gap before a beat between"] * (port.beats > 2)
    return [*(Bin(prefix, name) for name in names), waits]


def _beats(design: Design, port: Port) -> int:
    """Return the beats that come in an interval."""
    return port.beats if design.mode is Mode.WINDOW else 1


def _place(index: int, beats: int) -> str:
    return "a last beat" if index == beats - 1 and beats > 1 else (
        "a first beat" if index == 0 else "a beat between"
    )  # fmt: skip


def _split(beats: Sequence[BeatRecord], resets: Sequence[int]) -> list[list[BeatRecord]]:
    """Return the beats between the resets."""
    parts: list[list[BeatRecord]] = [[] for _ in range(len(resets) + 1)]
    for beat in beats:
        parts[bisect_left(resets, beat.offered + 1)].append(beat)
    return parts


def _packets(design: Design, port: Port, beats: Sequence[BeatRecord]) -> Iterator[int]:
    """Yield for each beat how many of its packet came before."""
    open_: dict[int, int] = {}
    for beat in beats:
        index = open_.get(beat.series, 0)
        yield index
        open_[beat.series] = 0 if beat.last else index + 1


def _gaps(design: Design, port: Port, stream: StreamRecord, resets: Sequence[int]) -> Iterator[str]:
    for part in _split(stream.beats, resets):
        indices = list(_packets(design, port, part))
        for (before, beat), index in zip(pairwise(part), indices[1:], strict=True):
            gap = beat.offered - before.taken - 1
            if gap == 0:
                yield "beats offered in successive cycles"
            elif gap > 0:
                yield _length("gap", gap)
                yield f"gap before {_place(index, port.beats)}"
        yield from ("beat waits for tready" for beat in part if beat.wait > 0)


def _tlast_bins(design: Design, prefix: str, port: Port) -> list[Bin]:
    beats, mode = port.beats, design.mode
    reasons = {
        "tlast a beat too early": "a window is one beat" if beats == 1 else "",
        "tlast on a first beat": "that is at most a beat too early" if beats < 3 else "",
        "tlast a beat too late": "",
        "tlast a window too late": "that is a beat too late" if beats == 1 else "",
    }
    if mode is Mode.SLIDING:
        reasons = {
            name: reason or ("a series may be of any length" if "late" in name else "")
            for name, reason in reasons.items()
        }
    if mode is Mode.STREAMING:
        reasons = dict.fromkeys(reasons, "tlast may come at any time")
    return [Bin(prefix, name, excluded=reason) for name, reason in reasons.items()]


def _tlasts(
    design: Design, port: Port, stream: StreamRecord, resets: Sequence[int]
) -> Iterator[str]:
    if design.mode is Mode.STREAMING:
        return
    beats = port.beats
    names = {2 * beats: "tlast a window too late", beats + 1: "tlast a beat too late"}
    if design.mode is Mode.SLIDING:
        names = {}
    if beats > 2:
        names[1] = "tlast on a first beat"
    if beats > 1:
        names[beats - 1] = "tlast a beat too early"
    for part in _split(stream.beats, resets):
        for beat, index in zip(part, _packets(design, port, part), strict=True):
            if beat.last and beat.taken != NEVER and index + 1 in names:
                yield names[index + 1]


def _stall_bins(design: Design, prefix: str, port: Port) -> list[Bin]:
    names = ["taken at once", *_lengths("stall"), "stall of a first beat"]
    names += ["stall of a last beat"] * (port.beats > 1)
    names += ["stall of a beat between"] * (port.beats > 2)
    fast = design.timing.interval_cycles == 1
    return [
        *(Bin(prefix, name) for name in names),
        Bin(prefix, "beats in successive cycles", required=fast),
    ]


def _stalls(port: Port, stream: StreamRecord, resets: Sequence[int]) -> Iterator[str]:
    for part in _split(stream.beats, resets):
        for number, beat in enumerate(part):
            if beat.taken == NEVER:
                continue
            if beat.wait == 0:
                yield "taken at once"
            else:
                yield _length("stall", beat.wait)
                yield f"stall of {_place(number % port.beats, port.beats)}"
        for before, beat in pairwise(part):
            if beat.offered == before.taken + 1:
                yield "beats in successive cycles"


def _both(record: Record) -> Iterator[str]:
    waits = [
        (beat.offered, beat.taken)
        for stream in record.outputs
        for beat in stream.beats
        if beat.wait > 0 and beat.taken != NEVER
    ]
    held = [
        (beat.offered, beat.taken)
        for stream in record.inputs
        for beat in stream.beats
        if beat.wait > 0 and beat.taken != NEVER
    ]
    gaps = [
        (before.taken + 1, beat.offered)
        for stream in record.inputs
        for before, beat in pairwise(stream.beats)
        if before.taken + 1 < beat.offered
    ]
    yield from ["input held back by a waiting output"] * _overlaps(held, waits)
    yield from ["input pauses while an output waits"] * _overlaps(gaps, waits)


def _overlaps(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> int:
    """Return how many of `some` spans share a cycle with one of `others`."""
    if not some or not others:
        return 0
    begins, ends = np.array(sorted(others)).T
    ends = np.maximum.accumulate(ends)
    first, last = np.array(some).T
    at = np.searchsorted(begins, last, side="left") - 1
    return int(((at >= 0) & (ends[np.maximum(at, 0)] > first)).sum())


def _reset_bins(design: Design) -> list[Bin]:
    names = [IDLE, *(after(place) for place in places(design.look_back))]
    bins = [Bin(RESET, name) for name in (*names, WAITING)]
    quick = design.timing.latency_cycles < 2
    bins.append(Bin(RESET, COMPUTING, excluded="the forecast follows at once" if quick else ""))
    many = any(port.beats > 1 for port in design.output_ports) and design.mode is Mode.WINDOW
    bins.append(Bin(RESET, PART, excluded="" if many else "a forecast is one beat"))
    return [*bins, Bin(RESET, FULL)]


def after(place: int) -> str:
    """Return the bin of a reset after so many beats of a window."""
    return f"after beat {place} of a window"


def _phases(design: Design, record: Record) -> Iterator[str]:
    """Yield what was going on when each reset came, but for those at the very beginning."""
    lead = design.inputs.index(design.input)
    before = 0
    for reset in record.resets:
        inputs = [_between(stream, before, reset) for stream in record.inputs]
        outputs = [_between(stream, before, reset) for stream in record.outputs]
        before = reset
        if not any(inputs):
            continue
        if any(beat.taken >= reset for beats in outputs for beat in beats):
            yield WAITING
        if any(beat.taken >= reset and beat.offered + 1 < reset for b in inputs for beat in b):
            yield FULL
        taken = [beat for beat in inputs[lead] if beat.taken < reset]
        indices = list(_packets(design, design.input, taken))
        done = [sum(beat.taken < reset for beat in beats) for beats in outputs]
        if not taken:
            continue
        if not taken[-1].last:
            yield after(indices[-1] + 1)
        due = _due(design, taken, indices)
        if any(count % port.beats for count, port in zip(done, design.output_ports, strict=True)):
            yield PART
        if all(count >= due * port.beats for count, port in zip(
            done, design.output_ports, strict=True
        )):  # fmt: skip
            if taken[-1].last:
                yield IDLE
        elif taken[-1].last:
            yield COMPUTING


def _due(design: Design, taken: Sequence[BeatRecord], indices: Sequence[int]) -> int:
    """Return how many forecasts the beats lead to."""
    if design.mode is Mode.STREAMING:
        return len(taken)
    if design.mode is Mode.SLIDING:
        return sum(index >= design.look_back - 1 for index in indices)
    closes = zip(taken, indices, strict=True)
    return sum(bool(beat.last) and index == design.look_back - 1 for beat, index in closes)


def _between(stream: StreamRecord, begin: int, end: int) -> list[BeatRecord]:
    return [beat for beat in stream.beats if begin <= beat.offered < end]
