"""The steps of a run, one function each: what the command line and the notebook call.

Every step reads the results of earlier ones from the run folder and leaves its own there, whole
or not at all (`accel.runs.run`). Only training and conversion need TensorFlow, and import it here.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from accel.boards import Board, find_board
from accel.configuration.config import Config, example, load_config
from accel.configuration.sections import VerificationConfig
from accel.export.entry import SUFFIXES, Exported, export_network
from accel.export.formats import Format
from accel.export.hardware import Hardware
from accel.flow import adaptive, yaml_config
from accel.progress import Progress, SilentProgress
from accel.projects import design_clock_mhz
from accel.report.collect import describe_implementation
from accel.report.schema import Implementation, Report
from accel.report.write import report_step
from accel.runs.json_files import read_json, write_json
from accel.runs.records import (
    TEST_FORECASTS,
    Conversion,
    load_conversion,
    window_codes,
)
from accel.runs.run import Run, Step, atomic_file, open_run
from accel.training.result import TrainingResult
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.serialization import fingerprint, load_network
from sim.verification import Verification

DEFAULT_BOARD = "ulx3s-85f"
NETLIST_WINDOWS = 20
"""Golden windows that the synthesized netlist must answer."""


@dataclass(frozen=True)
class ForecastFiles:
    """What a forecast wrote."""

    csv: Path
    plot: Path
    forecasts: int
    horizon: int


def import_model(run: Run, model: Path, config: Path | None = None) -> None:
    """Begin a run with a QKeras model that was trained elsewhere.

    Parameters
    ----------
    model
        Its ``.h5`` file, or the folder of a SavedModel.
    config
        hls4ml's configuration file, to convert it with (`accel.flow.yaml_config`).
    """
    if not model.exists():
        raise ChronogateError(f"there is no model file {model}: save the model as .h5 first")
    with run.step(Step.TRAIN) as folder:
        if model.is_dir():
            from accel.keras_models.files import load_model, save_model

            save_model(load_model(model), folder / "model.h5")
        else:
            shutil.copyfile(model, folder / "model.h5")
        if config is not None:
            shutil.copyfile(config, folder / yaml_config.FILE)


def train_step(run: Run, config: Path, progress: Progress | None = None) -> TrainingResult:
    """Train the forecaster of a configuration; keep the model, its scores and test windows."""
    from accel.training.train import save_training, train

    settings = load_config(config)
    with run.step(Step.TRAIN) as folder:
        trained = train(settings, progress or SilentProgress())
        save_training(trained, folder)
        shutil.copyfile(config, folder / "config.toml")
    return trained.result


def convert_step(run: Run, progress: Progress | None = None) -> Conversion:
    """Convert the run's model; compare the golden model with stock QKeras in float64."""
    from accel.flow.convert import convert_run

    run.require(Step.TRAIN)
    config = _config(run)
    with run.step(Step.CONVERT) as folder:
        conversion = convert_run(run, config, folder, progress or SilentProgress())
        write_json(folder / "conversion.json", conversion)
    return conversion


def verify_step(run: Run, progress: Progress | None = None, waves: bool = False) -> Verification:
    """Compare golden model, RTL and, where it exists, HLS on every test window."""
    from accel.flow.verification import verify

    progress = progress or SilentProgress()
    conversion = load_conversion(run)
    network = _network(run)
    if conversion.fingerprint != fingerprint(network):
        raise ChronogateError(
            f"network.json in {run.folder} is not the one that was converted: "
            f"run `accel convert {run.folder}` again"
        )
    rtl = run.path("rtl") / "accelerator.v"
    if not rtl.is_file():
        raise ChronogateError(f"{rtl} is missing: run `accel convert {run.folder}` again")
    codes = window_codes(run, network, conversion.seed)
    hls = run.path("hls") if run.path("hls").is_dir() else None
    with run.step(Step.VERIFY) as folder:
        settings = _verification(run)
        verified = verify(
            network, rtl.read_text(encoding="utf-8"), codes, settings, conversion, hls,
            folder / "sim", progress, waves,
        )  # fmt: skip
        found = _with_lasting_wave(verified.verification, folder, run.folder)
        np.savez_compressed(folder / TEST_FORECASTS, codes=verified.outputs)
        write_json(folder / "verification.json", found)
        if verified.adaptive is not None:
            write_json(folder / adaptive.FILE, verified.adaptive)
    return found


def board_name(run: Run, board: str | None = None) -> str:
    """Return the board that is meant: the one named, else that of the run's configuration."""
    config = _config(run)
    return board or (config.board if config else DEFAULT_BOARD)


def board_of(run: Run, board: str | None = None) -> Board:
    """Return the board that is meant, with registers on its line where the run wants them."""
    config = _config(run)
    registers = config is not None and config.registers
    return replace(find_board(board_name(run, board)), registers=registers)


