"""Simulation of the synthesized netlist of a board, from UART pin to UART pin.

What place and route gets, LUTs, carry chains, flip-flops, multipliers and block RAMs, is built
with Verilator from Yosys's own cell models; a host in C++ drives the receive pin bit by bit and
reads the transmit pin. Equal answers show that synthesis dropped nothing and changed nothing.
"""

import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hw.board.link import SEQUENCES, Frame
from hw.board.slip import END, decode_frames
from hw.board.top import TOP_NAME, BoardTop
from hw.errors import ChronogateError
from sim.cell_models import CellModels
from sim.runtime import cache_folder, keep, lend
from sim.toolchain import Toolchain, find_toolchain

_HERE = Path(__file__).parent
_HARNESS = _HERE / "netlist_harness.cpp"

# Warnings about code that is Yosys's: cells_sim.v assigns memories in `initial` with `<=`, and the
# netlist leaves out pins, ties words to narrower ones and names wires as it likes.
_WAIVED = (
    "INITIALDLY",
    "PINMISSING",
    "WIDTHEXPAND",
    "WIDTHTRUNC",
    "DECLFILENAME",
    "MODDUP",
    "SPECIFYIGN",
    "UNOPTFLAT",
    "CASEINCOMPLETE",
    "LITENDIAN",
    "ASCRANGE",
    "GENUNNAMED",
    "MULTIDRIVEN",
    "IMPLICIT",
    "TIMESCALEMOD",
    "CMPCONST",
)

_GLOBAL = ("OPT_SLOW=-O0", "OPT_GLOBAL=-O1")
"""Of what runs once, and of Verilator's own C++ (`sim.runtime`)."""

_PROBLEM = re.compile("%Error|%Warning|error:|not found|No such file")


def simulate_netlist(
    netlist: Path,
    top: BoardTop,
    models: CellModels,
    windows: np.ndarray,
    folder: Path,
    tick: Callable[[int], None] | None = None,
    wave: Path | None = None,
) -> np.ndarray:
    """Send windows to the synthesized board and return the forecasts that come back.

    As `hw.board.link` wants it, every window waits for the forecast of the one before.

    Parameters
    ----------
    netlist
        Verilog that Yosys wrote after synthesis, module ``board_top``.
    top
        The board top it was made from, for the divisor and the formats.
    models
        Of the cells of its family.
    windows
        Input codes ``(N, T, F)``, or ``(N, F)`` where a window is one beat.
    folder
        Where Verilator builds; made when missing.
    tick
        Called with 1 for each forecast received.
    wave
        File (VCD) for what the top's own wires do from the second window on, one time for each
        cycle. A build that writes it takes longer, and runs slower.

    Returns
    -------
    numpy.ndarray
        int64 output codes ``(N, n_out)``.

    Raises
    ------
    ChronogateError
        When a forecast is missing or garbled, which a netlist that is right never does, or when
        a tool is missing.
    """
    traced = wave is not None
    program = build_program([netlist, _HARNESS], TOP_NAME, models, folder, traced=traced)
    frames = [
        top.request(window, number % SEQUENCES).encode() for number, window in enumerate(windows)
    ]
    lines = _run(program, top, frames, tick, wave)
    return np.stack([top.response(_body(line)) for line in lines])


def build_program(
    sources: list[Path],
    top_name: str,
    models: CellModels | None,
    folder: Path,
    optimize: str = "-O1",
    traced: bool = False,
) -> Path:
    """Build Verilog and the C++ that drives it with Verilator.

    Parameters
    ----------
    sources
        Verilog and C++ files.
    top_name
        The module to drive, class ``V<top_name>`` in the C++.
    models
        Of the cells that synthesis has mapped to, if it has.
    folder
        Where to build; made when missing.
    optimize
        Flag of the C++ compiler. For gates -O1 is enough: compiling them costs more than it gives.
    traced
        Whether the C++ can write waveforms of the top's own wires.

    Returns
    -------
    pathlib.Path
        The program.

    Raises
    ------
    ChronogateError
        When a tool is missing or fails.
    """
    toolchain = find_toolchain()
    folder.mkdir(parents=True, exist_ok=True)
    cache = cache_folder(toolchain, "program", *_GLOBAL)
    lend(cache, folder / "netlist_sim")
    command = [
        *toolchain.verilator,
        "--cc",
        "--exe",
        "-O3",
        "--x-assign",
        "fast",
        "--x-initial",
        "fast",
        "--top-module",
        top_name,
        "-DNO_INCLUDES",
        *([] if models is None else [f"-I{models.folder}"]),
        *(f"-Wno-{name}" for name in _WAIVED),
        *(("--trace-vcd", "--trace-depth", "1") if traced else ()),
        "--Mdir",
        "netlist_sim",
        *(str(source.resolve()) for source in sources),
        *([] if models is None else map(str, models.files)),
    ]
    _tool(toolchain, command, folder, "Verilator")
    program = f"V{top_name}"
    make = [
        *toolchain.make,
        "-C",
        "netlist_sim",
        "-f",
        f"{program}.mk",
        "-j2",
        f"CXX={toolchain.compiler}",
        f"LINK={toolchain.compiler}",
        f"OPT_FAST={optimize}",
        *_GLOBAL,
        program,
    ]
    _tool(toolchain, make, folder, "the C++ compiler")
    keep(cache, folder / "netlist_sim")
    return folder / "netlist_sim" / program


def _tool(toolchain: Toolchain, command: list[str], folder: Path, name: str) -> None:
    run = subprocess.run(
        command, cwd=folder, env=toolchain.environment, capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        output = run.stdout + run.stderr
        (folder / "netlist_sim.log").write_text(output, encoding="utf-8")
        problem = next((line for line in output.splitlines() if _PROBLEM.search(line)), "no output")
        raise ChronogateError(f"{name} could not build the simulation of the netlist: {problem}")


def _run(
    program: Path,
    top: BoardTop,
    frames: list[bytes],
    tick: Callable[[int], None] | None,
    wave: Path | None,
) -> list[bytes]:
    bridge = top.bridge
    timing = top.network.timing
    limit = 2 * (timing.window_cycles + bridge.response_cycles(bridge.response_bytes))
    limit += 2 * bridge.sample_bytes + 99
    with tempfile.TemporaryDirectory() as scratch:
        requests = Path(scratch) / "requests.hex"
        requests.write_text("".join(frame.hex() + "\n" for frame in frames), encoding="ascii")
        numbers = (bridge.uart.divisor, limit, END, top.reset_cycles)
        written = () if wave is None else (str(wave),)
        command = [str(program), *map(str, numbers), str(requests), *written]
        lines: list[bytes] = []
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            for line in process.stdout:
                lines.append(bytes.fromhex(line.strip()))
                if tick is not None:
                    tick(1)
            problem = process.stderr.read().strip()
    if process.returncode != 0:
        raise ChronogateError(
            f"the synthesized netlist of {top.network.name} went wrong: "
            f"{problem}; this is a bug, please report it"
        )
    return lines


def _body(line: bytes) -> bytes:
    payloads = decode_frames(line)
    frame = Frame.decode(payloads[0]) if payloads else None
    return b"" if frame is None else frame.body
