"""One small weather GRU on boards of all families: `python -m tests.bench_boards [--quick]`.

Trains it, converts it, places and routes it for each board at the fastest clock that it bears,
simulates every netlist from UART pin to UART pin, and prints the table of docs/boards.md.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from accel.boards import Board, find_board
from accel.configuration.config import example
from accel.flow.steps import bitstream_step, convert_step, train_step
from accel.progress import LineProgress
from accel.report.schema import Implementation
from accel.runs.run import Run, Step, open_run
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.serialization import load_network

RUN = Path("runs/boards")

# What differs from `accel new NAME`: 6 units, half a day ahead, one multiplier for each matrix, and
# no second training in float.
CHANGES = {
    'name = "gru" ': 'name = "gru6" ',
    "horizon = 24 ": "horizon = 12 ",
    "units = 16 ": "units = 6 ",
    "input = 24 ": "input = 144 ",
    "recurrent = 16 ": "recurrent = 108 ",
    "dense = 32 ": "dense = 72 ",
    "float_twin = true ": "float_twin = false ",
}
QUICK = ("ulx3s-12f",)
BOARDS = ("icebreaker", "tang-nano-9k", "ulx3s-12f", "ice40-hx8k")


@dataclass(frozen=True)
class Row:
    """A network on a board."""

    board: Board
    routed: Implementation
    line_rate: float


def main() -> None:
    """Make the bitstreams and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one board, at its own clock")
    parser.add_argument("--seeds", type=int, default=1, help="placements for each board")
    parser.add_argument("boards", nargs="*", help="names; default: some of each family")
    options = parser.parse_args()
    names = options.boards or (QUICK if options.quick else BOARDS)
    progress = LineProgress(sys.stderr)
    seeds = range(1, 2 if options.quick else 1 + options.seeds)
    clock = None if options.quick else "fastest"
    rows, refused = [], []
    with open_run(RUN, create=True) as run:
        network = trained(run, progress)
        for name in names:
            # Hours may lie behind: what one board refuses does not take the others' rows away.
            try:
                routed = bitstream_step(run, progress, name, seeds, clock)
            except ChronogateError as error:
                refused.append(f"not on {name}: {error}")
                continue
            rows.append(row(network, find_board(name), routed))
            print(table(network, rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    print(table(network, rows))
    if rows:
        smallest = min(rows, key=lambda found: found.board.device.lut).board
        print(
            f"\nThe smallest of these parts is the {smallest.device.name} of the {smallest.name}."
        )
    if refused:
        sys.exit("\n".join(refused))


def trained(run: Run, progress: LineProgress) -> Network:
    """Train and convert the network, unless an earlier call has."""
    if not run.path("network.json").exists():
        text = example("gru")
        for old, new in CHANGES.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        config = run.folder / "gru6.toml"
        config.write_text(text, encoding="utf-8")
        train_step(run, config, progress)
        convert_step(run, progress)
    run.require(Step.CONVERT)
    return load_network(run.folder)


def row(network: Network, board: Board, routed: Implementation) -> Row:
    """Add how many forecasts a second the serial line allows, each waited for."""
    made = board.at_clock(routed.clock_mhz)
    bridge = made.top(network).bridge
    cycles = bridge.request_cycles() + network.timing.window_cycles + bridge.response_cycles()
    return Row(made, routed, routed.clock_mhz * 1e6 / cycles)


def table(network: Network, rows: list[Row]) -> str:
    """Return the table in Markdown."""
    interval = network.timing.interval_cycles
    lines = [
        f"{network.name}: {interval:,} cycles from forecast to forecast",
        "",
        "| board | device | routed, MHz | clock, MHz | LUT4 | flip-flops | multipliers "
        "| block RAMs | forecasts/s | over its serial line | netlist |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for found in rows:
        routed, device = found.routed, found.board.device
        used = [
            f"{getattr(routed, kind):,} of {getattr(device, kind):,}"
            for kind in ("lut", "ff", "dsp", "bram")
        ]
        rate = routed.forecasts_per_second
        assert rate is not None
        figures = [
            *(routed.board, routed.device, f"{routed.fmax_mhz:.1f}", f"{routed.clock_mhz:.4g}"),
            *(*used, f"{rate:,.0f}", f"{found.line_rate:,.1f}"),
            f"{routed.netlist_windows} windows equal",
        ]
        lines.append(f"| {' | '.join(figures)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
