"""Where the blocks of a design lie on the FPGA."""

from collections import Counter, defaultdict
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from accel.bitstream.blocks import SURROUNDINGS, Placement, count_blocks, read_placement
from accel.report.style import FORECAST, GRID, INK, MUTED, SERIES, Colour, new_figure
from hw.errors import ChronogateError

_FEWEST = 0.35
_WIDTH, _TALLEST = 9.8, 6.5
_LEGEND = 2.6


def read_floor_plan(folder: Path) -> Placement:
    """Return the placement of a bitstream's folder.

    Raises
    ------
    ChronogateError
        When there is none.
    """
    placement = read_placement(folder)
    if placement is None:
        raise ChronogateError(
            f"{folder} has no placement.json: make its bitstream again with `accel bitstream`"
        )
    return placement


def floor_plan_figure(placement: Placement) -> Figure:
    """Draw the tiles of the FPGA that are in use, each in the colour of the block it mostly holds.

    The more cells, the larger the square; multipliers and block RAMs, which have tiles of their
    own, are full ones with an outline. Pins show the edge of the chip. A tall one lies on its side.
    """
    tiles: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    large = set()
    tall = max(cells.y for cells in placement.cells) > max(cells.x for cells in placement.cells)
    for cells in placement.cells:
        place = (cells.y, cells.x) if tall else (cells.x, cells.y)
        block = "around it" if cells.block in SURROUNDINGS else cells.block
        tiles[place][block if cells.kind else ""] += cells.count
        if cells.kind in ("dsp", "bram"):
            large.add(place)
    right, top = (max(place[axis] for place in tiles) for axis in (0, 1))
    most = max(sum(tile.values()) for tile in tiles.values())
    counted = [block.block for block in count_blocks(placement)]
    blocks = [block for block in counted if block not in SURROUNDINGS]
    height = min(_TALLEST, (_WIDTH - _LEGEND) * (top + 1) / (right + 1) + 0.3)
    figure = new_figure(_WIDTH, height)
    axes = figure.axes[0]
    squares: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for (x, y), tile in sorted(tiles.items()):
        # Most cells of a multiplier on Gowin parts are what holds it: no resource of a block.
        block = max(tile, key=lambda name: (name != "", tile[name], name))
        full = (x, y) in large or not block
        side = 0.9 if full else _FEWEST + (0.9 - _FEWEST) * sum(tile.values()) / most
        squares[block].append((x, y, side))
    for block in [*blocks, "around it", ""]:
        if squares[block]:
            colour, label = _colour(block, blocks).light, block or "pins"
            axes.add_patch(
                PathPatch(_outline(squares[block]), facecolor=colour, linewidth=0, label=label)
            )
    outlined = [(x, y, 0.9) for x, y in sorted(large)]
    if outlined:
        label = "multipliers, memories"
        shape = _outline(outlined)
        axes.add_patch(
            PathPatch(shape, facecolor="none", edgecolor=INK.light, linewidth=0.8, label=label)
        )
    axes.set_xlim(-0.8, right + 0.8)
    axes.set_ylim(-0.8, top + 0.8)
    axes.set_aspect("equal", anchor="W")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(True)
        side.set_color(GRID.light)
    axes.legend(
        frameon=False, labelcolor=INK.light, fontsize=9, handlelength=1.0, handleheight=1.0,
        loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0,
    )  # fmt: skip
    return figure


def _colour(block: str, blocks: list[str]) -> Colour:
    """Return the colour of a block; what is around the network, and beyond the fifth, is grey."""
    palette = (FORECAST, *SERIES)
    if not block:
        return GRID
    return palette[blocks.index(block)] if block in blocks[: len(palette)] else MUTED


def _outline(squares: list[tuple[float, float, float]]) -> Outline:
    """Return many squares as one shape, which keeps the page small."""
    points, codes = [], []
    for x, y, side in squares:
        half = side / 2
        corners = ((-half, -half), (half, -half), (half, half), (-half, half), (-half, -half))
        points += [(x + dx, y + dy) for dx, dy in corners]
        codes += [Outline.MOVETO, *[Outline.LINETO] * 3, Outline.CLOSEPOLY]
    return Outline(points, codes)
