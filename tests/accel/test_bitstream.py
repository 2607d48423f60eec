"""A real place and route of a small network, and what is said when one is impossible."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from accel.bitstream import Implementation, implement, implementation, tool, verify_netlist
from accel.bitstream.blocks import count_blocks, read_placement
from accel.bitstream.clock import read_clock
from accel.bitstream.fit import check_timing
from accel.bitstream.fold import explain, fold, folding
from accel.bitstream.place_route import DoesNotFit, place_and_route, route_best
from accel.bitstream.process import last_error, run_logged
from accel.bitstream.synthesis import synthesize
from accel.bitstream.tool import run_tool
from accel.boards import Board, Cells, boards, find_board
from accel.boards.family import Tool
from accel.progress import SilentProgress
from hw import Dense, FixedPoint, Network, Node, Port
from hw.errors import ChronogateError
from tests.hw.drawing import draw_codes, draw_network

NETWORK = draw_network(0, "mlp")
# Twice the oscillator, so that the PLL is part of what is made and simulated.
BOARD = find_board("ulx3s-12f").at_clock(50)


def wide_network(n_in: int, n_out: int) -> Network:
    """Return one dense layer with a multiplier for every weight."""
    format = FixedPoint(8, 1)
    # Odd weights: a power of two would be a shift, and no multiplier.
    kernel = 2 * np.random.default_rng(0).integers(5, 60, (n_in, n_out)) + 1
    dense = Dense(kernel, np.zeros(n_out, dtype=np.int64), format, format, format, reuse=1)
    return Network(
        "wide", (Port("input", n_in, format),), (Node("dense", dense, ("input",)),), ("dense",)
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Implementation, Path, list[str]]:
    """Implement the small network once."""
    folder = tmp_path_factory.mktemp("bitstream") / "ulx3s-12f"
    steps: list[str] = []

    class Recorder(SilentProgress):
        def step(self, description: str, total: int | None = None):
            done = [0]

            def advance(units: int) -> None:
                done[0] += units
                steps[-1] = f"{description} {done[0]}/{total}"

            steps.append(description)
            return advance

    return implement(NETWORK, BOARD, folder, Recorder()), folder, steps


def test_a_bitstream_is_made(made: tuple[Implementation, Path, list[str]]) -> None:
    result, folder, steps = made
    assert result.bitstream == folder / "board_top.bit"
    # The preamble of an ECP5 bitstream (Lattice TN-02039, configuration details).
    assert b"\xff\xff\xbd\xb3" in result.bitstream.read_bytes()[:200]
    assert (result.board, result.device, result.clock_mhz) == ("ulx3s-12f", "LFE5U-12F", 50)
    assert result.fmax_mhz > 50
    assert result.latency_ns == NETWORK.timing.latency_cycles * 20
    assert result.dsp == sum(layer.multipliers for layer in NETWORK.timing.layers)
    assert 100 < result.lut < BOARD.device.lut
    # Every cell counts for one block.
    placement = read_placement(folder)
    assert placement is not None
    blocks = count_blocks(placement)
    names = {block.block for block in blocks}
    assert {node.name for node in NETWORK.nodes if node.spec.timing.multipliers} <= names
    for kind in ("lut", "ff", "dsp", "bram"):
        assert sum(getattr(block, kind) for block in blocks) == getattr(result, kind)
    assert 100 < result.ff < BOARD.device.ff
    assert result.bram < BOARD.device.bram
    for step in steps:
        done, total = step.rsplit(" ", 1)[1].split("/")
        assert done == total, step


def test_the_device_has_what_nextpnr_says(made: tuple[Implementation, Path, list[str]]) -> None:
    report = json.loads((made[1] / "nextpnr.json").read_text())["utilization"]
    device = BOARD.device
    available = [
        report[cell]["available"] for cell in ("TRELLIS_COMB", "TRELLIS_FF", "MULT18X18D", "DP16KD")
    ]
    assert available == [device.lut, device.ff, device.dsp, device.bram]


def test_its_netlist_answers_like_the_golden_model(
    made: tuple[Implementation, Path, list[str]],
) -> None:
    shape = (20, NETWORK.look_back, NETWORK.features)
    codes = draw_codes(np.random.default_rng(3), NETWORK.input_format, *shape)
    assert len(np.unique(NETWORK.reference(codes), axis=0)) > 10
    compared = verify_netlist(NETWORK, BOARD, made[1], codes)
    assert compared == 20 * NETWORK.outputs_per_window


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


FITS = Cells(lut=10, ff=10, dsp=1, bram=1)


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


def nextpnr_saying(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Put a nextpnr in place that says this and fails."""
    code = f"import sys; print({chr(10).join(lines)!r}); sys.exit(1)"
    monkeypatch.setattr(tool, "_CALL", code)


def test_what_only_packing_counts_is_refused_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        "Info: \t    TRELLIS_FF:     100/  24288     0%",
        "Info: \t  TRELLIS_COMB:   24300/  24288   100%",
        "ERROR: Unable to find legal placement for all cells, design is probably at limit",
    ]
    nextpnr_saying(monkeypatch, *lines)
    with pytest.raises(DoesNotFit) as problem:
        place_and_route(tmp_path, BOARD, Cells(1, 1, 1, 1), 1, SilentProgress())
    assert problem.value.cells == Cells(lut=24300, ff=100, dsp=0, bram=0)
    assert "needs 24,300 LUTs and the LFE5U-12F has 24,288 (12 too few)" in refusal(
        BOARD, problem.value.cells
    )


