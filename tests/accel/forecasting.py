"""Small forecasters of every family, on a made-up daily rhythm."""

import numpy as np

from accel.datasets.windows import Windows
from accel.forecasters.registry import FAMILIES
from accel.forecasters.shape import Shape

LOOK_BACK, HORIZON, SEASON = 12, 8, 4

SETTINGS: dict[str, dict[str, object]] = {
    "mlp": {"hidden": (3,)},
    "gru": {"units": 3},
    "lstm": {"units": 2},
    "simple_rnn": {"units": 3, "segment": 3},
    "linear": {"shared": True},
    "nlinear": {},
    "dlinear": {"average": 5},
    "ridge": {"normalization": "mean"},
    "low_rank": {"rank": 2, "normalization": "mean"},
    "sparse_tsf": {"neighbours": False},
    "seasonal": {"rank": 2},
    "mixer": {"hidden": 3},
    "tcn": {"filters": (3, 2), "normalization": "last"},
    "hybrid": {"hidden": (3,), "normalization": "mean"},
}
"""Of each family, the smallest that has all its parts."""


def model_of(family: str, **changes: object):
    """Return the settings of a small forecaster."""
    return FAMILIES[family](family=family, **{**SETTINGS[family], **changes})


def shape_of(targets: int = 2) -> Shape:
    """Return two channels of which one or both, in the other order, are forecast."""
    return Shape(LOOK_BACK, HORIZON, SEASON, ("load", "wind"), ("wind", "load")[:targets])


def windows(shape: Shape, count: int, seed: int) -> Windows:
    """Return windows of noisy seasons, each channel with a level of its own."""
    rng = np.random.default_rng(seed)
    rows = count + shape.look_back + shape.horizon
    phase = 2 * np.pi * np.arange(rows) / shape.season
    channels = len(shape.features)
    series = np.stack([np.sin(phase + k) + 0.5 * k for k in range(channels)], axis=1)
    series = np.round((series + rng.normal(0, 0.2, series.shape)) * 32) / 32
    places = np.arange(count)[:, None]
    seen = series[places + np.arange(shape.look_back)]
    columns = [shape.features.index(name) for name in shape.targets]
    ahead = series[places + shape.look_back + np.arange(shape.horizon)][..., columns]
    targets = ahead.reshape(count, -1)
    origins = np.arange(count) + shape.look_back
    times = origins.astype("datetime64[s]")
    return Windows(seen, targets, np.ones(targets.shape, dtype=bool), times, origins)
