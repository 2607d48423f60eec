"""What the testbench has not met, and layers that take other cycles, fail a verification."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import accel.flow.adaptive
import accel.flow.steps
from accel.cli import app
from accel.report.covered import CoverageBin, coverage_bins, coverage_rows
from accel.report.schema import LayerCycles
from accel.report.verdict import agreement, judge, uncovered
from accel.runs.json_files import read_json, write_json
from accel.runs.run import open_run
from sim.coverage.bins import Bin
from sim.layer_cycles import LayerCount
from sim.verification import CycleReport, Verification
from tests.accel.report.reports import report

CYCLES = CycleReport(10, 10, 20, 30, 5)
MET = Bin("m_axis", "taken at once", 7)
LOST = Bin("m_axis", "stall of 1 cycle")
IMPOSSIBLE = Bin("s_axis", "tlast a beat too early", excluded="a window is one beat")


def verification(*bins: Bin) -> Verification:
    return Verification(
        5, 50, 0, 1, ("back_to_back",), "Verilator", ("reference", "rtl"), CYCLES, CYCLES,
        coverage=bins,
    )  # fmt: skip


@pytest.mark.parametrize(("bins", "code"), [((MET, IMPOSSIBLE), 0), ((MET, LOST), 1)])
def test_verify_ends_with_1_and_names_the_bin(
    bins: tuple[Bin, ...], code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    with open_run(run, create=True):
        pass
    monkeypatch.setattr(accel.flow.steps, "verify_step", lambda *_: verification(*bins))
    monkeypatch.setattr(accel.flow.adaptive, "load_adaptive", lambda run: None)
    result = CliRunner().invoke(app, ["verify", str(run)])
    assert result.exit_code == code, result.output
    named = "never met 1 of its 2 coverage bins (m_axis: stall of 1 cycle)"
    assert (named in " ".join(result.output.split())) == bool(code)


def test_layers_that_take_other_cycles_fail() -> None:
    layers = (LayerCount("gru", 7, 20),)
    found = replace(verification(MET), layers_predicted=layers, layers_counted=layers)
    assert found.passed
    assert not replace(found, layers_counted=(LayerCount("gru", 8, 20),)).passed
    assert not replace(found, coverage=(LOST,)).passed
    assert replace(found, coverage=(LOST,)).agrees


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = replace(verification(MET, LOST, IMPOSSIBLE), layers_counted=(LayerCount("a", 1, None),))
    write_json(tmp_path / "verification.json", found)
    assert read_json(tmp_path / "verification.json", Verification) == found


def test_the_page_says_what_became_of_the_bins() -> None:
    rows = coverage_rows(coverage_bins((MET, LOST, IMPOSSIBLE)))
    assert rows == [
        ("m_axis", "1 of 2", "stall of 1 cycle: missing"),
        ("s_axis", "0 of 1", "tlast a beat too early: impossible, a window is one beat"),
    ]


def test_the_verdict_is_bad() -> None:
    run = report("a")
    latency = replace(run.latency, simulated=run.latency.predicted)
    done = replace(run.verification, mismatches=0, realizations=("rtl",), values_compared=3)
    run = replace(run, latency=latency, verification=done)
    assert (agreement(run), judge(run).kind) == (True, "good")
    lost = (CoverageBin("m_axis", "stall", 0, "missing"),)
    run = replace(run, verification=replace(done, coverage=lost))
    assert uncovered(run) == ["m_axis: stall"]
    assert judge(run).kind == "bad"
    late = (LayerCycles("gru", 3, 4, 1, 1.0, 0, 5, 3, 3),)
    run = replace(run, latency=replace(latency, layers=late))
    assert agreement(run) is False
    assert "cycles of gru are not the predicted ones" in judge(run).detail
