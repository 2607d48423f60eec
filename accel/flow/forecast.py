"""Forecasts from a user's CSV, in the user's units, computed by the RTL."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from accel.configuration.config import Config
from accel.datasets.loader import feature_names, load_series
from accel.datasets.series import Series
from accel.progress import Progress
from accel.report.examples import label
from accel.report.plots import Example, forecast_figure
from accel.report.style import save_figure
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.metadata import Metadata
from sim.rtl_model import RtlModel


@dataclass(frozen=True, eq=False)
class Forecast:
    """Forecasts of one series.

    Parameters
    ----------
    origins
        datetime64[s] ``(N,)``: the last time stamp that each forecast has seen.
    times
        datetime64[s] ``(N, horizon)``.
    values
        float64 ``(N, horizon, targets)``, in the targets' units.
    """

    origins: np.ndarray
    times: np.ndarray
    values: np.ndarray


def read_inputs(config: Config, metadata: Metadata, file: Path) -> tuple[Series, np.ndarray]:
    """Read a CSV file with the features of a network.

    Parameters
    ----------
    config
        How the columns are called and what to do about flaws.
    file
        The user's file; the columns to forecast are not needed unless they are features, too.

    Returns
    -------
    Series and numpy.ndarray
        The rows in the user's units, and the features of all rows in scaled units ``(rows, F)``.

    Raises
    ------
    ChronogateError
        As `load_series`, when the step is another or the rows are too few for one window, and
        when the run was trained without the course of the year.
    """
    if config.data.annual is not None:
        raise ChronogateError(
            "this run's forecasts are without the course of the year (data.annual), which its "
            "files do not keep: train a run without data.annual to forecast from a file"
        )
    names = tuple(feature.name for feature in metadata.features)
    measured = config.data.features or config.data.targets
    if measured:
        data = config.data.model_copy(update={"features": measured, "targets": measured[:1]})
    else:
        data = config.data
    series = load_series(data, file)
    if series.step_seconds != metadata.step_seconds:
        raise ChronogateError(
            f"{file} has a row every {series.step_seconds:g} s and the forecaster was trained on "
            f"one every {metadata.step_seconds:g} s: resample the file"
        )
    if series.rows < metadata.look_back:
        raise ChronogateError(
            f"{file} has {series.rows} time steps and the forecaster looks back "
            f"{metadata.look_back}: bring a longer file"
        )
    if feature_names(data) != names:
        raise ChronogateError(
            f"the run's config.toml names the features {', '.join(feature_names(data))} and the "
            f"network was made for {', '.join(names)}: train the run again"
        )
    columns = series.values[:, series.columns(names)]
    scaled = [f.to_scaled(columns[:, k]) for k, f in enumerate(metadata.features)]
    return series, np.stack(scaled, axis=1)


def forecast(
    network: Network, series: Series, scaled: np.ndarray, every: bool, build: Path,
    progress: Progress,
) -> Forecast:  # fmt: skip
    """Run windows of a series through the RTL.

    Parameters
    ----------
    scaled
        Features in scaled units ``(rows, F)``, from `read_inputs`.
    every
        Forecast from each row that has a look-back behind it; otherwise from the last row only.
    build
        Where the simulation is built.
    """
    metadata = network.metadata
    look_back = metadata.look_back
    first = look_back if every else series.rows
    ends = np.arange(first, series.rows + 1)
    windows = scaled[ends[:, None] - look_back + np.arange(look_back)]
    progress.step("Building the simulation")
    with RtlModel(network, build) as model:
        outputs = model.predict(windows, progress.step("Forecasting in the RTL", len(windows)))
    values = outputs.reshape(len(ends), metadata.horizon, len(metadata.targets))
    units = np.stack(
        [target.to_units(values[..., k]) for k, target in enumerate(metadata.targets)], axis=-1
    )
    origins = series.times[ends - 1]
    ahead = np.arange(1, metadata.horizon + 1) * np.timedelta64(int(metadata.step_seconds), "s")
    return Forecast(origins, origins[:, None] + ahead, units)


def write_csv(result: Forecast, metadata: Metadata, path: Path) -> None:
    """Write one row for each forecast time: origin, time, one column for each target."""
    time_column = metadata.time_column or "time"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["origin", time_column, *(target.name for target in metadata.targets)])
        for origin, times, values in zip(result.origins, result.times, result.values, strict=True):
            for time, row in zip(times, values, strict=True):
                writer.writerow([_stamp(origin), _stamp(time), *(f"{value:.6g}" for value in row)])


def plot_forecast(result: Forecast, series: Series, metadata: Metadata, path: Path) -> None:
    """Draw the newest forecast of each target behind what was seen."""
    examples = []
    for position, target in enumerate(metadata.targets):
        seen_times, seen = np.empty(0, dtype="datetime64[s]"), np.empty(0)
        if target.name in series.names:
            shown = slice(-2 * metadata.look_back, None)
            seen_times = series.times[shown]
            seen = series.values[shown, series.names.index(target.name)]
        examples.append(
            Example(
                seen_times=seen_times,
                seen=seen,
                times=result.times[-1],
                forecast=result.values[-1, :, position],
                truth=None,
                label=label(target.name, target.unit),
            )
        )
    save_figure(forecast_figure(examples), path)


def _stamp(time: np.datetime64) -> str:
    return str(time).replace("T", " ")
