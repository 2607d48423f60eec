"""A board top in Verilator, its UART pins behind a pipe."""

import subprocess
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from hw.board.slip import END
from hw.board.top import TOP_NAME, BoardTop
from hw.errors import ChronogateError
from sim.netlist import build_program

_SERVER = Path(__file__).with_name("board_server.cpp")


class BoardModel:
    """A running simulation of a board top; the PLL is left out, cycles have no megahertz.

    Parameters
    ----------
    top
        The board top.
    folder
        Where Verilator builds; made when missing. What was built there of the same top is used.
    optimize
        The compiler's optimization option.

    Raises
    ------
    ChronogateError
        When a tool is missing or fails.
    """

    def __init__(self, top: BoardTop, folder: Path, optimize: str = "-O2") -> None:
        program = _build(replace(top, pll=None).verilog(), folder, optimize)
        numbers = (top.uart.divisor, END, top.reset_cycles)
        self._process = subprocess.Popen(
            [str(program), *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def exchange(self, line: bytes, cycles: int) -> bytes:
        """Put bytes on the line, wait for a closed frame, at most `cycles`; return what came.

        Raises
        ------
        ChronogateError
            When the simulation has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{cycles} {line.hex()}\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise ChronogateError("the simulated board has ended: connect again")
        return bytes.fromhex(answer.strip())

    def close(self) -> None:
        """End the simulation."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> "BoardModel":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _build(verilog: str, folder: Path, optimize: str) -> Path:
    built = folder / "built.v"
    program = folder / "program"
    if program.exists() and built.exists() and built.read_text(encoding="utf-8") == verilog:
        return program
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "board_top.v"
    source.write_text(verilog, encoding="utf-8")
    build_program([source, _SERVER], TOP_NAME, None, folder, optimize).replace(program)
    source.replace(built)
    return program
