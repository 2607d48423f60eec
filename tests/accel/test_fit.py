"""What is said of a network that does not fit a board, or is too slow for its clock."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from accel.bitstream import implement, tool
from accel.bitstream.fit import check_timing
from accel.bitstream.fold import explain, fold, folding
from accel.bitstream.place_route import DoesNotFit, place_and_route
from accel.boards import Board, Cells, find_board
from accel.progress import SilentProgress
from hw import Dense, FixedPoint, Network, Node, Port
from hw.errors import ChronogateError
from tests.hw.drawing import draw_codes, draw_network

BOARD = find_board("ulx3s-12f").at_clock(50)
FITS = Cells(lut=10, ff=10, dsp=1, bram=1)


def wide_network(n_in: int, n_out: int) -> Network:
    """Return one dense layer with a multiplier for every weight."""
    format = FixedPoint(8, 1)
    # Odd weights: a power of two would be a shift, and no multiplier.
    kernel = 2 * np.random.default_rng(0).integers(5, 60, (n_in, n_out)) + 1
    dense = Dense(kernel, np.zeros(n_out, dtype=np.int64), format, format, format, reuse=1)
    return Network(
        "wide", (Port("input", n_in, format),), (Node("dense", dense, ("input",)),), ("dense",)
    )


def test_a_board_that_is_too_small_says_what_would_fit(tmp_path: Path) -> None:
    """Synthesis counts the multipliers; place and route is not even tried."""
    folder = tmp_path / "made" / "ulx3s-12f"
    with pytest.raises(ChronogateError) as problem:
        implement(wide_network(9, 4), BOARD, folder)
    assert str(problem.value) == (
        "wide does not fit ulx3s-12f: it needs 36 18 x 18 multipliers and the LFE5U-12F has 28 "
        "(8 too few); raise the reuse factors 2-fold (dense: reuse 2), or choose --board "
        "ulx3s-45f (tried by Yosys's and nextpnr's counts: 2-fold fits)"
    )
    assert not list((tmp_path / "made").iterdir())


def refusal(board: Board, cells: Cells, needs: dict[int, int] | None = None) -> str:
    """Return what is said of a network of 36 products, which needs so many LUTs by its folding."""
    network = wide_network(9, 4)

    def count(folded: Network) -> Cells:
        spec = folded.nodes[0].spec
        assert isinstance(spec, Dense)
        return replace(FITS, lut=(needs or {}).get(spec.reuse, 0))

    return str(explain(network, board, cells, count))


def test_every_shortage_is_named() -> None:
    for kind, name in {"lut": "LUTs", "ff": "flip-flops", "bram": "block RAMs of 18 kbit"}.items():
        needed = getattr(BOARD.device, kind) + 5
        text = refusal(BOARD, replace(FITS, **{kind: needed}))
        assert f"needs {needed:,} {name} and" in text
        assert "(5 too few)" in text
    largest = find_board("ecpix5-85f")
    assert "--board" not in refusal(largest, replace(FITS, lut=10**6))
    text = refusal(find_board("ice40-hx8k"), replace(FITS, dsp=3))
    assert "needs 3 16 x 16 multipliers and the iCE40HX8K has none (3 too few)" in text
    assert text.endswith("; choose --board icebreaker")


def test_the_smallest_factor_that_fits_is_found() -> None:
    """Doubling from the least that can be enough, then closing in."""
    too_many = replace(FITS, lut=25_000)
    needs = {2: 24_900, 4: 24_800, 5: 24_700, 6: 24_288, 8: 20_000}
    text = refusal(BOARD, too_many, needs)
    assert "raise the reuse factors 6-fold (dense: reuse 6)" in text
    assert text.endswith(
        "(tried by Yosys's and nextpnr's counts: 2-fold needs 24,900 LUTs, 4-fold needs 24,800 "
        "LUTs, 5-fold needs 24,700 LUTs, 6-fold fits, 8-fold fits)"
    )
    # A tenth of what there is: nothing below 10-fold can be enough, so nothing else is tried.
    text = refusal(BOARD, replace(FITS, dsp=280), {})
    assert "10-fold (dense: reuse 10)" in text
    assert text.endswith("counts: 10-fold fits)")


def test_when_no_factor_is_enough_fewer_units_are() -> None:
    text = refusal(BOARD, replace(FITS, lut=25_000), {n: 24_289 for n in range(1, 37)})
    assert "no reuse factor is enough (it needs 24,289 LUTs" in text
    assert "even 64-fold): use fewer units, or choose --board ulx3s-45f" in text


def test_folding_keeps_what_is_computed() -> None:
    network = draw_network(18, "gru_after")
    folded = fold(network, 1000)
    assert folding(folded) != folding(network)
    assert sum(layer.true_multipliers for layer in folded.timing.layers) < sum(
        layer.true_multipliers for layer in network.timing.layers
    )
    shape = (5, network.look_back, network.features)
    codes = draw_codes(np.random.default_rng(3), network.input_format, *shape)
    assert np.array_equal(folded.reference(codes), network.reference(codes))


def test_what_only_packing_counts_is_refused_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        "Info: \t    TRELLIS_FF:     100/  24288     0%",
        "Info: \t  TRELLIS_COMB:   24300/  24288   100%",
        "ERROR: Unable to find legal placement for all cells, design is probably at limit",
    ]
    says = f"print({chr(10).join(lines)!r})"
    monkeypatch.setattr(tool, "_CALL", f"import sys; {says}; sys.exit(1)")
    with pytest.raises(DoesNotFit) as problem:
        place_and_route(tmp_path, BOARD, Cells(1, 1, 1, 1), 1, SilentProgress())
    assert problem.value.cells == Cells(lut=24300, ff=100, dsp=0, bram=0)
    assert "needs 24,300 LUTs and the LFE5U-12F has 24,288 (12 too few)" in refusal(
        BOARD, problem.value.cells
    )


def test_missed_timing_is_refused() -> None:
    network = draw_network(0, "mlp")
    check_timing(50.0, BOARD, network)
    with pytest.raises(ChronogateError, match=r"choose --clock 40, or --clock fastest, or use"):
        check_timing(40.0, BOARD, network)
    with pytest.raises(ChronogateError, match=r"40\.0 MHz and the clock is 50 MHz \(5\.0 ns"):
        check_timing(40.0, BOARD, network)
