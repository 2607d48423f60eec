"""Functional coverage as the report shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sim.coverage.bins import Bins, State


@dataclass(frozen=True)
class CoverageBin:
    """Something that the testbench ought to meet (`sim.coverage.bins.Bin`).

    The state is ``hit``, ``missing``, ``not reached`` or ``excluded``; excluded is why it cannot
    happen, None where it can.
    """

    group: str
    name: str
    hits: int
    state: str
    excluded: str | None = None


def coverage_bins(bins: Bins) -> tuple[CoverageBin, ...]:
    """Return the bins of a verification for ``report.json``."""
    return tuple(CoverageBin(b.group, b.name, b.hits, b.state, b.excluded or None) for b in bins)


def coverage_rows(bins: Sequence[CoverageBin]) -> list[tuple[str, str, str]]:
    """Return for each group of bins how many were met, and what became of the others."""
    rows = []
    for group in dict.fromkeys(b.group for b in bins):
        inside = [b for b in bins if b.group == group]
        others = [
            f"{b.name}: {f'impossible, {b.excluded}' if b.excluded else b.state}"
            for b in inside
            if b.state != State.HIT
        ]
        met = f"{len(inside) - len(others)} of {len(inside)}"
        rows.append((group, met, "; ".join(others)))
    return rows
