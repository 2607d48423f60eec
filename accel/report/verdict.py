"""What a run shows, in one line: do all realizations agree, in codes and in cycles."""

from dataclasses import dataclass
from typing import Literal

from accel.report.schema import Report
from accel.report.text import whole
from sim.coverage.bins import State

NAMES = {"qkeras": "QKeras", "reference": "golden model", "hls": "HLS C++", "rtl": "RTL"}


@dataclass(frozen=True)
class Verdict:
    """The line, and its colour."""

    kind: Literal["good", "bad", "none"]
    headline: str
    detail: str


def agreement(report: Report) -> bool | None:
    """Tell whether codes and cycles agree; None when nothing was verified."""
    found = report.verification
    if found.mismatches is None:
        return None
    cycles = report.latency.predicted == report.latency.simulated
    return found.mismatches == 0 and cycles and not wrong_layers(report)


def wrong_layers(report: Report) -> list[str]:
    """Return the layers whose counted cycles are not the predicted ones."""
    return [
        layer.name
        for layer in report.latency.layers
        if layer.counted_latency_cycles not in {None, layer.latency_cycles}
        or layer.counted_distance_cycles != layer.distance_cycles
    ]


def uncovered(report: Report) -> list[str]:
    """Return what the testbench should have met and has not."""
    bins = report.verification.coverage or ()
    return [f"{b.group}: {b.name}" for b in bins if b.state == State.MISSING]


def judge(report: Report) -> Verdict:
    """Return the verdict on a run."""
    found, agreed = report.verification, agreement(report)
    if agreed is None:
        return Verdict("none", "Not verified yet", "`accel verify` compares the realizations.")
    who = " = ".join(NAMES.get(name, name) for name in found.realizations or ())
    compared = f"{whole(found.values_compared)} codes, {whole(found.mismatches)} mismatches"
    lost = uncovered(report)
    if agreed and lost:
        detail = f"{who}: {compared}, but it never met {'; '.join(lost)}."
        return Verdict("bad", "The testbench has not met all it must", detail)
    if agreed:
        detail = f"{compared}; predicted cycles = simulated cycles."
        if report.adaptive:
            saved = ", ".join(f"{layer.saved:.1%} of {layer.name}'s" for layer in report.adaptive)
            detail += f" Products saved: {saved}."
        if found.note:
            detail += f" {found.note[0].upper()}{found.note[1:]}."
        return Verdict("good", who, detail)
    cycles = (
        ""
        if report.latency.predicted == report.latency.simulated
        else ("; the simulated cycles are not the predicted ones")
    )
    if wrong_layers(report):
        cycles += f"; cycles of {', '.join(wrong_layers(report))} are not the predicted ones"
    return Verdict("bad", "The realizations differ", f"{who}: {compared}{cycles}.")
