"""The estimate of power: its arithmetic by hand, what nets count for, and what is shown of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from accel.bitstream.activity import (
    NAMED_VERILOG,
    Activity,
    BlockToggles,
    Driver,
    name_nets,
    net_toggles,
)
from accel.bitstream.power import PowerEstimate, estimate_power
from accel.boards import find_board
from accel.boards.ice40 import ULTRAPLUS_SWITCHING
from accel.boards.power import Span
from accel.flow.power import power_step
from accel.report.compare import compare
from accel.report.implementation import Implementation
from accel.report.power_page import describe_power, power_rows
from accel.runs.run import open_run
from hw.errors import ChronogateError
from hw.network.serialization import save_network
from tests.accel.report.reports import report
from tests.accel.test_blocks import cell
from tests.hw.drawing import draw_network

BLOCKS = (
    BlockToggles("gru", 9_000.0, 1_000.0),
    BlockToggles("dense", 500.0, 0.0),
    BlockToggles("streams", 100.0, 0.0),
    BlockToggles("join", 50.0, 0.0),
)
# At the board's 12 MHz, 4,000 forecasts a second.
COUNTED = Activity(4, 3_000.0, BLOCKS)
ESTIMATE = estimate_power(find_board("icebreaker"), COUNTED)


def close(found: float | None, wanted: float) -> bool:
    return found is not None and abs(found - wanted) < 1e-6 * wanted


def test_the_energies_are_those_of_the_measured_currents() -> None:
    """27.8 uA for seven counters, 351 uA for the product in LUTs, 237 uA in a multiplier."""
    found = ULTRAPLUS_SWITCHING
    assert round(found.clock_pj, 2) == 52.97
    assert (round(found.net_pj.low, 4), round(found.net_pj.high, 4)) == (0.0807, 0.5129)
    assert (round(found.product_pj.low, 2), round(found.product_pj.high, 2)) == (1.99, 2.99)


def test_the_estimate_by_hand() -> None:
    """Energies go from 1.219 V to 1.2 V by the square."""
    scale, found = (1.2 / 1.219) ** 2, ULTRAPLUS_SWITCHING
    assert ESTIMATE.toggles_per_forecast == 10_650
    assert round(ESTIMATE.forecasts_per_second, 6) == 4_000
    assert [block.block for block in ESTIMATE.blocks] == ["gru", "dense", "streams", "join"]
    assert close(ESTIMATE.static_mw, 0.09)
    assert close(ESTIMATE.clock_mw, 12e6 * found.clock_pj * scale * 1e-9)
    low = (9_650 * found.net_pj.low + 1_000 * found.product_pj.low) * scale
    high = (9_650 * found.net_pj.high + 1_000 * found.product_pj.high) * scale
    assert ESTIMATE.switching_mw is not None
    assert close(ESTIMATE.switching_mw.low, low * 4_000 * 1e-9)
    assert close(ESTIMATE.switching_mw.high, high * 4_000 * 1e-9)
    total, energy = ESTIMATE.total_mw, ESTIMATE.energy_per_forecast_uj
    assert total is not None
    assert energy is not None
    assert close(total.high, 0.09 + 12e6 * found.clock_pj * scale * 1e-9 + high * 4_000 * 1e-9)
    assert close(energy.low, total.low / 4_000 * 1e3)
    assert sum("iCE40" in source for source in ESTIMATE.sources) == 2


@pytest.mark.parametrize(
    ("board", "static"), [("ulx3s-12f", 84.7), ("ice40-hx8k", 1.368), ("tang-nano-9k", None)]
)
def test_what_no_source_gives_is_not_guessed(board: str, static: float | None) -> None:
    found = estimate_power(find_board(board), COUNTED)
    assert static is None or close(found.static_mw, static)
    assert (found.static_mw is None) == (static is None)
    assert (found.clock_mw, found.switching_mw, found.total_mw) == (None, None, None)
    assert found.energy_per_forecast_uj is None
    assert all(block.energy_nj is None for block in found.blocks)
    assert found.toggles_per_forecast == 10_650
    device = find_board(board).device.name
    assert found.sources[1] == f"no source was found for the energy of switching in the {device}"


def test_each_net_has_one_wire_and_counts_for_what_drives_it(tmp_path: Path) -> None:
    """In -> lut -> gru register -> multiplier of dense, with a name for every net but the pin's."""
    cells = {
        "lut": cell("SB_LUT4", "", [2], 3),
        "gru": cell("SB_DFF", "", [3], 4, "accelerator.core.gru"),
        "dense": cell("SB_MAC16", "", [4], 5, "accelerator.core.dense"),
        "line": cell("SB_DFF", "", [5], 6, "bridge"),
    }
    top = {
        "attributes": {"top": "1"},
        "ports": {
            "pin": {"direction": "input", "bits": [2]},
            "out": {"direction": "output", "bits": [6]},
        },
        "cells": cells,
        # Synthesis leaves several names for one net, and vectors of nets of several blocks.
        "netnames": {
            "many": {"hide_name": 0, "bits": [3, 4, 5], "attributes": {}},
            "again": {"hide_name": 0, "bits": [4], "attributes": {}},
        },
    }
    netlist = tmp_path / "netlist.json"
    netlist.write_text(json.dumps({"creator": "test", "modules": {"board_top": top}}))
    assert name_nets(netlist, tmp_path) == {
        3: Driver("gru", False),
        4: Driver("gru", False),
        5: Driver("dense", True),
        6: Driver("serial line", False),
    }
    text = (tmp_path / NAMED_VERILOG).read_text()
    assert "many" not in text
    assert "again" not in text
    for net in (3, 4, 5):
        assert text.count(f"wire net{net};") == 1
    with pytest.raises(ChronogateError, match="run `accel bitstream` for this board again"):
        name_nets(tmp_path / "absent.json", tmp_path)


