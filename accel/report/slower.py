"""Which runs are slower than the first one, and by how much: what a CI ends with."""

from collections.abc import Iterator, Sequence
from dataclasses import fields

from accel.report.comparison_page import Compared
from accel.report.schema import Cycles, Implementation, Report
from hw.errors import ChronogateError


def parse_share(text: str) -> float:
    """Return what may be lost, as a share of one.

    Parameters
    ----------
    text
        A percentage, with or without its sign: ``5%``, ``0``, ``2.5 %``.

    Raises
    ------
    ChronogateError
        When it is no percentage of 0 or more.
    """
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        percent = -1.0
    if not 0 <= percent < float("inf"):
        raise ChronogateError(
            f"--fail-if-slower {text}: write how much slower a run may be, for example 5%"
        )
    return percent / 100


def slower(runs: Sequence[Compared], allowed: float) -> tuple[str, ...]:
    """Compare every run with the first one; return a sentence for each figure that is worse.

    Compared are the predicted cycles, those that were counted, where both were, and on each board
    that both were routed for the latency at the routed clock.
    """
    first, *others = runs
    return tuple(
        f"{other.name}: {name} is {now:g}, {now / before - 1:.1%} more than the {before:g} of "
        f"{first.name}"
        for other in others
        for name, before, now in _pairs(first.report, other.report)
        if now > before * (1 + allowed)
    )


def _pairs(first: Report, other: Report) -> Iterator[tuple[str, float, float]]:
    for kind in ("predicted", "simulated"):
        before, now = getattr(first.latency, kind), getattr(other.latency, kind)
        for field in fields(Cycles):
            values = getattr(before, field.name), getattr(now, field.name)
            if None not in values:
                yield f"{kind} {field.name}", *values
    for board in first.implementations:
        for same in other.implementations:
            if same.board == board.board:
                yield f"latency_ns on {board.board}, routed", _routed_ns(board), _routed_ns(same)


def _routed_ns(board: Implementation) -> float:
    return board.latency_ns * board.clock_mhz / board.fmax_mhz
