"""How often the nets of a synthesized netlist change for one forecast, block by block.

The netlist that was placed and routed is simulated once more, from UART pin to UART pin, under
names of our own: one wire for each net, so that none is counted twice. A net counts for the block
of the cell that drives it (`accel.bitstream.blocks`). What switches while a window comes in over
the serial line counts like all the rest.
"""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from accel.bitstream.blocks import block_name, cell_blocks, cell_kind
from accel.bitstream.process import ToolFailed, last_error, run_logged
from accel.bitstream.synthesis import NETLIST_JSON, YOSYS_WORKER
from accel.bitstream.verification import compare_answers
from accel.boards import Board
from accel.progress import Progress, SilentProgress
from hw.board.top import TOP_NAME
from hw.errors import ChronogateError
from hw.network.graph import Network
from sim.netlist import simulate_netlist
from sim.vcd import count_toggles

_NAMED_JSON, NAMED_VERILOG = "named.json", "named.v"
_PREFIX = "net"


@dataclass(frozen=True)
class BlockToggles:
    """Changes of the nets of one block, for one forecast.

    Parameters
    ----------
    block
        As `accel.bitstream.blocks.BlockCells` has it.
    nets
        Of nets that LUTs, carries, flip-flops and memories drive.
    products
        Of nets that multipliers drive.
    """

    block: str
    nets: float
    products: float


@dataclass(frozen=True)
class Activity:
    """What the nets of a netlist do while it is asked for one forecast after the other.

    Parameters
    ----------
    forecasts
        Over how many the changes were counted.
    cycles
        For one forecast, from request to request: most of them go by on the serial line.
    blocks
        The busiest first.
    """

    forecasts: int
    cycles: float
    blocks: tuple[BlockToggles, ...]


@dataclass(frozen=True)
class Driver:
    """What drives a net: the block of the cell, and whether that is a multiplier."""

    block: str
    multiplier: bool


def count_activity(
    network: Network,
    board: Board,
    folder: Path,
    windows: np.ndarray,
    progress: Progress | None = None,
) -> Activity:
    """Count for each block how often its nets change for one forecast.

    Parameters
    ----------
    network, board, folder
        As given to `accel.bitstream.implement`.
    windows
        Input codes, at least two windows; the first one warms up and is not counted.
    progress
        Shows the steps.

    Raises
    ------
    ChronogateError
        When there is no netlist, or it does not answer as the golden model does.
    """
    if len(windows) < 2:
        raise ChronogateError("switching is counted from the second window on: give two or more")
    progress = progress or SilentProgress()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        wave = work / "netlist.vcd"
        drivers = name_nets(folder / NETLIST_JSON, work)
        advance = progress.step("Netlist simulation, nets watched", len(windows))
        top, models = board.top(network), board.family.models
        netlist = work / NAMED_VERILOG
        answers = simulate_netlist(netlist, top, models, windows, work, advance, wave)
        compare_answers(network, windows, answers)
        progress.step("Counting the changes")
        toggles, cycles = net_toggles(wave), _cycles(wave)
    counts: dict[Driver, int] = defaultdict(int)
    for net, driver in drivers.items():
        counts[driver] += toggles.get(net, 0)
    forecasts = len(windows) - 1
    found = [
        BlockToggles(
            block,
            counts[Driver(block, multiplier=False)] / forecasts,
            counts[Driver(block, multiplier=True)] / forecasts,
        )
        for block in {driver.block for driver in drivers.values()}
    ]
    found.sort(key=lambda each: (-each.nets - each.products, each.block))
    return Activity(forecasts, cycles / forecasts, tuple(found))


def name_nets(netlist: Path, folder: Path) -> dict[int, Driver]:
    """Write a netlist as Verilog in which each net has one wire, and return what drives each.

    Parameters
    ----------
    netlist
        ``netlist.json``, as synthesis leaves it.
    folder
        Receives ``named.v``.

    Raises
    ------
    ChronogateError
        When there is no such netlist, or Yosys fails.
    """
    if not netlist.is_file():
        raise ChronogateError(f"there is no {netlist}: run `accel bitstream` for this board again")
    design: dict[str, Any] = json.loads(netlist.read_text(encoding="utf-8"))
    top = design["modules"][TOP_NAME]
    drivers = _drivers(top["cells"])
    top["netnames"] = {
        f"{_PREFIX}{bit}": {"hide_name": 0, "bits": [bit], "attributes": {}} for bit in drivers
    }
    (folder / _NAMED_JSON).write_text(json.dumps(design), encoding="utf-8")
    script, log = folder / "named.ys", folder / "named.log"
    script.write_text(f"read_json {_NAMED_JSON}\nwrite_verilog -noattr {NAMED_VERILOG}\n")
    if run_logged([sys.executable, str(YOSYS_WORKER), script.name], folder, log, lambda line: None):
        raise ToolFailed(f"Yosys failed ({last_error(log)}): this is a bug, please report it")
    return drivers


def net_toggles(wave: Path) -> dict[int, int]:
    """Return how often each net of `name_nets` changes in a waveform."""
    return {
        int(found.name.removeprefix(_PREFIX)): found.count
        for found in count_toggles(wave)
        if found.name.removeprefix(_PREFIX).isdecimal()
    }


def _cycles(wave: Path) -> int:
    """Return how many cycles a waveform is long, whose unit of time is a cycle."""
    with wave.open(encoding="ascii", errors="replace") as file:
        times = [line for line in file if line.startswith("#")]
    return int(times[-1][1:]) - int(times[0][1:])


def _drivers(cells: Mapping[str, Any]) -> dict[int, Driver]:
    paths = cell_blocks(cells)
    found = {}
    for name, cell in cells.items():
        driver = Driver(block_name(paths[name]), cell_kind(cell["type"]) == "dsp")
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "output":
                found |= {bit: driver for bit in bits if isinstance(bit, int)}
    return found
