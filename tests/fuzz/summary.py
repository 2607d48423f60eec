"""What all runs together say."""

from collections import Counter
from collections.abc import Iterable, Sequence

from hw.number.fixed_point import Overflow, Rounding
from tests.fuzz.hits import Hits, missing
from tests.fuzz.outcome import Outcome

ENOUGH = 200
"""Models from which on every event has to come up."""

ALL = ("qkeras", "reference", "hls", "rtl")


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return the counts as text."""
    equal = [outcome for outcome in outcomes if outcome.result == "equal"]
    refused = [outcome for outcome in outcomes if outcome.result == "refused"]
    failed = [outcome for outcome in outcomes if outcome.failed]
    deep = [outcome for outcome in equal if "rtl" in outcome.realizations]
    four = [outcome for outcome in deep if outcome.realizations == ALL]
    lines = [
        f"{len(outcomes)} models drawn: {len(equal)} equal, {len(failed)} failed, "
        f"{len(refused)} refused",
        f"  QKeras = reference: {len(equal)}; through RTL too: {len(deep)}; "
        f"through all four: {len(four)}",
        f"  values compared: {sum(outcome.values for outcome in equal):,}, "
        f"differences: {'none' if not failed else 'see below'}",
        f"  kinds: {_counts(outcome.kind for outcome in equal)}",
        f"  modes: {_counts(outcome.mode for outcome in equal)}",
        f"  blocks: {_counts(block for outcome in equal for block in outcome.blocks)}",
    ]
    reasons = Counter(_without_names(outcome.no_hls) for outcome in deep if outcome.no_hls)
    lines += [f"  no HLS, {count}: {reason}" for reason, count in reasons.most_common()]
    refusals = Counter(_without_names(outcome.message) for outcome in refused)
    lines += [f"  refused, {count}: {reason}" for reason, count in refusals.most_common()]
    lines += [f"FAILED seed {o.seed} ({o.kind}), {o.result}: {o.message}" for o in failed]
    hits: Hits = Counter()
    for outcome in equal:
        hits.update(outcome.hits)
    return "\n".join([*lines, "", *_hit_lines(hits)])


def verdict(outcomes: Sequence[Outcome]) -> int:
    """Return the exit status: 1 when something failed, or never came up in many models."""
    return int(any(o.failed for o in outcomes) or bool(_never(outcomes) and _many(outcomes)))


def warning(outcomes: Sequence[Outcome]) -> str:
    """Return a sentence about events that never came up, or nothing."""
    never = _never(outcomes)
    if not never:
        return ""
    more = "" if _many(outcomes) else f": so few models need not, {ENOUGH} must"
    return f"never came up: {', '.join(never)}{more}"


def _never(outcomes: Sequence[Outcome]) -> list[str]:
    hits: Hits = Counter()
    for outcome in outcomes:
        hits.update(outcome.hits)
    return missing(hits)


def _many(outcomes: Sequence[Outcome]) -> bool:
    return len(outcomes) >= ENOUGH


def _hit_lines(hits: Hits) -> list[str]:
    lines = ["rounding        values rounded        of these ties"]
    for mode in Rounding:
        lines.append(f"{mode:<12}{hits[f'{mode} rounded']:>18,}{hits[f'{mode} tie']:>21,}")
    lines.append("overflow            values above         values below")
    for mode in Overflow:
        lines.append(f"{mode:<12}{hits[f'{mode} above']:>18,}{hits[f'{mode} below']:>21,}")
    return [*lines, ORIGIN]


ORIGIN = (
    "RND_CONV with SAT or SAT_SYM is all that QKeras's quantizers can produce; the other modes "
    "come from the Precision of an input in hls_config, which floats off the grid meet."
)


def _counts(items: Iterable[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in Counter(items).most_common())


def _without_names(reason: str) -> str:
    """Return a reason without the layer's name and figures, so that equal ones count together."""
    words = reason.partition(" (layer")[0].split()
    return " ".join("..." if "'" in w or any(c.isdigit() for c in w) else w for w in words)
