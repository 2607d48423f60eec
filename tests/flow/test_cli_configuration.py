"""Configurations at the command line: made, listed, refused, and followed."""

import json
import os
from pathlib import Path

import pytest

from accel.configuration.config import template
from tests.flow.commands import LOOK_BACK, failure, invoke, write_config, write_series


def test_text_in_a_number_column_names_row_and_column(tmp_path: Path) -> None:
    frame = write_series(tmp_path / "meter.csv").astype({"load": object})
    frame.loc[41, "load"] = "broken"
    frame.to_csv(tmp_path / "meter.csv", index=False)
    sentence = failure("train", write_config(tmp_path), "--run", tmp_path / "run")
    assert "row 43" in sentence
    assert "load" in sentence
    assert "broken" in sentence
    assert not list((tmp_path / "run").glob("*.h5"))


def test_look_back_longer_than_the_series(tmp_path: Path) -> None:
    write_series(tmp_path / "meter.csv", 60)
    config = write_config(tmp_path, look_back="500")
    assert "look_back" in failure("train", config, "--run", tmp_path / "run")


def test_unknown_key_dataset_and_file(tmp_path: Path) -> None:
    write_series(tmp_path / "meter.csv")
    assert "speed" in failure("train", write_config(tmp_path, extra="speed = 3"))
    (tmp_path / "x.toml").write_text(template("x", "gru").replace("beijing_weather", "moon"))
    assert "moon" in failure("train", tmp_path / "x.toml", "--run", tmp_path / "run")
    assert "accel new" in failure("train", tmp_path / "absent.toml")


def test_new_writes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert invoke("new", "shelf", "--family", "lstm").exit_code == 0
    assert 'family = "lstm"' in Path("shelf.toml").read_text()
    assert "exists already" in failure("new", "shelf")


@pytest.mark.parametrize("listing", ["boards", "datasets"])
def test_listings(listing: str) -> None:
    plain, machine = invoke(listing), invoke(listing, "--json")
    assert plain.exit_code == machine.exit_code == 0
    names = [row["name"] for row in json.loads(machine.stdout)]
    assert names
    assert all(name in plain.stdout.replace(os.linesep, " ") for name in names)


def test_delta_updates_are_verified_and_counted(tmp_path: Path) -> None:
    write_series(tmp_path / "meter.csv")
    config = write_config(tmp_path, "lstm")
    text = config.read_text().replace(
        "units = 3", "units = 3\ndelta = { input = 0.5, state = 0.1 }"
    )
    config.write_text(text)
    run = tmp_path / "run"
    assert invoke("train", config, "--run", run).exit_code == 0
    converted = invoke("convert", run)
    assert converted.exit_code == 0, converted.output
    assert "mismatches: 0" in converted.output
    assert "note: delta updates leave products out" in converted.output
    verified = invoke("verify", run)
    assert verified.exit_code == 0, verified.output
    assert "products of lstm" in verified.output
    assert invoke("report", run).exit_code == 0
    report = json.loads((run / "report.json").read_text())
    # QKeras computes something else by design.
    assert report["verification"]["realizations"] == ["reference", "hls", "rtl"]
    assert "not QKeras's by design" in report["verification"]["note"]
    (layer,) = report["adaptive"]
    assert 0 < layer["saved"] < 1
    assert layer["products"] == report["verification"]["vectors"] * LOOK_BACK * (2 + 3) * 4 * 3
