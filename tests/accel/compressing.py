"""Small forecasters, trained for an epoch, compressed and converted."""

from pathlib import Path

import numpy as np

import accel
from accel.compression.compress import compress
from accel.compression.lesson import Lesson
from accel.compression.method import Applied, Method
from accel.configuration.sections import TrainingConfig
from accel.forecasters.build import build_forecaster, hls_settings
from accel.progress import SilentProgress
from accel.qkeras_compat import keras
from accel.training.fitting import seed_everything
from hw.network.graph import Network
from tests.accel.conversion.compare import assert_equal_to_qkeras, draw_codes
from tests.accel.forecasting import SEASON, model_of, shape_of, windows


def lesson_of(count: int = 200) -> Lesson:
    """Return windows of two channels with a rhythm of `SEASON` steps."""
    shape = shape_of()
    phase = 2 * np.pi * np.arange(240) / SEASON
    series = np.stack([np.sin(phase), np.cos(phase)], axis=1)
    noise = np.random.default_rng(4).normal(0, 0.2, series.shape)
    train, validation = windows(shape, count, 1), windows(shape, 60, 2)
    return Lesson(train, validation, TrainingConfig(batch_size=100), shape, series + noise)


def trained(family: str, lesson: Lesson, **settings: object) -> keras.Model:
    """Return a forecaster that has learned a little."""
    seed_everything(1)
    model = build_forecaster(model_of(family, **settings), lesson.shape)
    lesson.train_on(model, 1, 0.01)
    return model


def compressed(
    family: str, methods: tuple[Method, ...], **settings: object
) -> tuple[keras.Model, tuple[Applied, ...]]:
    """Return a compressed forecaster, and what each method did."""
    lesson = lesson_of()
    return compress(trained(family, lesson, **settings), methods, lesson, SilentProgress())


def converted(
    family: str, model: keras.Model, folder: Path, skip_zeros: bool = True, **settings: object
) -> Network:
    """Return its network, which is equal to it."""
    folding = hls_settings(model_of(family, skip_zeros=skip_zeros, **settings), model.layers)
    graph = accel.convert(model, folder, family, hls_config=folding)
    codes = draw_codes(graph.network, 40, 3)
    assert_equal_to_qkeras(model, graph.network, codes, graph.kept_channels)
    return graph.network
