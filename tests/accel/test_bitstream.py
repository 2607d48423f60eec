"""A real place and route of a small network, and what is said when a tool fails."""

import json
from pathlib import Path

import numpy as np
import pytest

from accel.bitstream import Implementation, implement, implementation, tool, verify_netlist
from accel.bitstream.activity import count_activity
from accel.bitstream.blocks import count_blocks, read_placement
from accel.bitstream.clock import read_clock
from accel.bitstream.place_route import place_and_route, route_best
from accel.bitstream.process import last_error, run_logged
from accel.bitstream.synthesis import synthesize
from accel.bitstream.tool import run_tool
from accel.boards import Cells, boards, find_board
from accel.boards.family import Tool
from accel.progress import SilentProgress
from hw.errors import ChronogateError
from tests.hw.drawing import draw_codes, draw_network

NETWORK = draw_network(0, "mlp")
# Twice the oscillator, so that the PLL is part of what is made and simulated.
BOARD = find_board("ulx3s-12f").at_clock(50)
CELLS = Cells(lut=10, ff=10, dsp=1, bram=1)


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


def test_changes_of_its_nets_are_counted(made: tuple[Implementation, Path, list[str]]) -> None:
    codes = draw_codes(
        np.random.default_rng(3), NETWORK.input_format, 3, NETWORK.look_back, NETWORK.features
    )
    counted = count_activity(NETWORK, BOARD, made[1], codes)
    assert counted.forecasts == 2
    # From request to request: the bytes of both, but for less than one that the host is early or
    # late; answers may be twice as long, since some bytes are sent as two.
    top, timing = BOARD.top(NETWORK), NETWORK.timing
    byte, answer = top.uart.byte_cycles, top.bridge.response_cycles()
    sent = [len(top.request(window, k).encode()) for k, window in enumerate(codes)]
    cycles = byte * np.mean(sent[1:]) + timing.window_cycles + answer
    assert cycles - byte < counted.cycles < cycles + answer
    blocks = {each.block: each for each in counted.blocks}
    for node, layer in zip(NETWORK.nodes, timing.layers, strict=True):
        found = blocks.get(node.name)
        assert (found is not None and found.products > 0) == (layer.multipliers > 0)
    # The lowest bit of a counter that never rests, in its register and before it.
    assert blocks["serial line"].nets >= 2 * counted.cycles
    with pytest.raises(ChronogateError, match="give two or more"):
        count_activity(NETWORK, BOARD, made[1], codes[:1])


def test_what_nextpnr_refuses_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says = "print('ERROR: Failed to route arc 7.\\n1 warning, 1 error')"
    monkeypatch.setattr(tool, "_CALL", f"import sys; {says}; sys.exit(1)")
    with pytest.raises(ChronogateError, match=r"nextpnr failed \(Failed to route arc 7\): try"):
        place_and_route(tmp_path, BOARD, CELLS, 1, SilentProgress())


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
    monkeypatch.setattr(implementation, "synthesize", lambda *arguments: CELLS)
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
    best = route_best(tmp_path, BOARD, CELLS, (1, 2, 3, 4), SilentProgress())
    assert (best.seed, best.fmax_mhz) == (3, 40)
    assert (tmp_path / "board_top.config").read_text() == "seed 3"
    assert (tmp_path / "placed.json").read_text() == "seed 3"
    assert not list(tmp_path.glob("*.best"))
    with pytest.raises(ChronogateError, match="nextpnr failed"):
        route_best(tmp_path, BOARD, CELLS, (2,), SilentProgress())


@pytest.mark.parametrize("name", ["ulx3s-12f", "icebreaker", "tang-nano-9k"])
def test_every_family_keeps_where_the_cells_are(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for nextpnr that, like nextpnr, takes every option once."""
    code = (
        "import json, sys\n"
        "options = dict(zip(sys.argv, sys.argv[1:]))\n"
        "twice = [word for word in options if word[0] == '-' and sys.argv.count(word) > 1]\n"
        "if set(twice) - {'--vopt'}: sys.exit(f'ERROR: {twice} more than once')\n"
        "for option in ('--textcfg', '--asc', '--write'):\n"
        "    if option in options: open(options[option], 'w').write(option)\n"
        "fmax = {'fmax': {'clock': {'achieved': 40}}}\n"
        "open(options['--report'], 'w').write(json.dumps(fmax))\n"
    )
    monkeypatch.setattr(tool, "_CALL", code)
    board = find_board(name)
    route_best(tmp_path, board, CELLS, (1, 2), SilentProgress())
    assert (tmp_path / "placed.json").read_text() == "--write"
    assert (tmp_path / board.family.routed).read_text() == board.family.output


def test_clocks_are_read() -> None:
    assert [read_clock(text) for text in (None, "fastest", "62.5")] == [None, "fastest", 62.5]
    for text in ("fast", "-3", "nan", "0"):
        with pytest.raises(ChronogateError, match="takes megahertz or `fastest`"):
            read_clock(text)
