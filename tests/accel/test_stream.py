"""Rows in, forecasts out: what `accel stream` does around the board."""

import io
import lzma
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from accel.boards import find_board
from accel.configuration.config import Config, example
from accel.datasets.loader import feature_names
from accel.flow import stream
from accel.flow.forecast import read_inputs
from accel.flow.stream import Forecaster, load_forecaster, stream_rows
from accel.runs.run import open_run
from hw import Network, Node, Port
from hw.board.top import BoardTop
from hw.errors import ChronogateError
from hw.network.metadata import Feature, Metadata
from hw.network.mode import Mode
from hw.network.serialization import save_network
from tests.hw.recurrent_shapes import GRID, recurrent_layer

LOOK_BACK, HORIZON, ROWS = 4, 3, 9


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    from accel.configuration.config import load_config

    path = tmp_path_factory.mktemp("config") / "gru.toml"
    path.write_text(example("gru"))
    return load_config(path)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    with lzma.open(str(files("accel").joinpath("data", "beijing_weather.csv.xz")), "rt") as whole:
        path.write_text("".join(next(whole) for _ in range(1 + ROWS)))
    return path


def network(config: Config) -> Network:
    names = feature_names(config.data)
    gru = recurrent_layer(
        "gru_after", len(names), HORIZON, LOOK_BACK, 3, input_reuse=24, recurrent_reuse=9
    )
    metadata = Metadata(
        features=tuple(Feature(name, scale=30.0) for name in names),
        targets=(Feature("temperature", "°C", 2.0, 5.0),),
        step_seconds=3600.0,
        look_back=LOOK_BACK,
        horizon=HORIZON,
        time_column="time",
    )
    port = Port("input", len(names), GRID, LOOK_BACK)
    return Network("small", (port,), (Node("gru", gru, ("input",)),), ("gru",), metadata)


class Golden:
    """A board that is the golden model; keeps what it was given."""

    def __init__(self, network: Network) -> None:
        self.network, self.given = network, []

    def connect(self) -> None: ...
    def load(self, model: Network) -> None:
        self.network = model

    @property
    def registers(self) -> "Golden":
        return self

    def counters(self) -> dict[str, int]:
        return {"input_beats": len(self.given) * LOOK_BACK}

    def close(self) -> None: ...

    def step(self, codes: np.ndarray) -> np.ndarray | None:
        self.given.append(codes)
        if self.network.mode is Mode.WINDOW:
            return self.network.reference(codes[np.newaxis])[0]
        if len(self.given) < LOOK_BACK:
            return None
        return self.network.reference(np.stack(self.given[-LOOK_BACK:])[np.newaxis])[0, 0]


@pytest.mark.parametrize("mode", [Mode.WINDOW, Mode.SLIDING])
@pytest.mark.parametrize("live", [True, False])
def test_every_row_with_a_look_back_is_forecast_from(
    config: Config, rows: Path, mode: Mode, live: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = replace(network(config), mode=mode)
    board = Golden(wanted)
    monkeypatch.setattr(stream, "_open", lambda *arguments: board)
    monkeypatch.setattr(sys, "stdin", io.StringIO(rows.read_text()))
    forecaster = Forecaster(wanted, config, find_board("icebreaker"))
    lines = list(stream_rows(forecaster, "port", "-" if live else rows))
    _, scaled = read_inputs(config, wanted.metadata, rows)
    codes = GRID.quantize(scaled)
    count = ROWS - LOOK_BACK + 1
    assert lines[0] == "origin,time,temperature"
    assert len(lines) == 1 + count * HORIZON
    assert lines[1].startswith("2010-01-01 03:00:00,2010-01-01 04:00:00,")
    windows = np.stack([codes[at : at + LOOK_BACK] for at in range(count)])
    values = wanted.output.format.to_float(network(config).reference(windows)) * 5 + 2
    assert [line.split(",")[2] for line in lines[1:]] == [f"{v:.6g}" for v in values.ravel()]
    # On a board that slides, every row is sent once.
    assert len(board.given) == (count if mode is Mode.WINDOW else ROWS)


def test_other_weights_come_first_and_counters_last(
    config: Config, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forecasts are in the units of the network whose weights they are."""
    design = network(config)
    metadata = replace(design.metadata, targets=(Feature("temperature", "°C", -1.0, 3.0),))
    gru = design.nodes[0].spec
    spec = replace(gru, kernel=-gru.kernel)
    newer = replace(design, nodes=(Node("gru", spec, ("input",)),), metadata=metadata)
    (tmp_path / "run").mkdir()
    (tmp_path / "newer").mkdir()
    (tmp_path / "run" / "config.toml").write_text(
        example("gru").replace("# registers = false", "registers = true")
    )
    save_network(design, tmp_path / "run")
    save_network(newer, tmp_path / "newer")
    with open_run(tmp_path / "run") as run:
        forecaster = load_forecaster(run, "icebreaker", tmp_path / "newer")
        assert load_forecaster(run, "icebreaker").weights is None
    assert forecaster.board.top(design).map is not None
    board = Golden(design)
    monkeypatch.setattr(stream, "_open", lambda *arguments: board)
    counts: list[dict[str, int]] = []
    lines = list(stream_rows(forecaster, "port", rows, counts.append))
    _, scaled = read_inputs(config, metadata, rows)
    codes = GRID.quantize(scaled)
    windows = np.stack([codes[at : at + LOOK_BACK] for at in range(ROWS - LOOK_BACK + 1)])
    values = design.output.format.to_float(newer.reference(windows)) * 3 - 1
    assert [line.split(",")[2] for line in lines[1:]] == [f"{v:.6g}" for v in values.ravel()]
    assert counts == [{"input_beats": len(windows) * LOOK_BACK}]


def test_what_cannot_be_opened_is_named(config: Config, rows: Path, tmp_path: Path) -> None:
    forecaster = Forecaster(network(config), config, find_board("icebreaker"))
    with pytest.raises(ChronogateError, match=r"nothing\.csv cannot be read"):
        list(stream_rows(forecaster, "port", tmp_path / "nothing.csv"))
    with pytest.raises(ChronogateError, match=r"port /dev/nowhere cannot be opened"):
        list(stream_rows(forecaster, "/dev/nowhere", rows))


def test_a_sample_of_each_mode_has_its_own_size(config: Config) -> None:
    sizes = {
        mode: BoardTop(
            replace(network(config), mode=mode), find_board("icebreaker").top(network(config)).uart
        ).bridge.beats
        for mode in (Mode.WINDOW, Mode.SLIDING)
    }
    assert sizes == {Mode.WINDOW: LOOK_BACK, Mode.SLIDING: 1}
