"""The boards that bitstreams can be made for.

A new board is one more entry in a file of `accel.boards.entries`, a new family of FPGAs one more
file beside `accel.boards.ecp5`.
"""

from accel.boards.board import Board, Pin
from accel.boards.device import Cells, Device
from accel.boards.registry import boards, find_board

__all__ = ["Board", "Cells", "Device", "Pin", "boards", "find_board"]
