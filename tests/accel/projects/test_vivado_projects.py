"""Vivado projects: every script runs against the recorder, and planted errors are noticed."""

from pathlib import Path

import pytest

from accel.projects import find_project_board, project_boards
from accel.projects.uart_shell import UartShell
from accel.projects.zynq_shell import ZynqShell
from hw.top.dma import DmaFormat
from tests.accel.projects.constraints import Constraints
from tests.accel.projects.recorder import Problem, module_ports
from tests.accel.projects.vivado import Vivado
from tests.accel.projects.writing import NETWORK, files_of, write

ZYNQ = [board.name for board in project_boards() if isinstance(board.shell, ZynqShell)]
ARTY = ["arty-a7-35", "arty-a7-100"]
PARTS = {
    "xc7a35ticsg324-1L", "xc7a100tcsg324-1", "xc7z020clg400-1", "xczu7ev-ffvc1156-2-e",
    "xck26-sfvc784-2LV-c",
}  # fmt: skip
BOARD_PARTS = (
    "tul.com.tw:pynq-z2:part0:1.0",
    "xilinx.com:zcu104:part0:1.0",
    "xilinx.com:zcu104:part0:1.1",
    "xilinx.com:kv260_som:part0:1.4",
)


@pytest.mark.parametrize("installed", [True, False], ids=["board files", "no board files"])
@pytest.mark.parametrize("board", ZYNQ)
def test_a_block_design_is_whole(board: str, installed: bool, tmp_path: Path) -> None:
    vivado = Vivado(PARTS, BOARD_PARTS if installed else ())
    write(board, tmp_path)
    vivado.source(tmp_path / "build.tcl")
    for name in ("system.bit", "system.hwh", "system.xsa"):
        assert (tmp_path / name).exists()
    assert vivado.joined["dma/M_AXIS_MM2S"] == "accelerator/s_axis"
    assert vivado.joined["accelerator/m_axis"] == "dma/S_AXIS_S2MM"
    clocks = {source for pin, source in vivado.driven.items() if "clk" in pin.lower()}
    assert len(clocks) == 1
    assert vivado.addresses["accelerator/s_axil/reg0"][1] == 4096
    width = vivado.width("accelerator/s_axis")
    assert width == 8 * DmaFormat(NETWORK.input).word_bytes
    assert (("project", "board_part") in vivado.properties) == installed


@pytest.mark.parametrize("board", ARTY)
def test_the_uart_top_is_whole(board: str, tmp_path: Path) -> None:
    found = find_project_board(board)
    assert found is not None
    assert isinstance(found.shell, UartShell)
    write(board, tmp_path)
    vivado = Vivado(PARTS)
    vivado.source(tmp_path / "build.tcl")
    assert vivado.properties["sources_1", "top"] == "board_top"
    assert {file.name for file in vivado.files} == {"board_top.v", "board.xdc"}
    assert (tmp_path / "board_top.bit").exists()
    ports = module_ports((tmp_path / "rtl/board_top.v").read_text(), "board_top")
    pins = {pin.port: pin.site for pin in found.shell.pins}
    Constraints(ports).check(tmp_path / "constraints/board.xdc", pins, "clk", 10.0)


@pytest.mark.parametrize("board", [*ARTY, *ZYNQ])
def test_the_accelerator_is_packaged(board: str, tmp_path: Path) -> None:
    write(board, tmp_path)
    vivado = Vivado(PARTS)
    vivado.source(tmp_path / "ip/package_ip.tcl")
    assert vivado.associated == {"s_axis", "m_axis", "s_axil"}
    assert vivado.properties["map/s_axil/reg0", "range"] == "4096"
    assert not [name for name in vivado.core if "irq" in name or "interrupt" in name]
    Constraints(vivado.core).source(tmp_path / "ip/clock.xdc")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("build.tcl", "update_ip_catalog", "update_ip_katalog", "invalid command"),
        ("build.tcl", "-part xc7z020clg400-1", "-part xc7z020clg400-9", "no part"),
        ("build.tcl", "ip package_ip.tcl", "package_ip.tcl", "couldn't read"),
        ("ip/package_ip.tcl", "accelerator_dma.v", "accelerator.v", "no file"),
        ("ip/package_ip.tcl", "-clock aclk", "-clock clk", "no port clk"),
        ("ip/package_ip.tcl", "m_axis s_axil", "s_axil", "m_axis have no clock"),
        ("rtl/accelerator_dma.v", "m_axis_tready;", "m_axis_tredy;", "m_axis"),
        ("block_design.tcl", "{dma/s2mm_introut interrupts/In1}", "", "interrupts/In1 is not"),
        ("block_design.tcl", "accelerator/aclk ", "", "accelerator/aclk is not connected"),
        ("block_design.tcl", "control/M00_AXI dma/S_AXI_LITE", "", "is not connected"),
        ("block_design.tcl", "xilinx.com:ip:axi_dma]", "xilinx.com:ip:axidma]", "has no"),
        ("block_design.tcl", "0x40010000", "0x4000F000", "overlap"),
        ("block_design.tcl", "s2mm_tdata_width {", "s2mm_tdata_width {1", "different widths"),
        ("block_design.tcl", "ps/S_AXI_HP0\n", "ps/S_AXI_HP1\n", "no interface"),
        ("block_design.tcl", ' make_external "FIXED_IO, DDR"', "", "ps/DDR is not connected"),
    ],
)
def test_a_planted_error_is_noticed(
    file: str, old: str, new: str, message: str, tmp_path: Path
) -> None:
    write("pynq-z2", tmp_path, {file: (old, new)})
    with pytest.raises(Problem, match=message):
        Vivado(PARTS).source(tmp_path / "build.tcl")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("get_ports uart_rx", "get_ports uart_rxd", "no port uart_rxd"),
        ("PACKAGE_PIN A9 ", "PACKAGE_PIN A8 ", "the pins are"),
        ("PACKAGE_PIN A9 ", "PACKAGE_PIN D10 ", "two ports at D10"),
        ("-period 10.000", "-period 8.000", "the clocks are"),
        ("set_property IOSTANDARD LVCMOS33 [get_ports clk]", "", "clk have no voltage"),
    ],
)
def test_planted_errors_in_constraints(old: str, new: str, message: str, tmp_path: Path) -> None:
    found = find_project_board("arty-a7-35")
    assert found is not None
    assert isinstance(found.shell, UartShell)
    write(found.name, tmp_path, {"constraints/board.xdc": (old, new)})
    ports = module_ports(files_of(found.name)["rtl/board_top.v"], "board_top")
    pins = {pin.port: pin.site for pin in found.shell.pins}
    with pytest.raises(Problem, match=message):
        Constraints(ports).check(tmp_path / "constraints/board.xdc", pins, "clk", 10.0)
