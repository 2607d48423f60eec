"""Verilator's own lint of the Verilog: no warning but the two on widths."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hw.network.design import Design
from hw.network.mode import Mode
from hw.top.verilog import design_verilog
from sim.toolchain import find_toolchain
from tests.hw.delta_networks import delta_network
from tests.hw.drawing import draw_network
from tests.hw.gates import draw_gated
from tests.hw.graphs import draw_graph
from tests.hw.many_ports import many_ports

DESIGNS: dict[str, Callable[[], Design]] = {
    **{
        kind: lambda kind=kind: draw_network(2, kind)
        for kind in ("mlp", "simple_rnn", "lstm", "gru_before", "gru_after")
    },
    "delta": lambda: delta_network(1, "lstm", Mode.WINDOW),
    "gated": lambda: draw_gated(1, "gru_after"),
    "graph": lambda: draw_graph(3),
    "many ports": many_ports,
}

_WARNING = re.compile(r"%(?:Warning|Error)-(\w+)")


@pytest.mark.parametrize("name", DESIGNS)
def test_no_warning_but_those_on_widths(name: str, tmp_path: Path) -> None:
    toolchain = find_toolchain()
    control = name != "many ports"
    verilog = design_verilog(DESIGNS[name](), control=control)
    (tmp_path / "accelerator.v").write_text(verilog, encoding="utf-8")
    run = subprocess.run(
        [
            *toolchain.verilator, "--lint-only", "-Wno-fatal", "--top-module", "accelerator",
            "accelerator.v",
        ],
        cwd=tmp_path, env=toolchain.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(_WARNING.findall(run.stderr)) <= {"WIDTHEXPAND", "WIDTHTRUNC"}