def test_what_nextpnr_refuses_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nextpnr_saying(monkeypatch, "ERROR: Failed to route arc 7.", "1 warning, 1 error")
    with pytest.raises(ChronogateError, match=r"nextpnr failed \(Failed to route arc 7\): try"):
        place_and_route(tmp_path, BOARD, Cells(1, 1, 1, 1), 1, SilentProgress())


def test_missed_timing_is_refused() -> None:
    check_timing(50.0, BOARD, NETWORK)
    with pytest.raises(ChronogateError, match=r"choose --clock 40, or --clock fastest, or use"):
        check_timing(40.0, BOARD, NETWORK)
    with pytest.raises(ChronogateError, match=r"40\.0 MHz and the clock is 50 MHz \(5\.0 ns"):
        check_timing(40.0, BOARD, NETWORK)


def test_an_interrupted_run_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ulx3s-12f"
    folder.mkdir()
    (folder / "board_top.bit").write_bytes(b"earlier")

    class Interrupts(SilentProgress):
        def step(self, description: str, total: int | None = None):
            def advance(units: int) -> None:
                raise KeyboardInterrupt

            return advance

    with pytest.raises(KeyboardInterrupt):
        implement(NETWORK, BOARD, folder, Interrupts())
    assert [path.name for path in tmp_path.iterdir()] == ["ulx3s-12f"]
    assert (folder / "board_top.bit").read_bytes() == b"earlier"


def test_what_yosys_refuses_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(ChronogateError, match=r"Yosys failed .*syntax error"):
        synthesize("module board_top(;", BOARD, tmp_path, SilentProgress())


def test_a_tool_that_says_nothing_still_gives_a_sentence(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert run_logged(["false"], tmp_path, log, lambda line: None) == 1
    assert last_error(log) == "no output"


def test_boards_are_found_by_name() -> None:
    both = r"choose one of ulx3s-12f, .*tang-nano-20k, or, .* one of arty-a7-35, .*pynq-z2"
    with pytest.raises(ChronogateError, match=both):
        find_board("ulx4s")
    with pytest.raises(ChronogateError, match="--board pynq-z2` writes a project for Vivado; here"):
        find_board("pynq-z2")
    assert find_board("ulx3s-85f").device.name == "LFE5U-85F"
    assert len({board.name for board in boards()}) == len(boards())
    assert BOARD.top(NETWORK).uart.divisor == 50
    with pytest.raises(
        ChronogateError, match=r"PLL of ulx3s-12f cannot make 33 MHz .* choose 33\.3"
    ):
        BOARD.at_clock(33)


def test_a_tool_that_is_killed_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system without memory kills a tool, which then says nothing; its log stays."""
    monkeypatch.setattr(tool, "_CALL", "import os; print('Info: placing'); os.kill(os.getpid(), 9)")
    monkeypatch.setattr(implementation, "synthesize", lambda *arguments: FITS)
    with pytest.raises(ChronogateError) as problem:
        implement(NETWORK, BOARD, tmp_path / "made")
    logs = tmp_path / "made.failed"
    assert "nextpnr failed (SIGKILL ended it: it was killed, or memory ran out)" in str(
        problem.value
    )
    assert str(problem.value).endswith(f"(logs: {logs})")
    assert "Info: placing" in (logs / "made" / "nextpnr.log").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["made.failed"]


def test_a_missing_tool_says_what_to_install(tmp_path: Path) -> None:
    wanted = Tool("nextpnr-nothing", "yowasp-nextpnr-nothing", ())
    with pytest.raises(ChronogateError, match="with `pip install yowasp-nextpnr-nothing`"):
        run_tool(wanted, (), tmp_path, tmp_path / "log", lambda line: None)


def test_the_fastest_of_several_seeds_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for nextpnr, which fails with seed 2 and is fastest with seed 3."""
    code = (
        "import json, sys\n"
        "seed = int(sys.argv[sys.argv.index('--seed') + 1])\n"
        "fmax = {'fmax': {'clock': {'achieved': 40 - abs(seed - 3)}}}\n"
        "open('nextpnr.json', 'w').write(json.dumps(fmax))\n"
        "for name in ('board_top.config', 'placed.json'):\n"
        "    open(name, 'w').write(f'seed {seed}')\n"
        "sys.exit(seed == 2)\n"
    )
    monkeypatch.setattr(tool, "_CALL", code)
    best = route_best(tmp_path, BOARD, FITS, (1, 2, 3, 4), SilentProgress())
    assert (best.seed, best.fmax_mhz) == (3, 40)
    assert (tmp_path / "board_top.config").read_text() == "seed 3"
    assert (tmp_path / "placed.json").read_text() == "seed 3"
    assert not list(tmp_path.glob("*.best"))
    with pytest.raises(ChronogateError, match="nextpnr failed"):
        route_best(tmp_path, BOARD, FITS, (2,), SilentProgress())


def test_clocks_are_read() -> None:
    assert [read_clock(text) for text in (None, "fastest", "62.5")] == [None, "fastest", 62.5]
    for text in ("fast", "-3", "nan", "0"):
        with pytest.raises(ChronogateError, match="takes megahertz or `fastest`"):
            read_clock(text)
