"""Vivado block designs: the processors of a Zynq, a DMA engine and the accelerator."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np

from accel.projects.board import Files
from accel.projects.render import render
from accel.projects.vivado import Ip
from hw.control.header import c_header
from hw.control.map import control_map, host_memories
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.stream import Port
from hw.top.dma import DmaFormat, dma_verilog

_MODULE = "accelerator_dma"
_TOP = "system_wrapper"
_GOLDEN_WINDOWS = 16
_CLOCKS_MHZ = (10.0, 300.0)


@dataclass(frozen=True)
class Processor:
    """The processors of a family, as IP of a block design.

    Parameters
    ----------
    ip
        Its IP.
    settings
        Parameters: one port to the registers, one to the memory, interrupts.
    clock_setting
        The parameter that is the clock's frequency in megahertz.
    clock, reset
        Pins that clock and reset the logic.
    bus_clocks
        Pins that take the clock of the two ports.
    registers, memory, interrupt
        Port to the registers, port to the memory, pin of the interrupts.
    base
        Where the logic's registers begin: the DMA's there, the accelerator's 64 KiB on.
    address_space
        The address space of its programs.
    automation
        Rule that applies a board's preset, and what it is to do beside.
    """

    ip: str
    settings: tuple[tuple[str, str], ...]
    clock_setting: str
    clock: str
    reset: str
    bus_clocks: tuple[str, ...]
    registers: str
    memory: str
    interrupt: str
    base: int
    address_space: str
    automation: tuple[str, str]


@dataclass(frozen=True)
class ZynqShell:
    """A Zynq with the accelerator behind a DMA engine.

    Parameters
    ----------
    processor
        Its processors.
    board_part
        Pattern of the names of Vivado's board files.
    clock_mhz
        The clock that the processors make.
    settings
        Parameters of the processors that are the board's own.
    connections
        Value of the property ``board_connections``, where the board is two of them.
    """

    processor: Processor
    board_part: str
    clock_mhz: float = 100.0
    settings: tuple[tuple[str, str], ...] = ()
    connections: str = ""
    tool: str = "Vivado"
    command: str = "vivado -mode batch -source build.tcl"

    def at_clock(self, clock_mhz: float) -> ZynqShell:
        """Return the shell with another clock; the processors' dividers may miss it a little.

        Raises
        ------
        ChronogateError
            When they cannot make it.
        """
        low, high = _CLOCKS_MHZ
        if not low <= clock_mhz <= high:
            raise ChronogateError(
                f"its logic runs at {low:g} to {high:g} MHz, not {clock_mhz:g}: choose a --clock "
                "within"
            )
        return replace(self, clock_mhz=clock_mhz)

    def with_registers(self) -> ZynqShell:
        """Return the shell itself: its registers are on the processors' bus."""
        return self

    def files(self, network: Network, part: str) -> Files:
        """Return the project, a driver for PYNQ, and windows with their forecasts.

        Raises
        ------
        ChronogateError
            When `network` is none for DMA engines (`hw.top.dma.check_dma`).
        """
        verilog = dma_verilog(network, _MODULE)
        ip = Ip(_MODULE, ("s_axis",), ("m_axis",))
        build = render("vivado/build_zynq.tcl.j2", shell=self, part=part, top=_TOP)
        given, taken = DmaFormat(network.input), DmaFormat(network.output)
        design = render(
            "vivado/block_design.tcl.j2", shell=self, ps=self.processor, ip=ip,
            given=given, taken=taken,
        )  # fmt: skip
        registers = control_map(network, host_memories(network))
        return {
            f"rtl/{_MODULE}.v": verilog,
            **ip.files(part, self.clock_mhz),
            "block_design.tcl": design,
            "build.tcl": build,
            "pynq/chronogate_pynq.py": render("pynq/chronogate_pynq.py.j2"),
            "pynq/forecast.ipynb": render("pynq/forecast.ipynb.j2"),
            "pynq/design.json": _describe(network),
            "sw/chronogate.h": c_header(registers),
            "README.md": render("zynq_readme.md.j2", network=network, shell=self, part=part),
        }


def _describe(network: Network) -> str:
    """Return what the driver needs to know, and golden windows to test a board with."""
    registers = control_map(network, host_memories(network))
    grid = network.input.format.plain()
    shape = (_GOLDEN_WINDOWS, network.input.beats, network.input.channels)
    codes = np.random.default_rng(0).integers(
        grid.minimum, grid.maximum, shape, dtype=np.int64, endpoint=True
    )
    windows = codes if network.input.steps is not None else codes[:, 0]
    document = {
        "name": network.name,
        "input": _layout(network.input),
        "output": _layout(network.output),
        "registers": {register.name: offset for offset, register in registers.placed},
        "constants": {
            register.name: register.fields[0].reset
            for _, register in registers.placed
            if register.name.startswith(("identity", "network_hash"))
        },
        "golden": {"codes": codes.tolist(), "forecasts": network.reference(windows).tolist()},
    }
    return json.dumps(document) + "\n"


def _layout(port: Port) -> dict[str, int | bool]:
    format = DmaFormat(port)
    return {
        "beats": port.beats,
        "values": port.channels,
        "value_bytes": format.value_bytes,
        "beat_bytes": format.padded_bytes,
        "signed": port.format.signed,
        "fraction_bits": port.format.fraction,
    }
