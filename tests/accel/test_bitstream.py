"""A real place and route of a small network, and what is said when one is impossible."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from accel.bitstream import Implementation, implement, place_route, verify_netlist
from accel.bitstream.fit import check_fit, check_timing
from accel.bitstream.place_route import BITSTREAM, DoesNotFit, place_and_route
from accel.bitstream.process import last_error, run_logged
from accel.bitstream.synthesis import Cells, synthesize
from accel.boards import boards, find_board
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
    assert result.bitstream == folder / BITSTREAM
    # The preamble of an ECP5 bitstream (Lattice TN-02039, configuration details).
    assert b"\xff\xff\xbd\xb3" in result.bitstream.read_bytes()[:200]
    assert (result.board, result.device, result.clock_mhz) == ("ulx3s-12f", "LFE5U-12F", 50)
    assert result.fmax_mhz > 50
    assert result.latency_ns == NETWORK.timing.latency_cycles * 20
    assert result.dsp == sum(layer.multipliers for layer in NETWORK.timing.layers)
    assert 100 < result.lut < BOARD.device.lut
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


def test_a_board_that_is_too_small_says_by_how_much(tmp_path: Path) -> None:
    """Synthesis counts the multipliers; place and route is not even tried."""
    folder = tmp_path / "made" / "ulx3s-12f"
    with pytest.raises(ChronogateError) as problem:
        implement(wide_network(9, 4), BOARD, folder)
    text = str(problem.value)
    assert text.startswith(
        "wide does not fit ulx3s-12f: it needs 36 18 x 18 multipliers and the "
        "LFE5U-12F has 28 (8 too few); raise the ReuseFactor of 'dense'"
    )
    assert text.endswith("at least 1.3-fold, or choose --board ulx3s-45f")
    assert not list((tmp_path / "made").iterdir())


def test_every_shortage_is_named() -> None:
    fits = Cells(lut=10, ff=10, dsp=1, bram=1)
    check_fit(fits, BOARD, NETWORK)
    for kind, name in {"lut": "LUTs", "ff": "flip-flops", "bram": "block RAMs"}.items():
        needed = getattr(BOARD.device, kind) + 5
        with pytest.raises(ChronogateError, match=rf"needs {needed:,} {name} .*\(5 too few\)"):
            check_fit(replace(fits, **{kind: needed}), BOARD, NETWORK)
    largest = boards()[-1]
    with pytest.raises(ChronogateError) as problem:
        check_fit(replace(fits, lut=10**6), largest, NETWORK)
    assert "--board" not in str(problem.value)


def nextpnr_saying(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Put a nextpnr in place that says this and fails."""
    code = f"import sys; print({chr(10).join(lines)!r}); sys.exit(1)"
    monkeypatch.setattr(place_route, "_yowasp", lambda *arguments: [sys.executable, "-c", code])


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
    with pytest.raises(ChronogateError, match=r"needs 24,300 LUTs .*\(12 too few\)"):
        check_fit(problem.value.cells, BOARD, NETWORK)


def test_what_nextpnr_refuses_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nextpnr_saying(monkeypatch, "ERROR: Failed to route arc 7.", "1 warning, 1 error")
    with pytest.raises(ChronogateError, match=r"nextpnr failed \(Failed to route arc 7\): try"):
        place_and_route(tmp_path, BOARD, Cells(1, 1, 1, 1), 1, SilentProgress())


def test_missed_timing_is_refused() -> None:
    check_timing(50.0, BOARD, NETWORK)
    with pytest.raises(ChronogateError, match=r"40\.0 MHz and the clock is 50 MHz \(5\.0 ns"):
        check_timing(40.0, BOARD, NETWORK)


def test_an_interrupted_run_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ulx3s-12f"
    folder.mkdir()
    (folder / BITSTREAM).write_bytes(b"earlier")

    class Interrupts(SilentProgress):
        def step(self, description: str, total: int | None = None):
            def advance(units: int) -> None:
                raise KeyboardInterrupt

            return advance

    with pytest.raises(KeyboardInterrupt):
        implement(NETWORK, BOARD, folder, Interrupts())
    assert [path.name for path in tmp_path.iterdir()] == ["ulx3s-12f"]
    assert (folder / BITSTREAM).read_bytes() == b"earlier"


def test_what_yosys_refuses_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(ChronogateError, match=r"Yosys failed .*syntax error"):
        synthesize("module board_top(;", tmp_path, SilentProgress())


def test_a_tool_that_says_nothing_still_gives_a_sentence(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert run_logged(["false"], tmp_path, log, lambda line: None) == 1
    assert last_error(log) == "no output"


def test_boards_are_found_by_name() -> None:
    with pytest.raises(ChronogateError, match=r"choose one of ulx3s-12f, .*ulx3s-85f"):
        find_board("ulx4s")
    assert find_board("ulx3s-85f").device.name == "LFE5U-85F"
    assert len({board.name for board in boards()}) == len(boards())
    assert BOARD.top(NETWORK).uart.divisor == 50
    with pytest.raises(ChronogateError, match="the PLL cannot make 33 MHz"):
        BOARD.at_clock(33)
    for board in boards():
        board.top(NETWORK)  # the baud rate can be made from the clock


def test_the_constraints_name_every_pin() -> None:
    lpf = find_board("ulx3s-85f").lpf
    assert 'LOCATE COMP "uart_tx" SITE "L4";' in lpf
    assert 'LOCATE COMP "uart_rx" SITE "M1";' in lpf
    assert 'IOBUF PORT "clk" PULLMODE=NONE IO_TYPE=LVCMOS33;' in lpf
    assert 'FREQUENCY PORT "clk" 25 MHZ;' in lpf
    assert lpf.count("LOCATE") == lpf.count("IOBUF") == 5
