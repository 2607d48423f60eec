"""The hand-off to a chip: files that fit together, memories apart, a network for TinyTapeout."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from accel.bitstream import yosys_worker
from accel.projects.asic.check import HandOffError, check_hand_off
from accel.projects.asic.hand_off import TILE_UM, HandOff, hand_off
from accel.projects.asic.memories import split
from accel.projects.asic.process import PROCESSES, Process, find_process
from hw import (
    Activation,
    Dense,
    FixedPoint,
    Function,
    Network,
    Node,
    Overflow,
    Port,
    Quantizer,
    Rounding,
    SimpleRNN,
)
from hw.errors import ChronogateError
from hw.top.axi import accelerator_verilog
from sim.rtl_model import RtlModel
from tests.accel.projects.recorder import Recorder, split_options
from tests.hw.drawing import draw_codes, draw_network

_SAMPLE = FixedPoint(4, 1, True, Rounding.RND_CONV, Overflow.SAT)


def tiny() -> Network:
    """Return a forecaster of one feature of four bits, for 2x2 tiles."""
    rng = np.random.default_rng(5)
    weight = FixedPoint(3, 1, True, Rounding.RND_CONV, Overflow.SAT)
    state = Quantizer(Function.LINEAR, _SAMPLE)
    units, steps = 3, 4
    rnn = SimpleRNN(
        kernel=draw_codes(rng, weight, 1, units),
        recurrent_kernel=draw_codes(rng, weight, units, units),
        bias=draw_codes(rng, weight, units),
        steps=steps,
        input=_SAMPLE,
        kernel_format=weight,
        recurrent_format=weight,
        bias_format=weight,
        activation=state,
        state=_SAMPLE,
        input_reuse=3,
        recurrent_reuse=9,
    )
    dense = Dense(
        draw_codes(rng, weight, units, 1),
        draw_codes(rng, weight, 1),
        _SAMPLE,
        weight,
        weight,
        reuse=3,
    )
    out = Activation(1, dense.outputs[0].format, state)
    nodes = (
        Node("rnn", rnn, ("input",)),
        Node("dense", dense, ("rnn",)),
        Node("out", out, ("dense",)),
    )
    return Network("tiny", (Port("input", 1, _SAMPLE, steps),), nodes, ("out",))


@pytest.fixture(scope="module")
def made() -> HandOff:
    return hand_off(tiny(), find_process("sky130"), 50.0, tiles="2x2")


def test_it_fits_two_by_two_tiles(made: HandOff) -> None:
    width, height = TILE_UM["2x2"]
    assert made.estimate.gate_equivalents == 3240
    assert made.estimate.core_area_um2 < width * height
    assert "tt_um_chronogate" in made.files["rtl/top.v"]


@pytest.mark.parametrize("process", PROCESSES[1:], ids=lambda process: process.name)
def test_the_files_fit_together(process: Process, tmp_path: Path) -> None:
    files = hand_off(tiny(), process, process.clock_mhz, registers=False).files
    check_hand_off(files)
    (tmp_path / "design.sdc").write_text(files["design.sdc"])
    sdc = Recorder()
    ports: list[str] = []
    valued = {"-name", "-period", "-clock"}
    for name in ("create_clock", "set_clock_uncertainty", "set_input_delay", "set_output_delay"):
        sdc.command(name, lambda *words: split_options(words, valued, set()))
    for name in ("get_ports", "get_clocks"):
        sdc.command(name, lambda name: ports.append(name) or name)
    sdc.command("all_inputs", lambda *words: "s_axis_tvalid")
    sdc.command("all_outputs", lambda: "m_axis_tvalid")
    sdc.source(tmp_path / "design.sdc")
    assert set(ports) == {"aclk"}


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("config.json", "CLOCK_PERIOD", "CLOCK_PERIODE", "no variable CLOCK_PERIODE"),
        ("config.json", "dir::rtl/top.v", "dir::rtl/tops.v", "no file dir::rtl/tops.v"),
        ("config.json", '"clk"', '"clock"', "no port clock"),
        ("config.json", '"tt_um_chronogate"', '"tt_um"', "0 sources have the module tt_um"),
        ("design.sdc", "-period 20.000", "-period 10.000", "another clock"),
        ("pin_order.cfg", "ena\n", "", "the pin ena has 0 places"),
        ("pin_order.cfg", "ena\n", "ena\nenable\n", "no pin is enable"),
        ("pin_order.cfg", "ena\n", "ena\nui_.*\n", "has 2 places"),
    ],
)
def test_a_planted_error_is_noticed(
    made: HandOff, file: str, old: str, new: str, message: str
) -> None:
    assert old in made.files[file]
    with pytest.raises(HandOffError, match=message):
        check_hand_off({**made.files, file: made.files[file].replace(old, new)})


def test_what_does_not_fit_tiles() -> None:
    wide = draw_network(3, "mlp")
    with pytest.raises(ChronogateError, match="pins for beats of one byte"):
        hand_off(wide, find_process("sky130"), 50.0, tiles="2x2")
    with pytest.raises(ChronogateError, match="1x1 tiles have 17,955"):
        hand_off(tiny(), find_process("sky130"), 50.0, tiles="1x1")
    with pytest.raises(ChronogateError, match="known for sky130, not for gf180"):
        hand_off(tiny(), find_process("gf180"), 50.0, tiles="2x2")
    with pytest.raises(ChronogateError, match="choose one of sky130"):
        find_process("sky90")


def test_the_tiny_top_is_sound(made: HandOff, tmp_path: Path) -> None:
    """Yosys joins wrapper and accelerator: every port is there, nothing is undriven."""
    assert lint(made.files["rtl/top.v"] + made.files["rtl/accelerator.v"], tmp_path) == ""
    wrong = made.files["rtl/top.v"].replace(".m_axis_tready", ".m_axis_ready")
    assert "m_axis_ready" in lint(wrong + made.files["rtl/accelerator.v"], tmp_path)


def lint(text: str, folder: Path) -> str:
    (folder / "top.v").write_text(text)
    top = "tt_um_chronogate"
    passes = ["read_verilog top.v", f"hierarchy -check -top {top}", "proc", "check -assert"]
    return run_yosys([*passes, "select -assert-none t:$dlatch t:$sr"], folder)


def run_yosys(passes: list[str], folder: Path) -> str:
    """Run passes; return what Yosys said when it failed."""
    (folder / "passes.ys").write_text("\n".join(passes) + "\n")
    command = [sys.executable, yosys_worker.__file__, "passes.ys"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout[-2000:] + done.stderr[-2000:]


def test_memories_apart_and_nothing_known_at_power_on(tmp_path: Path) -> None:
    """With random contents of every flip-flop and memory, the forecasts are those of the model."""
    network = tiny()
    apart = split(accelerator_verilog(network), "accelerator", tmp_path, macro_bits=8)
    [ram] = apart.rams
    assert (ram.words, ram.width, ram.initialized) == (4, 7, False)
    assert ram.name in apart.logic
    assert f"module {ram.name}(" in apart.memories
    assert "reg [6:0]" not in apart.logic.split("module")[0]
    assert " initial" not in apart.logic
    (tmp_path / "chip.v").write_text(apart.logic + apart.memories)
    passes = ["read_verilog chip.v", "hierarchy -check -top accelerator", "proc", "flatten"]
    passes += ["memory", "setundef -init -random 7", "write_verilog -noattr random.v"]
    assert run_yosys(passes, tmp_path) == ""
    text = (tmp_path / "random.v").read_text()
    assert "= 1'h1;" in text
    codes = draw_codes(np.random.default_rng(1), network.input_format, 60, network.look_back, 1)
    with RtlModel(network, tmp_path / "m", verilog=text, further=("-Wno-CASEOVERLAP",)) as model:
        outputs = model.run(codes).outputs
    assert (outputs == network.reference(codes)).all()


def test_tiny_tapeouts_own_file_says_what_the_wrapper_is(made: HandOff) -> None:
    """Version 6 of info.yaml: every pin once, by the directions that the wrapper drives."""
    found = yaml.safe_load(made.files["info.yaml"])
    project, pins = found["project"], found["pinout"]
    assert found["yaml_version"] == 6
    assert (project["tiles"], project["clock_hz"]) == ("2x2", 50_000_000)
    assert f"module {project['top_module']} (" in made.files["rtl/top.v"]
    assert {f"rtl/{name}" for name in project["source_files"]} == {
        name for name in made.files if name.endswith(".v")
    }
    assert set(pins) == {f"{bus}[{k}]" for bus in ("ui", "uo", "uio") for k in range(8)}
    driven = re.search(r"uio_oe = 8'b([01]{8});", made.files["rtl/top.v"])
    assert driven is not None
    outputs = {k for k in range(8) if driven[1][7 - k] == "1"}
    assert outputs == {k for k in range(8) if pins[f"uio[{k}]"].startswith("out: ")}
