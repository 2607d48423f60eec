"""The family of seasons: windows that count differently, corrections, the course of the year."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from accel.datasets.annual import fit_annual, without_annual
from accel.datasets.series import Series
from accel.datasets.split import Split
from accel.flow.forecast import read_inputs
from accel.forecasters.build import build_float_twin
from accel.forecasters.closed_form import Grid, Rows, rounded
from accel.forecasters.correction import evened, low_rank_beside, projected, ridge
from accel.forecasters.fit_data import FitData
from accel.forecasters.formats import Format
from accel.forecasters.shape import Shape
from accel.forecasters.solving import layer_of
from accel.training.prepared import prepare
from hw.errors import ChronogateError
from tests.accel.forecasting import model_of, shape_of, windows
from tests.accel.meter import configured, readings


def close(found: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether numbers of about 1, which sums in another order gave, agree to nine digits."""
    return found.shape == wanted.shape and bool(np.abs(found - wanted).max() < 1e-9)


def drawn(rows: int = 60, inputs: int = 5, outputs: int = 3) -> tuple[Rows, np.random.Generator]:
    rng = np.random.default_rng(11)
    seen = rng.normal(size=(rows, inputs))
    said = seen @ rng.normal(0, 0.2, (inputs, outputs)) + rng.normal(0, 0.1, (rows, outputs)) + 1.0
    return Rows(seen, said, np.ones(said.shape, dtype=bool)), rng


def test_windows_count_by_their_variance() -> None:
    shape = Shape(4, 2, 2, ("a", "b"), ("b", "a"))
    inputs = np.zeros((2, 4, 2))
    inputs[0, :, 0] = [2.0, -2.0, 2.0, -2.0]  # a variance of 4, of the second target
    given = replace(windows(shape, 2, 1), inputs=inputs)
    whole = evened(given, shape, 1.0)
    assert close(whole / whole[0, 0], np.array([[1.0, 0.05 / 4.05], [1.0, 1.0]]))
    assert close(whole.mean(keepdims=True), np.ones((1, 1)))
    assert close(evened(given, shape, 0.0), np.ones((2, 2)))


def test_a_row_that_counts_twice_is_there_twice() -> None:
    rows, rng = drawn()
    counts = rng.integers(1, 4, len(rows.inputs))
    again = Rows(
        *(np.repeat(part, counts, axis=0) for part in (rows.inputs, rows.outputs, rows.mask))
    )
    found = ridge(rows, counts / counts.mean(), 0.2, None)
    wanted = ridge(again, np.ones(counts.sum()), 0.2, None)
    assert close(found, wanted)
    assert not close(found, ridge(rows, np.ones(len(counts)), 0.2, None))


def test_a_correction_of_full_rank_says_what_the_regression_does() -> None:
    rows, rng = drawn()
    levels, even = rng.normal(size=(60, 1)), np.ones(60)
    both = np.concatenate([rows.inputs, levels], axis=1)
    factor, said = low_rank_beside(rows, levels, even, 3, (0.1, 0.4), None)
    # By hand: penalties for each row, the means apart.
    centred, truth = both - both.mean(axis=0), rows.outputs - rows.outputs.mean(axis=0)
    penalties = 60 * np.diag([0.1] * 5 + [0.4])
    weights = np.linalg.solve(centred.T @ centred + penalties, centred.T @ truth)
    assert close(said, both @ weights)
    between = (rows.inputs - rows.inputs.mean(axis=0)) @ factor
    assert close(np.sqrt(np.mean(between**2, axis=0)), np.ones(3))
    # Three values between and the level hold all of three outputs.
    seen = Rows(np.concatenate([rows.inputs @ factor, levels], axis=1), rows.outputs, rows.mask)
    layer = projected(seen, said, even, None)
    forecast = layer.predict(seen.inputs)
    shift = (rows.outputs - said).mean(axis=0)
    assert np.abs(forecast - said - shift).max() < 1e-4  # the penalty of values that are always 0
    assert close(forecast.mean(axis=0), rows.outputs.mean(axis=0))
    # A level that is held says nothing.
    _, held = low_rank_beside(rows, levels, even, 3, (0.1, 1e12), None)
    alone = rows.inputs @ ridge(rows, even, 0.1, None)
    assert close(held, alone)


def test_a_correction_of_low_rank_keeps_what_forecasts_move_along_most() -> None:
    rows, rng = drawn()
    levels, even = rng.normal(size=(60, 1)), np.ones(60)
    factor, _ = low_rank_beside(rows, levels, even, 2, (0.1, 0.4), None)
    both = np.concatenate([rows.inputs, levels], axis=1)
    centred, truth = both - both.mean(axis=0), rows.outputs - rows.outputs.mean(axis=0)
    weights = np.linalg.solve(
        centred.T @ centred + 60 * np.diag([0.1] * 5 + [0.4]), centred.T @ truth
    )
    forecasts = centred[:, :-1] @ weights[:-1]
    main = np.linalg.svd(forecasts)[2][:2]
    kept, wanted = centred[:, :-1] @ factor, forecasts @ main.T
    wanted /= np.sqrt(np.mean(wanted**2, axis=0))
    assert close(np.abs(np.sum(kept * wanted, axis=0) / 60), np.ones(2))  # equal but for signs


