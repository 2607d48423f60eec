"""The estimate of a run's power, which lies beside the bitstream."""

import numpy as np

from accel.bitstream.activity import count_activity
from accel.bitstream.power import POWER_FILE, PowerEstimate, estimate_power
from accel.flow.steps import board_of
from accel.progress import Progress
from accel.projects.step import converted_network
from accel.report.implementation import Implementation
from accel.runs.json_files import read_json, write_json
from accel.runs.records import load_conversion, window_codes
from accel.runs.run import Run, Step
from hw.errors import ChronogateError


def power_step(
    run: Run, progress: Progress | None = None, board: str | None = None, windows: int = 2
) -> PowerEstimate:
    """Estimate the power of a bitstream from how often the nets of its netlist change.

    Parameters
    ----------
    board
        Name; default: that of the run's configuration.
    windows
        Test windows over which changes are counted, spread over all.

    Raises
    ------
    ChronogateError
        When there is no bitstream for the board.
    """
    network = converted_network(run)
    target = board_of(run, board)
    part = f"bitstream/{target.name}"
    made = run.path(f"{part}/implementation.json")
    if not made.is_file():
        raise ChronogateError(
            f"{run.folder} has no bitstream for {target.name}: run "
            f"`accel bitstream {run.folder} --board {target.name}` first"
        )
    routed = read_json(made, Implementation)
    target = target.at_clock(routed.clock_mhz)
    codes = window_codes(run, network, load_conversion(run).seed)[0]
    # One more, which warms up.
    places = np.linspace(0, len(codes) - 1, windows + 1).astype(int)
    counted = count_activity(network, target, run.path(part), codes[places], progress)
    estimate = estimate_power(target, counted)
    with run.step(Step.BITSTREAM, f"{part}/{POWER_FILE}") as folder:
        (folder / part).mkdir(parents=True)
        write_json(folder / part / POWER_FILE, estimate)
    return estimate
