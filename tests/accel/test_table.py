"""Files that are not quite CSV, grids that are not quite regular, and what is bundled."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from accel.configuration.config import example, parse_config
from accel.datasets.calendar import Cycle, phase
from accel.datasets.cleaning import Policy, clean
from accel.datasets.loader import feature_names, load_series
from accel.datasets.table import Table, read_table
from accel.training.prepared import prepare
from hw.errors import ChronogateError

POLICY = Policy(gaps="refuse", duplicates="refuse", irregular="refuse", step=None)
HEADER = "time,a,b\n"
FIRST = "2024-01-01 00:00,1,2\n"


def read(folder: Path, text: str) -> Table:
    file = folder / "data.csv"
    file.write_text(text, encoding="utf-8")
    return read_table(file, "time", None, ("a", "b"))


def table(stamps: list[str], values: list[list[float]]) -> Table:
    times = np.array(stamps, dtype="datetime64[ns]")
    return Table(times, np.array(values), tuple("ab"[: len(values[0])]), "data.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (HEADER, "no data rows"),
        ("time;a;b\n2024-01-01;1;2\n", "no column 'time'.*time;a;b"),
        (HEADER + FIRST + "2024-01-01 01:00,1,2,3\n", "line 3"),
        (HEADER + "2024-01-01 00:00,1,2,3\n", "not a CSV file"),
        (HEADER + FIRST + "\n2024-01-01 01:00,1,2\n", "row 3, column 'time': ''"),
        (HEADER + "31.01.2024 13:00,1,2\n", "row 2, column 'time'.*time_format"),
        (HEADER + FIRST + "2024-01-01 01:00,1_0,2\n", "row 3, column 'a': '1_0'"),
        (HEADER + FIRST + "2024-01-01 01:00,1,1e999\n", "row 3, column 'b': '1e999'"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ChronogateError, match=message):
        read(tmp_path, text)


def test_short_rows_and_missing_markers_are_missing_values(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + FIRST + "2024-01-01 01:00, NA,-\n2024-01-01 02:00,3\n\n\n")
    assert np.isnan(found.values).tolist() == [[False, False], [True, True], [False, True]]
    assert found.values[2, 0] == 3


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ChronogateError, match="there is no data file"):
        read_table(tmp_path / "absent.csv", "time", None, ("a",))
    with pytest.raises(ChronogateError, match="cannot be read"):
        read_table(tmp_path, "time", None, ("a",))
    for damaged in ("data.csv.gz", "data.csv.xz"):
        (tmp_path / damaged).write_bytes(gzip.compress(HEADER.encode())[:12])
        with pytest.raises(ChronogateError, match="cannot be read"):
            read_table(tmp_path / damaged, "time", None, ("a",))


def test_offsets_become_utc_and_formats_are_followed(tmp_path: Path) -> None:
    found = read(tmp_path, "\ufeff" + HEADER + "2024-01-01T00:00+01:00,1,2\n")
    assert found.times[0] == np.datetime64("2023-12-31T23:00")
    (tmp_path / "german.csv").write_text("Zeit,a\n31.01.2024 13:00,1\n", encoding="utf-8")
    german = read_table(tmp_path / "german.csv", "Zeit", "%d.%m.%Y %H:%M", ("a",))
    assert german.times[0] == np.datetime64("2024-01-31T13:00")


def test_time_that_runs_backwards_is_refused() -> None:
    rows = table(["2024-01-01T01:00", "2024-01-01T00:00"], [[1.0], [2.0]])
    with pytest.raises(ChronogateError, match=r"row 3.*before the row above"):
        clean(rows, POLICY)


def test_a_missing_row_is_named() -> None:
    stamps = ["2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T02:00", "2024-01-01T05:00"]
    with pytest.raises(ChronogateError, match="row 5: 2 time steps are missing"):
        clean(table(stamps, [[1.0], [2.0], [3.0], [4.0]]), POLICY)


def test_the_last_row_of_each_step_is_known_only_from_its_end_on() -> None:
    """00:20 and 00:50 belong to 01:00, where the later one that has a value counts."""
    stamps = [f"2024-01-01T{time}" for time in ("00:00", "00:20", "00:50", "01:10", "03:00")]
    values = [[1.0, 1.0], [2.0, 2.0], [3.0, np.nan], [4.0, 4.0], [5.0, 5.0]]
    mended = Policy(gaps="fill", duplicates="refuse", irregular="last", step="1h")
    grid = clean(table(stamps, values), mended)
    assert grid.values.tolist() == [[1, 1], [3, 2], [4, 4], [5, 5]]
    assert grid.observed.all()


@pytest.mark.parametrize(
    ("step", "message"),
    [("soon", "no length of time"), ("-1h", "no length of time"), ("1s", "steps of 0 days")],
)
def test_steps_that_cannot_be(step: str, message: str) -> None:
    rows = table(["2024-01-01T00:00", "2024-01-01T01:00"], [[1.0], [2.0]])
    with pytest.raises(ChronogateError, match=message):
        clean(rows, Policy(gaps="fill", duplicates="refuse", irregular="refuse", step=step))


def test_phases_of_the_calendar() -> None:
    times = np.array(["2024-01-01T00:00", "2024-01-03T12:00"], dtype="datetime64[s]")  # a Monday
    assert phase(times, Cycle.DAY).tolist() == [0, 1 / 2]
    assert phase(times, Cycle.WEEK).tolist() == [0, 2.5 / 7]
    assert phase(times, Cycle.YEAR).tolist() == [0, 2.5 / 365.2425]


def test_seattle_lacks_an_hour_where_daylight_saving_time_began() -> None:
    text = example("mlp").replace("beijing_weather", "seattle_temperature")
    text = text.replace('["temperature", "dew_point", "pressure", "wind"]', "[]")
    with pytest.raises(ChronogateError, match="1 time step is missing between 2010-03-14 02:00:00"):
        load_series(parse_config(text, "seattle.toml").data)
    text = text.replace('gaps = "refuse"', 'gaps = "fill"')
    series = load_series(parse_config(text, "seattle.toml").data)
    assert series.rows == 365 * 24
    assert series.units[0] == "°F"
    hidden = series.times[~series.observed[:, 0]]
    assert hidden.tolist() == [np.datetime64("2010-03-14T03:00", "s").item()]


def test_several_targets_lie_side_by_side_at_each_step() -> None:
    text = example("mlp").replace('targets = ["temperature"]', 'targets = ["rain", "pressure"]')
    config = parse_config(text, "two.toml")
    data = prepare(config)
    assert feature_names(config.data)[-2:] == ("year_sin", "year_cos")
    assert [feature.name for feature in data.targets] == ["rain", "pressure"]
    horizon, origin = config.forecast.horizon, int(data.test.origins[7])
    expected = data.scaled_targets[origin : origin + horizon]
    assert data.test.targets[7].reshape(horizon, 2).tolist() == expected.tolist()


def test_the_default_split_of_the_bundled_weather() -> None:
    """60/20/20 of 43,824 rows, and every window: the figures that the demo reports."""
    data = prepare(parse_config(example("gru"), "gru.toml"))
    assert (data.split.train, data.split.validation, data.split.test) == (26_294, 35_059, 43_824)
    assert len(data.train) == 26_294 - 48 - 24 + 1
    assert (len(data.validation), len(data.test)) == (8_742, 8_742)
    assert data.test.origins[0] == data.split.validation
    assert data.test.origins[-1] == data.split.test - 24