def test_even_windows_follow_the_quiet_ones() -> None:
    """Quiet windows repeat their season, wild ones turn it round: who decides?"""
    shape = shape_of()
    given = windows(shape, 120, 1)
    phase = np.arange(shape.look_back + shape.horizon) % shape.season
    course = np.array([1.0, -0.5, 0.25, -0.75])[phase]
    wild = np.arange(120) % 4 == 0
    each = np.where(wild[:, None], 3 * course, course)[:, :, None] * np.ones(2)
    ahead = np.where(wild[:, None, None], -each, each)[:, shape.look_back :].reshape(120, -1)
    given = replace(given, inputs=each[:, : shape.look_back], targets=ahead)

    def first_weights(evenness: float) -> np.ndarray:
        settings = model_of("seasonal", season_penalty=1e-6, evenness=evenness)
        model = build_float_twin(settings, shape)
        settings.start(model, FitData(shape, given, given, exact=True))
        return layer_of(model, "season").get_weights()[0].sum(axis=0)

    assert (first_weights(0.0) < 0).all()
    assert (first_weights(1.0) > 0).all()


def test_corrections_lie_on_the_grid() -> None:
    rows, rng = drawn()
    number = Format(bits=5, integer=0)
    factor, said = low_rank_beside(
        rows, rng.normal(size=(60, 1)), np.ones(60), 2, (0.1, 0.1), number
    )
    layer = projected(rows, said, np.ones(60), Grid(number, number))
    season = ridge(rows, np.ones(60), 0.1, number)
    for weights in (factor, layer.weights, layer.bias, season):
        assert np.array_equal(weights, rounded(weights, number))
        assert weights.any()


def test_phases_continue_what_the_season_repeats() -> None:
    """A pure season, of another course for each channel, is forecast by the periods alone."""
    shape = shape_of()
    settings = model_of("seasonal", season_penalty=1e-6)
    pure = windows(shape, 120, 1)
    phase = (pure.origins[:, None] + np.arange(-shape.look_back, shape.horizon)) % shape.season
    courses = np.array([[1.0, -0.5, 0.25, -0.75], [0.5, 0.5, -0.25, -0.75]])
    values = np.stack([course[phase] for course in courses], axis=2)
    ahead = values[:, shape.look_back :, ::-1].reshape(len(values), -1)  # wind before load
    given = replace(pure, inputs=values[:, : shape.look_back], targets=ahead)
    model = build_float_twin(settings, shape)
    settings.start(model, FitData(shape, given, given, exact=True))
    for name in ("dense_1", "forecast"):
        layer = layer_of(model, name)
        layer.set_weights([np.zeros_like(weights) for weights in layer.get_weights()])
    found = model.predict(given.inputs, verbose=0)
    assert np.rint(found * 100).tolist() == np.rint(ahead * 100).tolist()


def a_series(days: int) -> Series:
    """Return a column with a course of the year and a level, and one that is not forecast."""
    times = np.datetime64("2015-03-01T00:00:00") + np.arange(days) * np.timedelta64(1, "D")
    start = times.astype("datetime64[Y]")
    angle = 2 * np.pi * ((times - start) / np.timedelta64(1, "s")) / (365.2425 * 86_400)
    values = np.stack([5 + 2 * np.cos(angle) - np.sin(3 * angle), np.cos(angle)], axis=1)
    known = np.ones(values.shape, dtype=bool)
    return Series(("a", "b"), ("", ""), values, known, times, 86_400.0, "made up")


def test_the_course_of_the_year_is_the_training_rows() -> None:
    series, split = a_series(900), Split(400, 600, 900)
    curve = fit_annual(series, ("a",), split, 3, 0.5)
    rest = without_annual(series, curve).values
    assert close(rest[:, 0], series.values[:, 0] / 2 + 2.5)  # the level stays whole
    assert np.array_equal(rest[:, 1], series.values[:, 1])
    later = series.values.copy()
    later[400:] = 99.0
    assert np.array_equal(
        fit_annual(replace(series, values=later), ("a",), split, 3, 0.5).weights, curve.weights
    )
    hidden, known = series.values.copy(), series.observed.copy()
    hidden[50:60, 0], known[50:60, 0] = -99.0, False
    unseen = fit_annual(replace(series, values=hidden, observed=known), ("a",), split, 3, 0.5)
    assert close(unseen.weights, curve.weights)
    with pytest.raises(
        ChronogateError, match="needs a year of training rows, and they end after 299"
    ):
        fit_annual(series, ("a",), Split(300, 600, 900), 3, 0.5)


def test_errors_keep_their_unit_without_the_course_of_the_year(tmp_path: Path) -> None:
    frame = readings(900)
    frame["when"] = pd.date_range("2015-03-01", periods=900, freq="1D").astype(str)
    frame["load"] = [str(20 + n % 7 + (n % 365) // 30) for n in range(900)]
    plain = prepare(configured(tmp_path, frame))
    config = configured(tmp_path, frame, "annual = { harmonics = 2, weight = 0.5 }")
    found = prepare(config)
    assert plain.annual is None
    assert found.annual is not None
    assert found.targets == plain.targets
    taken = found.annual.at(plain.series.times)[:, [0]] / plain.targets[0].scale
    assert np.ptp(taken) > 0.3
    again = found.scaled_targets + taken
    assert close(again, plain.scaled_targets)
    assert not close(found.test.targets, plain.test.targets)


def test_forecasts_of_a_file_would_miss_the_course_of_the_year(tmp_path: Path) -> None:
    frame = readings()
    config = configured(tmp_path, frame, "annual = {}")
    with pytest.raises(ChronogateError, match="without the course of the year"):
        read_inputs(config, None, tmp_path / "meter.csv")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ChronogateError, match="leave out `annual` or `transform`"):
        configured(tmp_path, frame, 'annual = {}\ntransform = "returns"')
