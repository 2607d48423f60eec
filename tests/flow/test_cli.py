"""The command line from a CSV file to a report, and its one-sentence errors."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hw.network.gated_serialization import load_gated
from hw.network.serialization import load_network
from tests.flow.commands import HORIZON, failure, invoke, write_config, write_series


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a small MLP, up to its verification."""
    folder = tmp_path_factory.mktemp("flow")
    write_series(folder / "meter.csv")
    run = folder / "run"
    for command in (
        ("train", write_config(folder), "--run", run),
        ("convert", run),
        ("verify", run),
    ):
        result = invoke(*command)
        assert result.exit_code == 0, result.output
    return run


def test_all_four_realizations_of_an_mlp_agree(verified: Path) -> None:
    result = json.loads((verified / "verification.json").read_text())
    assert result["realizations"] == ["qkeras", "reference", "hls", "rtl"]
    assert result["mismatches"] == 0
    assert result["values_compared"] > 3 * result["vectors"]
    assert result["predicted"] == result["simulated"]
    assert load_network(verified).metadata.targets[0].unit == "kW"


def test_report_has_the_published_keys(verified: Path) -> None:
    assert invoke("report", verified).exit_code == 0
    report = json.loads((verified / "report.json").read_text())
    assert report["version"] == 1
    assert set(report) >= {
        "name", "model", "verification", "latency", "implementations", "accuracy", "artifacts",
    }  # fmt: skip
    assert set(report["model"]) >= {
        "layers", "parameters", "nonzero_parameters", "weight_bits", "products_per_window",
    }  # fmt: skip
    keys = {
        "latency_cycles", "last_beat_cycles", "window_cycles", "interval_cycles", "step_cycles",
    }  # fmt: skip
    assert set(report["latency"]["predicted"]) == set(report["latency"]["simulated"]) == keys
    assert set(report["accuracy"]["baselines"]) == {"last_value", "seasonal_naive", "ridge"}
    for layer in report["latency"]["layers"]:
        assert layer["counted_latency_cycles"] == layer["latency_cycles"]
        assert layer["counted_distance_cycles"] == layer["distance_cycles"]
    bins = report["verification"]["coverage"]
    assert {b["state"] for b in bins} <= {"hit", "excluded", "not reached"}
    assert sum(b["state"] == "hit" for b in bins) > len(bins) / 2
    assert report["accuracy"]["measured_on"] == "rtl"
    assert report["implementations"] == []
    page = (verified / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "Functional coverage" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_two_runs_side_by_side(verified: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(verified, other)
    page, text, figures = (tmp_path / f"comparison.{kind}" for kind in ("html", "md", "json"))
    outputs = [argument for file in (page, text, figures) for argument in ("--output", file)]
    result = invoke("report", verified, other, *outputs, "--fail-if-slower", "0%")
    assert result.exit_code == 0, result.output
    assert page.stat().st_size > 1000
    assert text.read_text().startswith("| **Accuracy** | meter")
    assert len(json.loads(figures.read_text())) == 2


def test_a_slower_run_ends_with_1(verified: Path, tmp_path: Path) -> None:
    assert invoke("report", verified).exit_code == 0
    earlier = tmp_path / "earlier.json"  # what a CI kept of a faster design
    kept = json.loads((verified / "report.json").read_text())
    kept["latency"]["predicted"]["latency_cycles"] -= 1
    earlier.write_text(json.dumps(kept))
    given = ("report", earlier, verified, "--output", tmp_path / "comparison.md")
    result = invoke(*given, "--fail-if-slower", "0%")
    assert result.exit_code == 1
    assert "predicted latency_cycles is" in result.stderr
    assert invoke(*given, "--fail-if-slower", "50%").exit_code == 0
    earlier.write_text("{}")
    result = invoke(*given)
    assert result.exit_code == 1
    assert "earlier.json is not as this version writes it" in result.stderr


def test_forecast_in_the_users_units(verified: Path, tmp_path: Path) -> None:
    series = write_series(tmp_path / "new.csv", 60)
    result = invoke("forecast", verified, "--csv", tmp_path / "new.csv")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(verified / "forecast" / "forecast.csv")
    assert len(table) == HORIZON
    values = table.select_dtypes("number").to_numpy()[:, -1]
    # Twice the range of the readings: wrong scaling would leave it at once.
    spread = series["load"].max() - series["load"].min()
    assert series["load"].min() - spread < values.min()
    assert values.max() < series["load"].max() + spread
    assert (verified / "forecast" / "forecast.png").read_bytes()[:4] == b"\x89PNG"


def test_changed_network_is_not_verified(verified: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(verified, run)
    text = (run / "network.json").read_text()
    (run / "network.json").write_text(text.replace('"meter"', '"metre"', 1))
    assert "accel convert" in failure("verify", run)


def test_missing_compiler_is_named(
    verified: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    shutil.copytree(verified, run)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("perl", "make"):
        found = shutil.which(tool)
        assert found is not None
        (tools / tool).symlink_to(found)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.delenv("CXX", raising=False)
    before = (run / "verification.json").read_bytes()
    assert "g++" in failure("verify", run)
    assert (run / "verification.json").read_bytes() == before


def test_unknown_board_and_missing_run(verified: Path, tmp_path: Path) -> None:
    sentence = failure("bitstream", verified, "--board", "toaster")
    assert "ulx3s-85f" in sentence
    assert "arty-a7-35" in sentence
    assert "no" in failure("verify", tmp_path / "absent")


def test_a_gate_between_two_runs(verified: Path, tmp_path: Path) -> None:
    large = tmp_path / "large"
    folder = verified.parent
    config = tmp_path / "large.toml"
    text = (folder / "meter.toml").read_text().replace("hidden = [4]", "hidden = [8, 6]")
    text = text.replace('"meter.csv"', f'"{folder / "meter.csv"}"').replace('"meter"', '"larger"')
    config.write_text(text)
    assert invoke("train", config, "--run", large).exit_code == 0
    assert invoke("convert", large).exit_code == 0
    out = tmp_path / "gate"
    result = invoke("gate", verified, large, "--run", out, "--wakes", "0.4")
    assert result.exit_code == 0, result.output
    assert "mismatches" in result.output
    found = json.loads((out / "gate_report.json").read_text())
    assert found["mismatches"] == 0
    assert found["predicted"] == found["simulated"]
    assert 0 < found["wakes"] < found["windows"]
    assert found["channels"] == ["load"]
    assert (out / "rtl" / "accelerator.v").stat().st_size > 0
    assert load_gated(out).threshold == found["threshold"]
    bad = "--threshold", "few", "--run", out
    assert "is no number of input codes" in failure("gate", verified, large, *bad)
    other = _shorter(folder, tmp_path)
    assert "other test windows" in failure("gate", verified, other, "--run", out)


def _shorter(folder: Path, scratch: Path) -> Path:
    """Return a copy of the run whose test windows are fewer."""
    copy = scratch / "shorter"
    shutil.copytree(folder / "run", copy)
    with np.load(copy / "test_windows.npz") as arrays:
        np.savez(copy / "test_windows.npz", **{key: array[1:] for key, array in arrays.items()})
    return copy