def test_changes_are_read_by_net(tmp_path: Path) -> None:
    wave = tmp_path / "x.vcd"
    wave.write_text(
        "$scope module TOP $end\n$var wire 1 ! clk $end\n$scope module board_top $end\n"
        '$var wire 1 ! clk $end\n$var wire 1 " net3 $end\n$var wire 1 # net40 $end\n'
        '$upscope $end\n$upscope $end\n$enddefinitions $end\n#0\n0!\n0"\n1#\n#1\n1!\n1"\n'
        '#2\n0"\n0#\n#3\n1"\n'
    )
    assert net_toggles(wave) == {3: 3, 40: 1}


def test_what_is_shown(tmp_path: Path) -> None:
    rows = dict(power_rows(ESTIMATE))
    assert rows["changes of nets for one forecast"] == "10,650, counted over 4"
    assert rows["while nothing switches"] == "0.09 mW"
    assert rows["clock network"] == "0.62 mW"
    assert rows["nets"] == "0.01 to 0.03 mW"
    part = describe_power(ESTIMATE, "icebreaker")
    assert "energy for one forecast, nJ (estimate)" in part.drawing
    assert "2 others" in part.drawing  # streams and join hardly switch
    blind = estimate_power(find_board("tang-nano-9k"), COUNTED)
    assert dict(power_rows(blind))["nets"] == "–"
    assert "changes of nets for one forecast" in describe_power(blind, "tang-nano-9k").drawing


def test_runs_are_compared_by_it() -> None:
    with_power, without = _report(ESTIMATE), _report(None)
    (group,) = (g for g in compare([with_power, without]) if g.title == "On board (part)")
    shown = {row.name: [cell.text for cell in row.cells] for row in group.rows}
    assert shown["power of the core (estimate)"] == ["0.72 to 0.74 mW", "–"]
    assert shown["one forecast (estimate)"] == ["0.18 to 0.18 µJ", "–"]
    assert shown["changes of nets for it"] == ["10,650", "–"]
    assert json.loads(json.dumps(shown))


def _report(power: PowerEstimate | None):
    made = report("x", fmax=50.0)
    routed: Implementation = made.implementations[0]
    return replace(made, implementations=(replace(routed, power=power),))


def test_without_a_bitstream_the_sentence_says_what_to_run(tmp_path: Path) -> None:
    with open_run(tmp_path, create=True) as run:
        save_network(draw_network(0, "mlp"), run.folder)
        with pytest.raises(ChronogateError, match="no bitstream for ulx3s-12f: run `accel bits"):
            power_step(run, board="ulx3s-12f")


def test_spans_add_up() -> None:
    assert Span(1.0, 2.0) + Span(3.0, 5.0) == Span(4.0, 7.0)
    assert Span(1.0, 2.0).times(3.0) == Span(3.0, 6.0)
