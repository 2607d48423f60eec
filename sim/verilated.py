"""Builds a network's Verilog into a shared library, once for each content.

The library has the C interface of ``rtl_model.cpp``. Libraries of several designs live in one
process: every symbol but that interface is hidden.
"""

import re
import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

from hw.errors import ChronogateError
from hw.network.design import Design
from hw.number.fixed_point import FixedPoint, Overflow, Rounding
from hw.stream import Port
from hw.top.axi import input_prefixes, output_prefixes
from hw.top.entry import padded_width
from hw.top.verilog import design_verilog
from sim.kept_file import is_whole, keep_file
from sim.runtime import cache_folder
from sim.toolchain import Toolchain, find_toolchain
from sim.verilator_options import WAIVED, optimized

_WRAPPER = Path(__file__).parent / "rtl_model.cpp"
_CLASS = "Vaccelerator"

_VERILATOR = ("--cc", "--x-initial", "fast", "--noassert", *WAIVED)
_COMPILER = ("-std=c++20", "-fPIC", "-fvisibility=hidden", "-fno-gnu-unique", "-w")
_RUNTIME = ("verilated.cpp", "verilated_threads.cpp")

TRACED = ("--trace-vcd",)
"""Options of Verilator for a design that can write waveforms (`sim.recording`)."""

_ROUNDING = {
    Rounding.TRN: "F",
    Rounding.TRN_ZERO: "Z",
    Rounding.RND: "P",
    Rounding.RND_MIN_INF: "M",
    Rounding.RND_ZERO: "z",
    Rounding.RND_INF: "I",
    Rounding.RND_CONV: "C",
}
_OVERFLOW = {Overflow.WRAP: "W", Overflow.SAT: "S", Overflow.SAT_ZERO: "Z", Overflow.SAT_SYM: "S"}


def build_library(
    network: Design,
    folder: Path,
    optimize: str = "-O2",
    verilog: str | None = None,
    wrapper: Path = _WRAPPER,
    further: tuple[str, ...] = (),
) -> Path:
    """Verilate `network` and compile it.

    Parameters
    ----------
    network
        The design.
    folder
        Where libraries are kept; a library of the same content is used again.
    optimize
        The compiler's optimization options for the design.
    verilog
        Verilog to build in place of the network's own.
    wrapper
        The C++ around it.
    further
        Options of Verilator besides the usual ones.

    Returns
    -------
    pathlib.Path
        The shared library.

    Raises
    ------
    ChronogateError
        When a tool is missing or fails.
    """
    verilog = design_verilog(network) if verilog is None else verilog
    header = design_header(network)
    toolchain = find_toolchain()
    options = (*_VERILATOR, *optimized(len(verilog)), *further)
    parts = (verilog, header, _source(wrapper), optimize, toolchain.version, *options, *_COMPILER)
    library = folder / f"model_{sha256(chr(0).join(parts).encode()).hexdigest()[:16]}.so"
    if is_whole(library):
        return library
    folder.mkdir(parents=True, exist_ok=True)
    runtime = _runtime(toolchain)
    with tempfile.TemporaryDirectory(dir=folder, prefix="building_") as scratch:
        work = Path(scratch)
        (work / "accelerator.v").write_text(verilog, encoding="utf-8")
        (work / "design.h").write_text(header, encoding="utf-8")
        verilate = (
            *toolchain.verilator,
            *options,
            "--prefix",
            _CLASS,
            "--top-module",
            "accelerator",
            "--Mdir",
            "cpp",
            "accelerator.v",
        )
        _call(toolchain, verilate, work, "Verilator")
        traced = set(TRACED) <= set(further)
        waves = (str(toolchain.root / "include" / "verilated_vcd_c.cpp"),) if traced else ()
        (work / "all.cpp").write_text(_one_source(work / "cpp", wrapper.resolve()))
        compile_all = (
            toolchain.compiler,
            *_COMPILER,
            f"-DVM_TRACE={int(traced)}",
            *optimize.split(),
            *_includes(toolchain),
            "-Icpp",
            "-I.",
            "-shared",
            "all.cpp",
            *waves,
            *map(str, runtime),
            "-o",
            "model.so",
            "-pthread",
            "-Wl,-Bsymbolic",
        )
        _call(toolchain, compile_all, work, "the C++ compiler")
        # Appears whole or not at all, also when two processes build the same design.
        keep_file(work / "model.so", library)
    return library


