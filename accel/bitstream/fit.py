"""What to say when a design does not fit a board or is too slow for its clock."""

from math import ceil

from accel.bitstream.synthesis import Cells
from accel.boards import Board, boards
from hw.errors import ChronogateError
from hw.network.graph import Network

_NAMES = {
    "dsp": "18 x 18 multipliers",
    "bram": "block RAMs",
    "lut": "LUTs",
    "ff": "flip-flops",
}


def check_fit(cells: Cells, board: Board, network: Network) -> None:
    """Refuse a design that needs more of something than the board has.

    Raises
    ------
    ChronogateError
        With what is missing, by how much, and what to do.
    """
    for kind, name in _NAMES.items():
        needed: int = getattr(cells, kind)
        available: int = getattr(board.device, kind)
        if needed > available:
            raise ChronogateError(
                f"{network.name} does not fit {board.name}: it needs {needed:,} {name} and the "
                f"{board.device.name} has {available:,} ({needed - available:,} too few); "
                f"{_advice(kind, cells, board, network)}"
            )


def check_timing(fmax_mhz: float, board: Board, network: Network) -> None:
    """Refuse a design that is slower than the board's clock.

    Raises
    ------
    ChronogateError
        With the gap in megahertz and nanoseconds, and what to do.
    """
    if fmax_mhz < board.clock_mhz:
        late = 1e3 / fmax_mhz - 1e3 / board.clock_mhz
        raise ChronogateError(
            f"{network.name} is too slow for {board.name}: its longest path allows "
            f"{fmax_mhz:.1f} MHz and the clock is {board.clock_mhz:g} MHz ({late:.1f} ns too "
            "late); use narrower formats, or a larger ReuseFactor, which shortens the adder "
            "trees, or try another --seed"
        )


def _advice(kind: str, cells: Cells, board: Board, network: Network) -> str:
    layer = max(network.timing.layers, key=lambda layer: layer.true_multipliers, default=None)
    advice = []
    if layer is not None and layer.true_multipliers > 1:
        held = layer.true_multipliers
        text = f"raise the ReuseFactor of {layer.name!r}, which holds {held:,} of them"
        if kind != "dsp":
            text = (
                f"raise the ReuseFactor of {layer.name!r}, the largest layer with "
                f"{held:,} multipliers"
            )
        else:
            excess = cells.dsp - board.device.dsp
            if excess < held:
                factor = held / (held - excess)
                text += f", at least {ceil(10 * factor) / 10:g}-fold"
        advice.append(text)
    larger = [
        other.name
        for other in boards()
        if all(getattr(other.device, name) >= getattr(cells, name) for name in _NAMES)
    ]
    if larger:
        advice.append(f"choose --board {larger[0]}")
    return ", or ".join(advice) or "use fewer units"
