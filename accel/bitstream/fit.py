"""What to say when a design does not fit a board or is too slow for its clock."""

from accel.boards import Board, Cells, boards
from accel.boards.family import Resource
from hw.errors import ChronogateError
from hw.network.graph import Network


def shortage(cells: Cells, board: Board) -> Resource | None:
    """Return what a board has too few of, the scarcest first."""
    for resource in board.family.resources:
        if getattr(cells, resource.kind) > getattr(board.device, resource.kind):
            return resource
    return None


def describe_shortage(cells: Cells, board: Board, short: Resource) -> str:
    """Return how much of something is needed, and how much there is."""
    needed: int = getattr(cells, short.kind)
    available: int = getattr(board.device, short.kind)
    has = f"{available:,}" if available else "none"
    return (
        f"it needs {needed:,} {short.name} and the {board.device.name} has {has} "
        f"({needed - available:,} too few)"
    )


def larger_board(cells: Cells, board: Board) -> str | None:
    """Return the name of the smallest board of the family that has as much as is needed."""
    for other in boards():
        if other.family == board.family and other.device.has(cells):
            return other.name
    return None


def check_timing(fmax_mhz: float, board: Board, network: Network) -> None:
    """Refuse a design that is slower than the board's clock.

    Raises
    ------
    ChronogateError
        With the gap in megahertz and nanoseconds, and what to do.
    """
    if fmax_mhz < board.clock_mhz:
        late = 1e3 / fmax_mhz - 1e3 / board.clock_mhz
        slower = max((clock for clock in board.clocks() if clock <= fmax_mhz), default=None)
        advice = "" if slower is None else f"choose --clock {slower:.6g}, or --clock fastest, or "
        raise ChronogateError(
            f"{network.name} is too slow for {board.name}: its longest path allows "
            f"{fmax_mhz:.1f} MHz and the clock is {board.clock_mhz:g} MHz ({late:.1f} ns too "
            f"late); {advice}use narrower formats, or a larger ReuseFactor, which shortens the "
            "adder trees, or try more --seeds"
        )