def bitstream_step(
    run: Run,
    progress: Progress | None = None,
    board: str | None = None,
    seeds: Sequence[int] = (1,),
    clock: float | str | None = None,
) -> Implementation:
    """Make a bitstream, and simulate the netlist that it was made from.

    Parameters
    ----------
    board
        Name; default: that of the run's configuration.
    seeds
        Placements to try.
    clock
        Megahertz, ``"fastest"``, or ``None`` for the board's own.
    """
    from accel.bitstream import implement, verify_netlist
    from accel.bitstream.clock import FASTEST

    progress = progress or SilentProgress()
    network = _network(run)
    target = board_of(run, board)
    if isinstance(clock, float):
        target = target.at_clock(clock)
    part = f"bitstream/{target.name}"
    codes = window_codes(run, network, load_conversion(run).seed)
    places = np.linspace(0, len(codes[0]) - 1, NETLIST_WINDOWS).astype(int)
    with run.step(Step.BITSTREAM, part) as folder:
        work = folder / part
        routed = implement(network, target, work, progress, seeds, clock == FASTEST)
        made = target.at_clock(routed.clock_mhz)
        verify_netlist(network, made, work, codes[0][places], progress)
        file = f"{part}/{routed.bitstream.name}"
        result = describe_implementation(routed, file, NETLIST_WINDOWS)
        write_json(work / "implementation.json", result)
    return result


def forecast_step(
    run: Run,
    csv: Path,
    progress: Progress | None = None,
    every: bool = False,
    output: Path | None = None,
) -> ForecastFiles:
    """Forecast from a user's CSV in the RTL; write a CSV and, beside it, a plot."""
    from accel.flow.forecast import forecast, plot_forecast, read_inputs, write_csv

    progress = progress or SilentProgress()
    network, config = _network(run), _config(run)
    metadata = network.metadata
    if config is None or not metadata.targets:
        raise ChronogateError(
            f"{run.folder} was made from a bare model file, which does not say what its inputs "
            "are: train the forecaster with `accel train` to forecast from a CSV file"
        )
    series, scaled = read_inputs(config, metadata, csv)
    with run.step(Step.FORECAST) as folder:
        build = folder / "forecast" / "sim"
        if run.path("sim/model").is_dir():
            shutil.copytree(run.path("sim/model"), build)  # found there unchanged, not built again
        build.mkdir(parents=True, exist_ok=True)
        result = forecast(network, series, scaled, every, build, progress)
        write_csv(result, metadata, folder / "forecast" / "forecast.csv")
        plot_forecast(result, series, metadata, folder / "forecast" / "forecast.png")
    written = run.path("forecast/forecast.csv"), run.path("forecast/forecast.png")
    if output is not None:
        written = _copy(written[0], output), _copy(written[1], output.with_suffix(".png"))
    return ForecastFiles(*written, len(result.origins), metadata.horizon)


def export_step(
    run: Run, format: Format, output: Path | None = None, progress: Progress | None = None
) -> Exported:
    """Write the network for another tool, and compare on test windows what that makes of it."""
    network = _network(run)
    hardware = _hardware(run, network)
    codes = window_codes(run, network, load_conversion(run).seed)
    part = f"export/{format}"
    name = f"{network.name}{SUFFIXES[format]}"
    with run.step(Step.EXPORT, part) as folder:
        found = export_network(network, codes, format, folder / part / name, progress)
        found = replace(found, file=Path(part) / name, hardware=hardware)
        write_json(folder / part / "export.json", found)
    written = run.path(f"{part}/{name}")
    return replace(found, file=written if output is None else _copy(written, output))


def _hardware(run: Run, network: Network) -> Hardware | None:
    """Return what the network takes on a board it has a bitstream for, else on its own board."""
    config = _config(run)
    own = None if config is None else config.board
    made = {path.parent.name: path for path in run.path("bitstream").glob("*/implementation.json")}
    if made:
        board = own if own in made else min(made)
        clock = read_json(made[board], Implementation).clock_mhz
        return Hardware.of(network.worst_timing, board, clock, is_routed=True)
    if own is None:
        return None
    return Hardware.of(network.worst_timing, own, design_clock_mhz(own), is_routed=False)


def run_demo(folder: Path, board: str, progress: Progress | None = None) -> Report:
    """Take the bundled GRU example through every step."""
    find_board(board)  # before ten minutes of other steps
    with open_run(folder, create=True) as run:
        with atomic_file(folder / "demo.toml") as file:
            file.write_text(example("gru"), encoding="utf-8")
        train_step(run, folder / "demo.toml", progress)
        convert_step(run, progress)
        verify_step(run, progress)
        bitstream_step(run, progress, board)
        return report_step(run, progress)


def _network(run: Run) -> Network:
    run.require(Step.CONVERT)
    return load_network(run.folder)


def _config(run: Run) -> Config | None:
    path = run.path("config.toml")
    return load_config(path) if path.exists() else None


def _verification(run: Run) -> VerificationConfig:
    config = _config(run)
    return config.verification if config else VerificationConfig()


def _with_lasting_wave(found: Verification, partial: Path, run: Path) -> Verification:
    """Name the waveform where it will be once the step has landed."""
    first = found.first_mismatch
    if first is None or first.wave is None:
        return found
    place = Path(first.wave).resolve().relative_to(partial.resolve())
    return replace(found, first_mismatch=replace(first, wave=str(run / place)))


def _copy(source: Path, target: Path) -> Path:
    with atomic_file(target) as temporary:
        shutil.copyfile(source, temporary)
    return target
