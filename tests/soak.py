"""Soak of many designs: ``python -m tests.soak --minutes 60``, or ``make soak MINUTES=60``.

Designs take turns, a few batches of windows at a time (`sim.soak`), until the time is over. Ends
with 1 at the first wrong code, and says how to repeat it.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from accel.progress import Advance, show_progress
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.mode import Mode
from sim.rtl_model import RtlModel
from sim.soak import Soaked, locate, soak_batch
from sim.verification import Mismatch
from tests.hw.chains import endless, separable, tcn
from tests.hw.drawing import draw_network
from tests.hw.many_ports import many_ports
from tests.sim.test_modes import per_sample, stateful

DESIGNS: dict[str, Callable[[], Network]] = {
    "MLP": lambda: draw_network(1, "mlp"),
    "GRU": lambda: draw_network(3, "gru_after"),
    "GRU, reset before": lambda: draw_network(4, "gru_before"),
    "LSTM": lambda: draw_network(2, "lstm"),
    "convolutions": lambda: tcn().network("tcn"),
    "depthwise convolution": lambda: separable().network("separable"),
    "sliding LSTM": lambda: replace(draw_network(2, "lstm"), mode=Mode.SLIDING),
    "streaming convolutions": lambda: replace(endless().network("endless"), mode=Mode.STREAMING),
    "streaming LSTM, interleaved series": lambda: stateful("lstm", 6, 3),
    "windows of interleaved series": lambda: per_sample(5, 2, Mode.WINDOW, 4),
    "several inputs and outputs": many_ports,
}
TURN = 1.0
"""Seconds of a design's turn."""


class Failed(Exception):
    """A batch with a wrong code, or one that broke a rule."""


def soak(model: RtlModel, seed: int, batches: "count[int]", until: float) -> Soaked:
    """Run batches until a time; at least one."""
    total = Soaked()
    while True:
        number = next(batches)
        try:
            found = soak_batch(model, seed, number)
        except ChronogateError as error:
            raise Failed(f"batch {number}: {error}") from None
        if isinstance(found, Mismatch):
            with tempfile.TemporaryDirectory() as scratch:
                network = model.network
                assert isinstance(network, Network)
                raise Failed(
                    f"batch {number}: {locate(network, found, seed, number, Path(scratch))}"
                )
        total += found
        if time.monotonic() > until:
            return total


def run(
    names: Sequence[str], minutes: float, seed: int, folder: Path, first: int, tick: Advance
) -> dict[str, Soaked]:
    """Let the designs take turns; returns what was compared in each."""
    totals = {name: Soaked() for name in names}
    batches = {name: count(first) for name in names}
    with ExitStack() as stack:
        models = {name: stack.enter_context(RtlModel(DESIGNS[name](), folder)) for name in names}
        begin = time.monotonic()
        end, ticked = begin + 60 * minutes, 0
        while time.monotonic() < end:
            for name, model in models.items():
                try:
                    totals[name] += soak(model, seed, batches[name], time.monotonic() + TURN)
                except Failed as error:
                    raise Failed(f"{name}, {error} (seed {seed})") from None
            done = min(int(time.monotonic() - begin), int(60 * minutes))
            tick(done - ticked)
            ticked = done
    return totals


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="text in the names of the designs")
    parser.add_argument("--first", type=int, default=0, help="number of the first batch")
    parser.add_argument("--folder", type=Path, default=Path("runs/soak"), help="of the builds")
    given = parser.parse_args(arguments)
    names = [name for name in DESIGNS if given.only in name]
    if not names:
        parser.error(f"no design has {given.only!r} in its name: {', '.join(DESIGNS)}")
    print(f"seed {given.seed}", flush=True)
    try:
        with show_progress() as progress:
            tick = progress.step("Soak, seconds", int(60 * given.minutes))
            totals = run(names, given.minutes, given.seed, given.folder, given.first, tick)
    except Failed as error:
        print(f"MISMATCH in {error}")
        return 1
    table = Table(
        "design", "windows", "values", "resets", "stalled cycles", "cycles of gaps", "cycles",
        box=MARKDOWN,
    )  # fmt: skip
    for name, found in {**totals, "all": sum(totals.values(), Soaked())}.items():
        table.add_row(name, *(f"{value:,}" for value in vars(found).values()))
    Console(width=200, soft_wrap=True).print(table)
    print(f"0 mismatches in {given.minutes:g} minutes, seed {given.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
