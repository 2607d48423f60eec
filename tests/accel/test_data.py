"""From a CSV file to windows: flaws are named or mended as said, and the future stays unknown."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from accel.configuration.config import example, parse_config
from accel.datasets.loader import load_series
from accel.datasets.registry import datasets
from accel.training.prepared import prepare
from hw.errors import ChronogateError
from tests.accel.meter import HORIZON, LOOK_BACK, ROWS, configured, readings


def refusal(folder: Path, frame: pd.DataFrame, data: str = "", **changes: int) -> str:
    with pytest.raises(ChronogateError) as caught:
        prepare(configured(folder, frame, data, **changes))
    return str(caught.value)


def test_windows_hold_the_rows_they_should(tmp_path: Path) -> None:
    frame = readings()
    data = prepare(configured(tmp_path, frame))
    load = frame["load"].astype(float).to_numpy()
    train, validation = data.split.train, data.split.validation
    assert (train, validation, data.split.test) == (120, 160, ROWS)
    assert len(data.train) == train - LOOK_BACK - HORIZON + 1
    # Inputs of validation and test windows may begin before their part; no target does.
    assert len(data.validation) == validation - train - HORIZON + 1
    assert len(data.test) == ROWS - validation - HORIZON + 1
    scale = data.features[0]
    assert scale.offset == load[:train].mean()
    # The last bit depends on the order of summation, which nobody promises.
    assert round(scale.scale * 1e9) == round(load[:train].std() * 1e9)
    for part in (data.train, data.validation, data.test):
        for i, origin in enumerate(part.origins.tolist()):
            seen = (load[origin - LOOK_BACK : origin] - scale.offset) / scale.scale
            ahead = (load[origin : origin + HORIZON] - scale.offset) / scale.scale
            assert part.inputs[i, :, 0].tolist() == seen.tolist()
            assert part.targets[i].tolist() == ahead.tolist()


def test_zero_stays_zero_without_the_mean(tmp_path: Path) -> None:
    frame = readings()
    frame.loc[100, "load"] = "0"
    around, plain = (
        prepare(configured(tmp_path, frame, f"center = {flag}")) for flag in ("true", "false")
    )
    assert plain.features[0].scale == around.features[0].scale
    assert [feature.offset for feature in plain.features] == [0.0] * len(plain.features)
    place = int(np.flatnonzero(plain.train.origins == 100)[0])
    assert plain.train.targets[place, 0] == 0.0
    assert around.train.targets[place, 0] == -around.features[0].offset / around.features[0].scale


def test_the_future_changes_neither_inputs_nor_scaling(tmp_path: Path) -> None:
    frame = readings()
    before = prepare(configured(tmp_path, frame))
    cut = before.split.train
    frame.loc[cut:, ["load", "wind"]] = "7000"
    after = prepare(configured(tmp_path, frame))
    assert after.features == before.features
    assert after.train.inputs.tolist() == before.train.inputs.tolist()
    assert after.train.targets.tolist() == before.train.targets.tolist()


def test_gaps_are_refused_with_the_row(tmp_path: Path) -> None:
    frame = readings()
    frame.loc[30, "wind"] = ""
    message = refusal(tmp_path, frame)
    assert "wind" in message
    assert "32" in message  # row 30 of the data is line 32 of the file
    assert "gaps" in message


def test_gaps_are_filled_from_the_past_and_not_scored(tmp_path: Path) -> None:
    frame = readings()
    frame.loc[50, "load"] = "NaN"
    frame = frame.drop(index=[80, 81]).reset_index(drop=True)
    series = load_series(configured(tmp_path, frame, 'gaps = "fill"').data)
    load = readings()["load"].astype(float).to_numpy()
    assert series.rows == ROWS
    column = series.columns(("load",))[0]
    assert series.values[50, column] == load[49]
    assert series.values[[80, 81], column].tolist() == [load[79], load[79]]
    assert np.flatnonzero(~series.observed[:, column]).tolist() == [50, 80, 81]
    data = prepare(configured(tmp_path, frame, 'gaps = "fill"'))
    masked = {
        (int(o) + k)
        for o, row in zip(data.train.origins, data.train.mask, strict=True)
        for k, counts in enumerate(row)
        if not counts
    }
    assert masked == {50, 80, 81}


def test_a_gap_at_the_very_beginning_has_no_past(tmp_path: Path) -> None:
    """Nothing can be filled there, so the series begins where every column has been seen."""
    frame = readings()
    frame.loc[0, "load"] = ""
    series = load_series(configured(tmp_path, frame, 'gaps = "fill"').data)
    assert series.rows == ROWS - 1
    assert series.times[0] == np.datetime64("2024-03-01T01:00:00")
    assert series.observed.all()


def test_a_column_without_any_value(tmp_path: Path) -> None:
    assert "load" in refusal(tmp_path, readings().assign(load=""), 'gaps = "fill"')


def test_duplicates(tmp_path: Path) -> None:
    frame = readings()
    again = frame.loc[[20]].assign(load="999")
    frame = pd.concat([frame.loc[:20], again, frame.loc[21:]], ignore_index=True)
    assert "duplicates" in refusal(tmp_path, frame)
    series = load_series(configured(tmp_path, frame, 'duplicates = "first"').data)
    assert series.rows == ROWS
    assert 999 not in series.values


def test_irregular_steps(tmp_path: Path) -> None:
    frame = readings()
    frame.loc[40, "when"] = "2024-03-02 16:20:00"
    assert "irregular" in refusal(tmp_path, frame)


@pytest.mark.parametrize("text", ["twelve", "1,5", "inf"])
def test_text_in_a_number_column(tmp_path: Path, text: str) -> None:
    frame = readings()
    frame.loc[9, "load"] = text
    message = refusal(tmp_path, frame)
    assert "row 11" in message
    assert "load" in message


def test_a_time_stamp_that_is_none(tmp_path: Path) -> None:
    frame = readings()
    frame.loc[9, "when"] = "yesterday"
    message = refusal(tmp_path, frame)
    assert "row 11" in message
    assert "yesterday" in message


def test_missing_column_and_short_series(tmp_path: Path) -> None:
    assert "wind" in refusal(tmp_path, readings().drop(columns="wind"))
    assert "look_back" in refusal(tmp_path, readings(), look_back=300)


@pytest.mark.parametrize("family", ["mlp", "gru", "lstm"])
def test_examples_read_the_bundled_series(family: str) -> None:
    config = parse_config(example(family), family)
    series = load_series(config.data)
    assert series.rows == 43_824
    assert series.observed.all()
    short = replace(series, values=series.values[:5])
    assert np.isfinite(short.values).all()


def test_every_bundled_series_is_named_with_its_licence() -> None:
    rows = datasets()
    names = {row.name for row in rows}
    assert names >= {"beijing_weather", "seattle_temperature", "stock_prices", "retail_demand"}
    assert all(row.licence for row in rows)
    assert [row.name for row in rows if not row.bundled] == ["etth1"]
