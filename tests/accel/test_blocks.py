"""Which block placed cells count for, and the floor plan that is drawn of them."""

import json
from pathlib import Path

import pytest

from accel.bitstream.blocks import (
    PLACED,
    PLACEMENT,
    BlockCells,
    PlacedCells,
    Placement,
    block_name,
    count_blocks,
    keep_placement,
    label_commands,
    read_placement,
)
from accel.report.floor_plan import floor_plan_figure, read_floor_plan
from hw.errors import ChronogateError

Json = dict[str, object]


def cell(kind: str, bel: str, inputs: list[int], output: int, block: str = "", **more: str) -> Json:
    """Return a cell as nextpnr writes it: inputs I0, I1, ..., one output O."""
    places = {f"I{k}": [bit] for k, bit in enumerate(inputs)}
    attributes = {"NEXTPNR_BEL": bel} if bel else {}
    return {
        "type": kind,
        "parameters": more,
        "attributes": attributes | ({"block": block} if block else {}),
        "port_directions": {**dict.fromkeys(places, "input"), "O": "output"},
        "connections": {**places, "O": [output]},
    }


def placed(folder: Path, cells: dict[str, Json]) -> None:
    """Write what nextpnr would."""
    modules = {"top": {"cells": cells}}
    (folder / PLACED).write_text(json.dumps({"modules": modules}), encoding="utf-8")


# pin -> a -> b -> gru register -> c -> d -> dense multiplier -> e -> pin; f feeds both registers.
CELLS = {
    "pin_in": cell("TRELLIS_IO", "X0/Y5/PIOA", [], 1),
    "a": cell("TRELLIS_COMB", "X1/Y1/SLICEA.K0", [1], 2),
    "b": cell("TRELLIS_COMB", "X1/Y1/SLICEA.K1", [2, 20], 3),
    "gru": cell("TRELLIS_FF", "X1/Y1/SLICEA.FF0", [3], 4, "accelerator.core.gru.U$3"),
    "c": cell("TRELLIS_COMB", "X2/Y1/SLICEA.K0", [4], 5),
    "d": cell("TRELLIS_COMB", "X2/Y2/SLICEA.K0", [5], 6),
    "dense": cell("MULT18X18D", "X9/Y3/MULT18", [6], 7, "accelerator.core.dense"),
    "e": cell("TRELLIS_COMB", "X3/Y2/SLICEA.K0", [7], 8),
    "line": cell("TRELLIS_FF", "X3/Y2/SLICEA.FF0", [], 20, "bridge.check"),
    "entry": cell("TRELLIS_FF", "X3/Y3/SLICEA.FF0", [], 21, "accelerator.core.entry"),
    "lonely": cell("TRELLIS_COMB", "X4/Y4/SLICEA.K0", [], 22),
    "constant": cell("TRELLIS_COMB", "", [], 23),
}


def test_what_synthesis_makes_counts_for_what_it_feeds(tmp_path: Path) -> None:
    placed(tmp_path, CELLS)
    keep_placement(tmp_path)
    assert not (tmp_path / PLACED).exists()
    placement = read_placement(tmp_path)
    assert placement is not None
    found = {block.block: block for block in count_blocks(placement)}
    assert found["gru"] == BlockCells("gru", lut=2, ff=1, dsp=0, bram=0)
    # c and d feed the multiplier, e feeds nothing that is known and takes after what feeds it.
    assert found["dense"] == BlockCells("dense", lut=3, ff=0, dsp=1, bram=0)
    assert found["serial line"] == BlockCells("serial line", lut=0, ff=1, dsp=0, bram=0)
    assert found["streams"] == BlockCells("streams", lut=0, ff=1, dsp=0, bram=0)
    assert found["board"] == BlockCells("board", lut=1, ff=0, dsp=0, bram=0)
    assert sum(block.lut for block in found.values()) == 6  # not the constant, which has no place


def test_cells_of_the_other_families(tmp_path: Path) -> None:
    cells = {
        "lc": cell("ICESTORM_LC", "X1/Y1/lc0", [], 1, "bridge", DFF_ENABLE="1"),
        "lut": cell("ICESTORM_LC", "X1/Y1/lc1", [], 2, "bridge", DFF_ENABLE="0"),
        "mac": cell("ICESTORM_DSP", "X0/Y5/mac16_0", [], 3, "bridge"),
        "ram": cell("ICESTORM_RAM", "X6/Y2/ram", [], 4, "bridge"),
        "io": cell("SB_IO", "X6/Y0/io0", [], 5, "bridge"),
        "dff": cell("DFFRE", "X2Y2/DFF0", [], 6, "bridge"),
        "lut4": cell("LUT4", "X2Y2/LUT0", [], 7, "bridge"),
        "alu": cell("ALU", "X2Y2/ALU0", [], 8, "bridge"),
        "mult": cell("MULT18X18", "X8Y9/MULT18X18_0", [], 9, "bridge"),
        "sdp": cell("SDPB", "X9Y9/BSRAM", [], 10, "bridge"),
    }
    placed(tmp_path, cells)
    keep_placement(tmp_path)
    placement = read_placement(tmp_path)
    assert placement is not None
    assert count_blocks(placement) == (BlockCells("serial line", lut=4, ff=2, dsp=2, bram=2),)


def test_the_floor_plan_has_a_square_for_each_tile(tmp_path: Path) -> None:
    placed(tmp_path, CELLS)
    keep_placement(tmp_path)
    axes = floor_plan_figure(read_floor_plan(tmp_path)).axes[0]
    squares = {patch.get_label(): len(patch.get_path().vertices) // 5 for patch in axes.patches}
    # Tile (3, 2) holds one cell of the dense layer and one of the line: the later name decides.
    assert squares == {
        "gru": 1, "dense": 4, "around it": 2, "pins": 1, "multipliers, memories": 1,
    }  # fmt: skip
    with pytest.raises(ChronogateError, match=r"has no placement\.json"):
        read_floor_plan(tmp_path / "elsewhere")
    assert (tmp_path / PLACEMENT).exists()


def test_cells_are_labelled_by_module() -> None:
    verilog = "module board_top(a);\nmodule \\board_top.accelerator.core (a);\nmodule other(a);\n"
    path = "board_top.accelerator.core"
    assert label_commands(verilog) == [
        f'setattr -set block "accelerator.core" {path}/c:* {path}/m:*'
    ]
    assert [block_name(path) for path in ("", "bridge.sum", "accelerator", "accelerator.core")] == [
        "board", "serial line", "streams", "streams",
    ]  # fmt: skip


def test_a_tile_with_a_block_in_it_is_no_pin() -> None:
    """As Gowin multipliers, whose tiles have more cells around a multiplier than multipliers."""
    cells = (PlacedCells(3, 2, "dsp", "gru", 1), PlacedCells(3, 2, "", "gru", 5))
    figure = floor_plan_figure(Placement(cells))
    labels = [patch.get_label() for patch in figure.axes[0].patches]
    assert labels == ["gru", "multipliers, memories"]
