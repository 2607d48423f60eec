"""Builds a design for cocotb with Verilator."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cocotb_tools.runner import Runner, get_runner

from hw.errors import ChronogateError
from sim.runtime import cache_folder, keep, lend
from sim.toolchain import PCH_OPTION, Toolchain
from sim.verilator_options import WAIVED, optimized


def build_simulation(
    toolchain: Toolchain,
    source: Path,
    build: Path,
    options: tuple[str, ...],
    further: tuple[str, ...] = (),
    *,
    waves: bool = False,
) -> Runner:
    """Build the top ``accelerator``, in the environment of `tool_environment`.

    Parameters
    ----------
    toolchain
        Verilator and the compiler.
    source
        The Verilog; the log of the build stays beside it.
    build
        Where the simulator goes.
    options, further
        Of make, and further ones of Verilator.
    waves
        Whether waves can be written.

    Returns
    -------
    cocotb_tools.runner.Runner
        Its method `test` runs the simulator.

    Raises
    ------
    ChronogateError
        When the build fails; the first problem is said.
    """
    runner = get_runner("verilator")
    # It would print every command between our progress bars; its logs hold them.
    runner.log.setLevel("CRITICAL")
    objects = cache_folder(toolchain, "cocotb", f"waves={waves}", *options)
    lend(objects, build)
    log = source.parent / "build.log"
    try:
        runner.build(
            sources=[source],
            hdl_toplevel="accelerator",
            build_dir=build,
            waves=waves,
            build_args=[*optimized(source.stat().st_size), *further, *WAIVED],
            timescale=("1ns", "1ps"),
            log_file=log,
        )
    except (SystemExit, RuntimeError) as error:
        raise ChronogateError(
            f"Verilator could not build the testbench: {_first_problem(log) or error} (log: {log})"
        ) from None
    keep(objects, build)
    return runner


@contextmanager
def tool_environment(toolchain: Toolchain, options: tuple[str, ...]) -> Iterator[None]:
    """Lend the toolchain's environment to the runner, which takes it from this process.

    Parameters
    ----------
    options
        Of make.
    """
    wanted = {key: toolchain.environment[key] for key in ("PATH", "VERILATOR_ROOT")}
    wanted["MAKEFLAGS"] = " ".join((PCH_OPTION, *options))
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


def _first_problem(log: Path) -> str | None:
    """Return the line of a log that says what went wrong, or ``None``."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    marks = ("%Error", "%Warning", "error:", "***")
    return next((line.strip() for line in lines if any(mark in line for mark in marks)), None)
