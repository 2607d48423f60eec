"""The synthesized netlist against the golden model, from UART pin to UART pin."""

import tempfile
from pathlib import Path

import numpy as np

from accel.bitstream.synthesis import NETLIST_VERILOG
from accel.boards import Board
from accel.progress import Progress, SilentProgress
from hw.errors import ChronogateError
from hw.network.graph import Network
from sim.netlist import simulate_netlist


def verify_netlist(
    network: Network,
    board: Board,
    folder: Path,
    windows: np.ndarray,
    progress: Progress | None = None,
) -> int:
    """Send windows to the netlist that `implement` left in `folder` and compare every answer.

    Parameters
    ----------
    network, board, folder
        As given to `accel.bitstream.implement`.
    windows
        Input codes ``(N, T, F)``, or ``(N, F)`` where a window is one beat.
    progress
        Shows the windows.

    Returns
    -------
    int
        How many codes were compared, all equal.

    Raises
    ------
    ChronogateError
        With the first window and output that differ, and both codes.
    """
    progress = SilentProgress() if progress is None else progress
    with tempfile.TemporaryDirectory() as scratch:
        advance = progress.step("Netlist simulation", len(windows))
        netlist = folder / NETLIST_VERILOG
        top, models = board.top(network), board.family.models
        answers = simulate_netlist(netlist, top, models, windows, Path(scratch), advance)
    return compare_answers(network, windows, answers)


def compare_answers(network: Network, windows: np.ndarray, answers: np.ndarray) -> int:
    """Compare the forecasts of a netlist with the golden model's; return how many codes.

    Raises
    ------
    ChronogateError
        With the first window and output that differ, and both codes.
    """
    expected = network.reference(windows)
    different = np.argwhere(answers != expected)
    if len(different):
        window, output = (int(index) for index in different[0])
        raise ChronogateError(
            f"the synthesized netlist of {network.name} differs from the golden model in window "
            f"{window}, output {output}: {answers[window, output]} instead of "
            f"{expected[window, output]}; this is a bug, please report it"
        )
    return expected.size
