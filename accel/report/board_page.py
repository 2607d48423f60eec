"""What the page shows of a board: how full it is, what each block takes, and where it lies."""

from dataclasses import dataclass

from markupsafe import Markup

from accel.bitstream.blocks import Placement
from accel.boards import find_board
from accel.report.floor_plan import floor_plan_figure
from accel.report.power_page import PowerPart, describe_power
from accel.report.schema import Implementation
from accel.report.style import inline_svg
from accel.report.text import whole

RESOURCES = (("lut", "LUT4"), ("ff", "flip-flops"), ("dsp", "multipliers"),
             ("bram", "block RAMs"))  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """One resource as a share of the device."""

    name: str
    percent: float
    text: str


@dataclass(frozen=True)
class BoardPart:
    """One board.

    Parameters
    ----------
    title
        Its heading.
    bars
        Its resources.
    blocks
        A row for each block of the design: its name and its cells; empty where that is not known.
    floor_plan
        The drawing; empty where that is not known.
    power
        The estimate; None before `accel power`.
    """

    title: str
    bars: tuple[Bar, ...]
    blocks: tuple[tuple[str, ...], ...]
    floor_plan: Markup
    power: PowerPart | None


def describe_board(routed: Implementation, placement: Placement | None) -> BoardPart:
    """Return what the page shows of a board."""
    device = find_board(routed.board).device
    bars = []
    for key, name in RESOURCES:
        used, available = getattr(routed, key), getattr(device, key)
        if not available:
            continue
        share = 100 * used / available
        bars.append(Bar(name, round(share, 2), f"{used:,} of {available:,} ({share:.1f} %)"))
    timing = f"{routed.fmax_mhz:.1f} MHz routed, runs at {routed.clock_mhz:g} MHz"
    drawing = Markup()
    if placement is not None:
        title = f"floor plan of {routed.board}"
        drawing = Markup(inline_svg(floor_plan_figure(placement), title))
    rows = tuple(
        (block.block, *(whole(getattr(block, key) or None) for key, _ in RESOURCES))
        for block in routed.blocks or ()
    )
    power = None if routed.power is None else describe_power(routed.power, routed.board)
    title = f"{routed.board} ({routed.device}): {timing}"
    return BoardPart(title, tuple(bars), rows, drawing, power)
