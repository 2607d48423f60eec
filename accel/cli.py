"""The command ``accel``.

Results go to stdout, progress and errors to stderr. Whatever a user can mend is one sentence and
exit code 1; heavy packages are imported by the commands that need them.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from accel.commands.adapt import adapt
from accel.commands.asic import asic
from accel.commands.bitstream import bitstream
from accel.commands.console import console, print_json
from accel.commands.files import check, export, schema
from accel.commands.forecast import forecast
from accel.commands.gate import gate
from accel.commands.group import Commands
from accel.commands.lists import boards, datasets
from accel.commands.options import RUNS, JsonOption, RunArgument, RunOption
from accel.commands.power import power
from accel.commands.report import report
from accel.commands.search import search
from accel.commands.soc import soc
from accel.commands.stream import stream
from accel.progress import show_progress

# TensorFlow's start-up notes would stand between progress bars.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Quantized time-series forecasters as verified FPGA accelerators. "
    "Start with `accel demo`, or with `accel new NAME`.",
)


@app.command()
def demo(
    run: RunOption = None,
    board: Annotated[str, typer.Option(help="Board to make a bitstream for.")] = "ulx3s-85f",
    json: JsonOption = False,
) -> None:
    """Take bundled weather data all the way: train, convert, verify, bitstream, report.

    A GRU is trained from scratch, converted, run on all test windows in the simulated RTL and in
    the cocotb testbench, placed and routed for a board, and the netlist is simulated from UART
    pin to UART pin. About ten minutes on two cores. Exit code 0 only when everything agrees.
    """
    from accel.commands.summary import summary_table
    from accel.flow.steps import run_demo
    from accel.report.verdict import agreement, uncovered

    with show_progress(json) as progress:
        report = run_demo(run or RUNS / "demo", board, progress)
    if json:
        print_json(report)
    else:
        console().print(summary_table(report))
        console().print(f"report: {(run or RUNS / 'demo') / 'report.html'}")
    if not agreement(report) or uncovered(report):
        raise typer.Exit(1)


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the forecaster.")],
    family: Annotated[str, typer.Option(help="A family of docs/forecasters.md.")] = "gru",
    output: Annotated[Path | None, typer.Option(help="File; default NAME.toml.")] = None,
) -> None:
    """Write a commented configuration to start from."""
    from accel.configuration.config import template
    from hw.errors import ChronogateError

    path = output or Path(f"{name}.toml")
    text = template(name, family)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ChronogateError(f"{path} exists already: choose another name or --output") from None
    print(f"{path} written: edit it, then run `accel train {path}`")


@app.command()
def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="What to train.")],
    run: RunOption = None,
    json: JsonOption = False,
) -> None:
    """Train a quantized forecaster; last value, seasonal naive and ridge are printed beside it."""
    from accel.commands.summary import case_tables, training_table
    from accel.configuration.config import load_config
    from accel.flow.steps import train_step
    from accel.runs.run import open_run

    folder = run or RUNS / load_config(config).name
    with show_progress(json) as progress, open_run(folder, create=True) as opened:
        result = train_step(opened, config, progress)
    if json:
        print_json(result)
    else:
        console().print(training_table(result))
        for table in case_tables(result):
            console().print(table)
        print(f"run: {folder}; go on with `accel convert {folder}`")


@app.command()
def convert(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|MODEL|CONFIG.yml",
            help="A trained run, a QKeras model (.h5 file or SavedModel folder), or hls4ml's "
            "configuration of one.",
        ),
    ],
    run: RunOption = None,
    json: JsonOption = False,
) -> None:
    """Convert a model to a network, RTL and, where it is exact, an HLS project.

    The golden model is compared with stock QKeras in float64 on every test window. A bare model
    gets a run folder of its own, and windows drawn at random; hls4ml's configuration file gets
    its OutputDir.
    """
    from accel.flow.steps import convert_step, import_model
    from accel.flow.yaml_config import SUFFIXES, load_yaml_config
    from accel.keras_models.saved_model import is_saved_model
    from accel.runs.run import open_run
    from hw.errors import ChronogateError

    model = source if source.is_file() or is_saved_model(source) else None
    if model is None and not source.is_dir():
        raise ChronogateError(
            f"there is no {source}: name the folder of a run, a QKeras model (.h5 or SavedModel), "
            "or hls4ml's configuration of one"
        )
    folder, config = (run or RUNS / source.stem) if model else source, None
    if source.suffix in SUFFIXES and model:
        given, config = load_yaml_config(source), source
        model, folder = given.model, run or given.folder or RUNS / given.name
    with show_progress(json) as progress, open_run(folder, create=model is not None) as opened:
        if model:
            import_model(opened, model, config)
        conversion = convert_step(opened, progress)
    if json:
        print_json(conversion)
    else:
        found = conversion.qkeras
        print(
            f"{folder}: QKeras = golden model on {found.windows:,} windows, "
            f"mismatches: {found.mismatches}"
        )
        if conversion.note:
            print(f"note: {conversion.note}")
        if conversion.hls_reason:
            print(f"no HLS project: {conversion.hls_reason}")
        print(f"go on with `accel verify {folder}`")
    if conversion.qkeras.mismatches:
        raise typer.Exit(1)


@app.command()
def verify(
    run: RunArgument,
    waves: Annotated[bool, typer.Option("--waves", help="Keep the testbench's waveform.")] = False,
    json: JsonOption = False,
) -> None:
    """Compare all realizations on every test window, and count the cycles.

    The windows run through the RTL in this process, and some of them through the cocotb testbench
    with random gaps, stalls and resets. Exit code 1 on any mismatch.
    """
    from accel.commands.summary import coverage_table, verification_table
    from accel.flow.adaptive import load_adaptive
    from accel.flow.steps import verify_step
    from accel.runs.run import open_run
    from hw.errors import ChronogateError
    from sim.coverage.bins import sentence

    with show_progress(json) as progress, open_run(run) as opened:
        found = verify_step(opened, progress, waves)
        adaptive = load_adaptive(opened)
    if json:
        print_json(found)
    else:
        console().print(verification_table(found))
        console().print(coverage_table(found))
        for layer in () if adaptive is None else adaptive.layers:
            print(f"saved: {layer}")
        if found.first_mismatch is not None:
            print(f"first mismatch: {found.first_mismatch}")
    if found.agrees and not found.passed:
        raise ChronogateError(
            f"{sentence(found.coverage)}: give it more windows, or another seed "
            "([verification] in config.toml)"
        )
    if not found.passed:
        raise typer.Exit(1)


for command in (
    bitstream, power, forecast, stream, asic, soc, report, search, adapt, check, schema, export,
    gate, boards, datasets,
):  # fmt: skip
    app.command()(command)


def main() -> None:
    """Entry point of the command ``accel``."""
    app()


if __name__ == "__main__":
    main()
