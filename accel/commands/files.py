"""``accel check``, ``accel schema`` and ``accel export``: the files of a network."""

from pathlib import Path
from typing import Annotated

import typer

from accel.commands.console import print_json
from accel.commands.options import JsonOption, RunArgument
from accel.export.formats import Format
from accel.progress import show_progress
from accel.report.text import duration


def check(run: RunArgument, json: JsonOption = False) -> None:
    """Check network.json and weights.npz: whole, unchanged, and of this version.

    Takes any folder that holds the two files. Exit code 1, and one sentence, if anything is wrong.
    """
    from accel.runs.network_check import check_files

    found = check_files(run)
    if json:
        print_json(found)
    else:
        print(
            f"{run}: {found.name}, version {found.version}, {found.nodes} nodes, {found.arrays} "
            f"arrays of {found.weights:,} weights, fingerprint {found.fingerprint}"
        )


def schema() -> None:
    """Print the JSON Schema of network.json."""
    from json import dumps

    from hw.network.schema import network_schema

    print(dumps(network_schema(), indent=1))


def export(
    run: RunArgument,
    format: Annotated[Format, typer.Option(help="onnx, qonnx: exact; tflite: int8, measured.")],
    output: Annotated[
        Path | None, typer.Option(help="File; default RUN/export/NAME with the format's ending.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write the network for other tools, and compare the file's results with the golden model.

    ONNX and QONNX must be equal value for value. TFLite's int8 arithmetic is another: the
    difference is measured and printed. So are size, load time and speed of ONNX and TFLite on this
    machine, beside the hardware's. What has no counterpart is refused by name.
    """
    from accel.flow.steps import export_step
    from accel.runs.run import open_run

    with show_progress(json) as progress, open_run(run) as opened:
        found = export_step(opened, format, output, progress)
    if json:
        print_json(found)
    else:
        print(
            f"{found.file}: {found.windows} windows by {found.runtime} against the golden model, "
            f"{found.mismatches} of {found.values} values differ, by {found.mean_difference:.3g} "
            f"steps on average and {found.largest_difference:.3g} at most"
        )
        if found.speed is not None:
            cpu = found.speed
            print(
                f"this machine, one thread: {cpu.file_bytes:,} bytes, loaded in "
                f"{_time(cpu.load_ms * 1e6)}, {_time(cpu.forecast_us * 1e3)} a window, "
                f"{cpu.forecasts_per_second:,.0f} forecasts/s"
            )
        if found.hardware is not None:
            made = found.hardware
            proven = "routed" if made.is_routed else "not routed yet"
            print(
                f"the accelerator on {made.board} at {made.clock_mhz:g} MHz ({proven}), from beat "
                f"to beat: {_time(made.window_us * 1e3)} a window, "
                f"{_time(made.latency_us * 1e3)} of them behind its last sample, "
                f"{made.forecasts_per_second:,.0f} forecasts/s"
            )


def _time(nanoseconds: float) -> str:
    return " ".join(duration(nanoseconds))