def design_header(network: Design) -> str:
    """Return ``design.h``: what the wrapper has to know of `network`."""
    timing = network.worst_timing
    name = re.sub(r"\W", "_", network.name)
    prefixes = input_prefixes(network)
    sources = {prefixes[port.name]: port for port in network.inputs}
    results = dict(zip(output_prefixes(network), network.output_ports, strict=True))
    inputs = [f"input{k}" for k in range(len(sources))]
    outputs = [f"output{k}" for k in range(len(results))]
    constants = {
        "MODEL": _CLASS,
        "INPUT_PINS": ", ".join(_pins(prefix, port) for prefix, port in sources.items()),
        "OUTPUT_PINS": ", ".join(_pins(prefix, port) for prefix, port in results.items()),
        "INPUT_SHAPE_TABLE": ", ".join(map(_shape, sources.values())),
        "OUTPUT_SHAPE_TABLE": ", ".join(map(_shape, results.values())),
        "INPUT_FORMAT_TABLE": ", ".join(_format(port.format) for port in sources.values()),
        "OUTPUT_GRID_TABLE": ", ".join(
            f"{{{port.format.fraction}, {int(port.format.signed)}}}" for port in results.values()
        ),
        "PATIENCE": 2 * (timing.window_cycles + timing.interval_cycles)
        + network.input.series
        + 100,
        "PREDICT_FLOAT": f"{name}_float",
        "PREDICT_DOUBLE": f"{name}_double",
        "PARAMETERS(Float)": ", ".join(f"Float *{pointer}" for pointer in inputs + outputs),
        "INPUT_NAMES": ", ".join(inputs),
        "OUTPUT_NAMES": ", ".join(outputs),
    }
    lines = [f"#define {key} {value}" for key, value in constants.items()]
    return "\n".join([f'#include "{_CLASS}.h"', *lines, ""])


def beat_bytes(port: Port) -> int:
    """Return the bytes of a beat on the bus."""
    return padded_width(port) // 8 * port.channels


def _one_source(folder: Path, wrapper: Path) -> str:
    """Return a C++ file of all that Verilator wrote.

    What it names slow runs once, when a simulation begins, and may be as long as the rest: without
    optimization a third of the compiler's time is saved.
    """
    names = sorted(file.name for file in folder.glob("*.cpp"))
    slow = [name for name in names if name.endswith("__Slow.cpp")]
    fast = [name for name in names if name not in slow]
    return "".join(
        [
            *(f'#include "{name}"\n' for name in fast),
            '#pragma GCC push_options\n#pragma GCC optimize("O0")\n',
            *(f'#include "{name}"\n' for name in slow),
            f'#pragma GCC pop_options\n#include "{wrapper}"\n',
        ]
    )


def _source(file: Path) -> str:
    """Return a C++ file, and behind it the headers that lie beside it and that it includes."""
    text = file.read_text(encoding="utf-8")
    names = re.findall(r'^#include "(.+)"$', text, re.MULTILINE)
    beside = [file.with_name(name) for name in names if file.with_name(name).exists()]
    return "".join([text, *map(_source, beside)])


def _pins(prefix: str, port: Port) -> str:
    tid = f"bytes_of(top.{prefix}_tid), sizeof(top.{prefix}_tid)"
    return f"PINS({prefix}, {beat_bytes(port)}, {tid if port.series > 1 else 'nullptr, 0'})"


def _shape(port: Port) -> str:
    return f"{{{port.beats}, {port.channels}, {beat_bytes(port)}}}"


def _format(format: FixedPoint) -> str:
    ends = f"{format.minimum}LL, {format.maximum}LL"
    modes = f"'{_ROUNDING[format.rounding]}', '{_OVERFLOW[format.overflow]}'"
    return f"{{{format.width}, {format.fraction}, {ends}, {modes}}}"


def _includes(toolchain: Toolchain) -> tuple[str, str]:
    include = toolchain.root / "include"
    return f"-I{include}", f"-I{include / 'vltstd'}"


def _runtime(toolchain: Toolchain) -> list[Path]:
    """Return Verilator's own objects, compiled once for each user and release."""
    folder = cache_folder(toolchain, *_COMPILER)
    objects = [folder / Path(source).with_suffix(".o") for source in _RUNTIME]
    if all(is_whole(file) for file in objects):
        return objects
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for source, target in zip(_RUNTIME, objects, strict=True):
            built = Path(scratch) / target.name
            _call(
                toolchain,
                (
                    toolchain.compiler,
                    *_COMPILER,
                    "-O2",
                    *_includes(toolchain),
                    "-c",
                    str(toolchain.root / "include" / source),
                    "-o",
                    str(built),
                ),
                Path(scratch),
                "the C++ compiler",
            )
            keep_file(built, target)
    return objects


def _call(toolchain: Toolchain, command: tuple[str, ...], folder: Path, name: str) -> None:
    try:
        run = subprocess.run(
            command,
            cwd=folder,
            env=toolchain.environment,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise ChronogateError(
            f"{name} ({command[0]}) is missing: install it, or unset CXX if it points nowhere"
        ) from None
    if run.returncode != 0:
        output = run.stdout + run.stderr
        problem = next(
            (line for line in output.splitlines() if "rror" in line or "%Warn" in line),
            output.strip()[-300:] or "no output",
        )
        free = shutil.disk_usage(folder).free // 2**20
        raise ChronogateError(
            f"{name} failed while building the simulation ({free} MB of disk are free): {problem}"
        )
