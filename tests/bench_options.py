"""Options of compilers and Verilator beside each other: ``python -m tests.bench --options``."""

import resource
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from rich.box import MARKDOWN
from rich.table import Table

from sim.beats import arrange
from sim.rtl_model import RtlModel
from tests.bench_subjects import Subject, convert, draw, seconds

SECONDS = 5.0
"""For which each build runs, in turns with the others; its best turn counts."""

TURN = 0.01
"""Seconds of a turn, about: short enough that on a busy machine some are not interrupted."""

OPTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("-O1", ()), ("-O2", ()), ("-O3", ()), ("-Os", ()), ("-O2 -march=native", ()),
    ("-O2", ("--threads", "2")), ("-O2", ("-fmerge-cond-motion",)),
    ("-O2", ("-fno-merge-cond-motion",)),
)  # fmt: skip


def compare_options(subjects: Sequence[Subject], rows: Sequence[int], scratch: Path) -> Table:
    """Build each design with some of `OPTIONS`, and let them run in turns."""
    table = Table("model", "compiler", "Verilator", "build, CPU s", "windows / s", box=MARKDOWN)
    chosen = [OPTIONS[row] for row in rows or range(len(OPTIONS))]
    for subject in subjects:
        network = convert(subject, scratch / subject.name).network
        with ExitStack() as stack:
            models: list[RtlModel] = []
            builds: list[float] = []
            for optimize, further in chosen:
                before = _children_seconds()
                folder = scratch / subject.name / "options"
                models.append(
                    stack.enter_context(RtlModel(network, folder, optimize, further=further))
                )
                builds.append(_children_seconds() - before)
            few = arrange(network, [draw(network, 64)])
            once = min(
                seconds(lambda m=models[0], b=few: m.exchange(b, 0.0, 0.0, 1)) for _ in "123"
            )
            windows = int(np.clip(64 * TURN / once, 2, 256))
            beats = arrange(network, [draw(network, windows)])
            best = [np.inf] * len(models)
            start = time.perf_counter()
            while time.perf_counter() - start < SECONDS * len(models):
                for place, model in enumerate(models):
                    took = seconds(lambda m=model, b=beats: m.exchange(b, 0.0, 0.0, 1))
                    best[place] = min(best[place], took)
        for (optimize, further), built, shortest in zip(chosen, builds, best, strict=True):
            row = (subject.name, optimize, " ".join(further), f"{built:.1f}")
            table.add_row(*row, f"{windows / shortest:,.0f}")
    return table


def _children_seconds() -> float:
    """Return the processor's seconds of all processes that have ended: not those of others."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
