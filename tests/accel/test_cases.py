"""Returns scored as prices, intermittent demand, and the series that come with them."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from accel.configuration.config import load_config, parse_config
from accel.datasets.loader import load_series
from accel.datasets.series import Series
from accel.datasets.windows import Windows
from accel.report.cases import case_lines
from accel.report.schema import Accuracy
from accel.scoring.baselines import last_value, seasonal_naive
from accel.scoring.cases import demand_of, demanded, measured_again, prices_of
from accel.scoring.demand import (
    best_smoothing,
    croston,
    croston_forecast,
    is_demand,
    mase,
    season_errors,
)
from accel.scoring.prices import PriceScores, score_prices
from accel.training.prepared import prepare
from accel.training.result import TrainingResult
from hw.errors import ChronogateError
from hw.network.metadata import Feature
from tests.accel.meter import configured, readings

CASES = sorted(Path(__file__).parents[2].joinpath("accel/examples/cases").glob("*.toml"))


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_the_cases_are_valid_configurations(path: Path) -> None:
    config = load_config(path)
    assert config.name == path.stem
    if config.data.dataset != "etth1":
        data = prepare(config)
        assert len(data.test) > 100
        assert [target.name for target in data.targets] == list(config.data.targets)


def test_stock_prices_are_rows_of_trading_days() -> None:
    series = load_series(load_config(CASES[[c.stem for c in CASES].index("finance")]).data)
    assert series.rows == 3269  # a return fewer than prices
    assert series.observed.all()
    assert np.diff(series.times).max() > np.timedelta64(2, "D")  # weekends are no steps
    assert series.prices is not None
    again = series.prices[0] * np.exp(np.cumsum(series.values[1:], axis=0))
    assert np.rint(again * 1e4).tolist() == np.rint(series.prices[1:] * 1e4).tolist()


def test_a_stock_that_is_not_traded_yet_begins_the_series_later() -> None:
    text = CASES[[c.stem for c in CASES].index("finance")].read_text(encoding="utf-8")
    text = text.replace('"msft"]', '"msft", "goog"]\ngaps = "fill"')
    series = load_series(parse_config(text, "goog").data)
    assert str(series.times[0])[:10] == "2004-08-20"
    assert series.observed.all()


def test_calendar_and_prices_stay_aligned(tmp_path: Path) -> None:
    frame = readings()
    frame["load"] = [str(10 + n % 5) for n in range(len(frame))]
    data = 'calendar = ["day"]\ntransform = "returns"'
    config = configured(tmp_path, frame, data)
    only = config.data.model_copy(update={"features": ("load",)})
    series = load_series(only)
    assert series.names == ("load", "day_sin", "day_cos")
    assert series.prices is not None
    assert series.prices[:3, 0].tolist() == [11, 12, 13]
    assert np.isnan(series.prices[:, 1:]).all()
    assert np.rint(series.values[0, 0] * 1e6) == np.rint(np.log(1.1) * 1e6)
    with pytest.raises(ChronogateError, match="needs prices above 0"):
        load_series(config.data)


def test_a_return_is_observed_where_both_prices_were(tmp_path: Path) -> None:
    frame = readings()
    frame["load"] = [str(10 + n % 5) for n in range(len(frame))]
    frame.loc[7, "load"] = ""
    config = configured(tmp_path, frame, 'gaps = "fill"\ntransform = "returns"')
    series = load_series(config.data.model_copy(update={"features": ("load",)}))
    assert np.flatnonzero(~series.observed[:, 0]).tolist() == [6, 7]  # to the gap, and from it


def test_a_row_step_ignores_the_clock_and_fills_no_days(tmp_path: Path) -> None:
    frame = readings(60).drop(index=range(20, 30)).reset_index(drop=True)
    frame.loc[7, "load"] = ""
    config = configured(tmp_path, frame, 'step = "row"\ngaps = "fill"')
    series = load_series(config.data)
    assert series.rows == 50
    assert series.observed[:, 0].sum() == 49
    with pytest.raises(ChronogateError, match="row 9"):
        load_series(configured(tmp_path, frame, 'step = "row"').data)


def returns_of(prices: np.ndarray, horizon: int) -> tuple[Series, Windows]:
    values = np.diff(np.log(prices), axis=0)
    times = np.arange(len(values)).astype("datetime64[s]")
    known = np.ones(values.shape, dtype=bool)
    series = Series(("a", "b"), ("", ""), values, known, times, 1.0, "drawn", prices[1:])
    origins = np.arange(4, len(values) - horizon)
    targets = values[origins[:, None] + np.arange(horizon)].reshape(len(origins), -1)
    return series, Windows(
        values[origins - 1][:, None], targets, np.ones(targets.shape, bool), times, origins
    )


def test_returns_are_scored_as_prices() -> None:
    rng = np.random.default_rng(7)
    prices = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, (400, 2)), axis=0))
    series, windows = returns_of(prices, 3)
    targets = (Feature("a", "", 0.001, 0.5), Feature("b", "", -0.002, 0.25))
    offset, scale = np.array([0.001, -0.002]), np.array([0.5, 0.25])

    def scaled(values: np.ndarray) -> np.ndarray:
        whole = values.reshape(len(values), -1, 2)
        return ((whole - offset) / scale).reshape(values.shape)

    true = scaled(windows.targets)

    def scored(forecasts: np.ndarray, count: int | None = None) -> PriceScores:
        return score_prices(forecasts, true[:count], windows.mask[:count], targets, 1)

    perfect = scored(true)
    assert perfect.model < 1e-12 * perfect.last_price
    assert perfect.significant
    zero = scored(scaled(0 * windows.targets))
    assert abs(zero.gain) < 1e-12
    # By hand, for one window: squared per cent of the last price.
    rows = windows.origins[0] + np.arange(3)
    assert series.prices is not None
    last = series.prices[windows.origins[0] - 1]
    by_hand = np.mean((100 * (series.prices[rows] / last - 1)) ** 2)
    found = scored(scaled(0 * windows.targets[:1]), 1)
    assert np.rint(found.last_price * 1e9) == np.rint(by_hand * 1e9)
    # Noise loses, knowledge wins, and the interval is around what was found.
    noise = scored(scaled(rng.normal(0, 0.001, windows.targets.shape)))
    assert noise.low < noise.gain < noise.high
    assert noise.gain < 0
    half = scored(scaled(windows.targets / 2))
    assert 0 < half.low < half.gain < half.high < 1
    assert half.block == 7  # the cube root of the windows, no less than twice the horizon


def test_croston_by_hand() -> None:
    values = np.array([0, 0, 6, 0, 2, 0], dtype=float)[:, np.newaxis]
    # The first demand, 6, came after 3 steps; the second, 2, after 2: half of each is smoothed.
    found = croston(values, 0.5)[:, 0]
    assert found.tolist() == [0, 0, 0, 2, 2, 4 / 2.5, 4 / 2.5]


def test_croston_forgets_faster_where_demand_has_changed() -> None:
    values = np.where(np.arange(120) < 90, 1.0, 9.0)[:, np.newaxis] * (np.arange(120) % 2)[:, None]
    origins = np.arange(92, 118)
    truth = values[origins]
    mask = np.ones(truth.shape, dtype=bool)
    windows = Windows(truth, truth, mask, origins.astype("datetime64[s]"), origins)
    assert best_smoothing(values, truth, windows, 1) == 0.3


def test_demand_is_told_by_its_zeros_and_scored_by_its_season() -> None:
    rng = np.random.default_rng(8)
    values = rng.poisson(0.4, (200, 2)).astype(float)
    assert is_demand(values)
    assert not is_demand(values + 1)
    assert not is_demand(values - 1)
    origins = np.arange(100, 190)
    truth = values[origins[:, None] + np.arange(2)].reshape(len(origins), -1)
    mask = np.ones(truth.shape, dtype=bool)
    windows = Windows(truth, truth, mask, origins.astype("datetime64[s]"), origins)
    scale = season_errors(values[:100], 7)
    assert scale.tolist() == np.abs(values[7:100] - values[:93]).mean(axis=0).tolist()
    forecasts = {"zero": 0 * truth, "croston": croston_forecast(values, windows, 2, 0.05)}
    found = mase(forecasts, truth, mask, scale)
    wanted = np.mean([truth[:, k::2].mean() / scale[k] for k in (0, 1)])
    assert np.rint(found["zero"] * 1e9) == np.rint(wanted * 1e9)
    assert found["croston"] != found["zero"]


def test_retail_items_are_intermittent_in_training() -> None:
    data = prepare(load_config(CASES[[c.stem for c in CASES].index("retail")]))
    training = pd.DataFrame(data.series.values[: data.split.train])
    share = (training > 0).mean()
    assert ((share > 0.25) & (share < 1 / 1.32)).all()
    assert is_demand(training.to_numpy())


def test_roots_of_demand_are_scored_as_demand(tmp_path: Path) -> None:
    plain = load_config(CASES[[c.stem for c in CASES].index("retail_median")])
    found: list[list[float]] = []
    for transform in ("none", "sqrt"):
        changes = {"transform": transform, "center": True}
        config = plain.model_copy(update={"data": plain.data.model_copy(update=changes)})
        data, forecast = prepare(config), config.forecast
        values, origins = data.scaled_targets, data.test.origins
        season = seasonal_naive(values, origins, forecast.horizon, forecast.season)
        naive = {
            "last_value": last_value(values, origins, forecast.horizon),
            "seasonal_naive": season,
            "ridge": season,
        }
        scores = demand_of(config, data, season, naive)
        assert scores is not None
        assert scores.rooted == (transform == "sqrt")
        found.append([scores.model, scores.last_value, scores.zero, scores.croston, *scores.scale])
    assert np.rint(np.array(found[0]) * 1e9).tolist() == np.rint(np.array(found[1]) * 1e9).tolist()
    assert set(data.series.units) == {"√units"}
    below = np.full((1, forecast.horizon * len(data.targets)), -9.0)
    assert demanded(below, data.targets, rooted=True).max() == 0  # no demand is below zero
    frame = readings()
    frame.loc[5, "load"] = "-4"
    with pytest.raises(ChronogateError, match=r"'load' is -4 .* needs values of 0 or more"):
        load_series(configured(tmp_path, frame, 'transform = "sqrt"').data)


@pytest.mark.parametrize("case", ["finance", "retail", "retail_median"])
def test_forecasts_of_the_rtl_are_scored_as_those_of_the_training(case: str) -> None:
    config = load_config(CASES[[c.stem for c in CASES].index(case)])
    data = prepare(config)
    test = data.test
    forecasts = 0.9 * test.targets
    naive = {name: 0 * forecasts for name in ("last_value", "seasonal_naive", "ridge")}
    training = SimpleNamespace(
        prices=prices_of(config, data, forecasts),
        demand=demand_of(config, data, forecasts, naive),
        targets=data.targets,
        seed=config.training.seed,
    )
    given = cast(TrainingResult, training)
    assert (training.prices is None) == (case != "finance")
    again = measured_again(given, forecasts, test.targets, test.mask)
    assert again == (training.prices, training.demand)
    prices, demand = measured_again(given, 0.5 * forecasts, test.targets, test.mask)
    lines = dict(case_lines(Accuracy(prices=prices, demand=demand)))
    if prices is not None:
        assert prices.model > training.prices.model
        assert lines["gain on the last price"].startswith(f"{prices.gain:+.2%} (95 %: ")
    if demand is not None:
        assert demand.model > training.demand.model
        assert (demand.zero, demand.croston) == (training.demand.zero, training.demand.croston)
        assert "mean absolute scaled error" in lines
