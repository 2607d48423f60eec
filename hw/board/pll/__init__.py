"""Phase-locked loops, one file for each family of FPGAs."""

from hw.board.pll.ecp5 import Ecp5Pll
from hw.board.pll.gowin import GowinPll
from hw.board.pll.ice40 import Ice40Pll
from hw.board.pll.pll import Pll, PllComponent, pll_for
from hw.board.pll.xilinx7 import Xilinx7Pll

__all__ = ["Ecp5Pll", "GowinPll", "Ice40Pll", "Pll", "PllComponent", "Xilinx7Pll", "pll_for"]
