"""Bins of functional coverage: counted, excluded by proof, or missing.

cocotb-coverage 2.0, made for cocotb 2, has neither bins excluded by proof nor per-window counts
of a golden model, keeps them in one global database of untyped dictionaries, and would bring the
unmaintained python-constraint along; what is needed of it is the few lines below.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

Key = tuple[str, str]
"""Group and name of a bin."""


class State(StrEnum):
    """What became of a bin."""

    HIT = "hit"
    MISSING = "missing"
    NOT_REACHED = "not reached"
    EXCLUDED = "excluded"


@dataclass(frozen=True)
class Bin:
    """Something that a testbench ought to meet.

    Parameters
    ----------
    group, name
        What it belongs to, and what happens.
    hits
        How often it happened.
    excluded
        Why it cannot happen; empty where it can.
    required
        Whether the verification fails without it. What nobody has found a way to, although no
        proof excludes it, is not required.
    """

    group: str
    name: str
    hits: int = 0
    excluded: str = ""
    required: bool = True

    @property
    def state(self) -> State:
        """What became of it; what happens although it is excluded counts as hit."""
        if self.hits:
            return State.HIT
        if self.excluded:
            return State.EXCLUDED
        return State.MISSING if self.required else State.NOT_REACHED


Bins = tuple[Bin, ...]


def counted(bins: Iterable[Bin], hits: Mapping[Key, int]) -> Bins:
    """Return the bins with `hits` added."""
    return tuple(replace(b, hits=b.hits + hits.get((b.group, b.name), 0)) for b in bins)


def missing(bins: Iterable[Bin]) -> Bins:
    """Return the bins without which a verification fails."""
    return tuple(b for b in bins if b.state is State.MISSING)


def sentence(bins: Sequence[Bin]) -> str:
    """Say which bins are missing; empty if none is."""
    lost = missing(bins)
    if not lost:
        return ""
    names = "; ".join(f"{b.group}: {b.name}" for b in lost)
    return f"the testbench never met {len(lost)} of its {len(bins)} coverage bins ({names})"


def summary(bins: Sequence[Bin]) -> str:
    """Return how many bins are in each state."""
    counts = Counter(b.state for b in bins)
    return ", ".join(f"{counts[state]} {state}" for state in State if counts[state])
