"""A configuration's series, split, scaled and cut into windows."""

from dataclasses import dataclass

import numpy as np

from accel.configuration.config import Config
from accel.datasets.annual import AnnualCurve, fit_annual, without_annual
from accel.datasets.loader import feature_names, load_series, target_names
from accel.datasets.scaling import Scaler, fit_scaler
from accel.datasets.series import Series
from accel.datasets.split import Split, split_rows
from accel.datasets.windows import Windows, cut_windows
from hw.errors import ChronogateError
from hw.network.metadata import Feature


@dataclass(frozen=True, eq=False)
class PreparedData:
    """A series, split, scaled and cut into windows.

    Parameters
    ----------
    train, validation, test
        All windows of the three parts (training: every one, whatever the stride).
    features, targets
        Columns with the scaling of the training rows.
    scaled_targets
        The target columns of the whole series in scaled units ``(rows, targets)``.
    annual
        What was taken away from `series` and all that is made of it, if anything was.
    """

    series: Series
    split: Split
    scaler: Scaler
    features: tuple[Feature, ...]
    targets: tuple[Feature, ...]
    train: Windows
    validation: Windows
    test: Windows
    scaled_targets: np.ndarray
    annual: AnnualCurve | None = None


def prepare(config: Config) -> PreparedData:
    """Load, split, scale and cut the data of a configuration.

    Raises
    ------
    ChronogateError
        When the data cannot be read, is too short, or has nothing to score.
    """
    series = load_series(config.data)
    split = split_rows(series, config)
    scaler = fit_scaler(series, split.train, split.start, config.data.center)
    features, targets = feature_names(config.data), target_names(config.data)
    annual = None
    if (curve := config.data.annual) is not None:  # after scaling: errors keep their unit
        annual = fit_annual(series, targets, split, curve.harmonics, curve.weight)
        series = without_annual(series, annual)

    def windows(start: int, stop: int) -> Windows:
        return cut_windows(series, scaler, features, targets, config.forecast, start, stop)

    parts = {
        "training": windows(split.start + config.forecast.look_back, split.train),
        "validation": windows(split.train, split.validation),
        "test": windows(split.validation, split.test),
    }
    for name, part in parts.items():
        if not part.mask.any():
            raise ChronogateError(
                f"{series.source}: every target in the {name} part was missing and filled, so "
                "there is nothing to score: bring a more complete series, or change data.split"
            )
    return PreparedData(
        series,
        split,
        scaler,
        _scaled(series, scaler, features),
        _scaled(series, scaler, targets),
        parts["training"],
        parts["validation"],
        parts["test"],
        scaler.to_scaled(series.values)[:, series.columns(targets)],
        annual,
    )


def _scaled(series: Series, scaler: Scaler, names: tuple[str, ...]) -> tuple[Feature, ...]:
    return tuple(
        Feature(series.names[k], series.units[k], float(scaler.offset[k]), float(scaler.scale[k]))
        for k in series.columns(names)
    )
