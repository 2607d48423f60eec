"""Commands run in this process, and a small forecaster for them."""

import math
from pathlib import Path

import pandas as pd
from click.testing import Result
from typer.testing import CliRunner

from accel.cli import app

ROWS, LOOK_BACK, HORIZON = 700, 8, 3


def invoke(*arguments: str | Path) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def failure(*arguments: str | Path) -> str:
    """Run a command that must end with exit code 1 and one sentence; return the sentence."""
    result = invoke(*arguments)
    assert result.exit_code == 1, result.output
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("error: "), result.stderr
    assert "Traceback" not in result.stderr
    return last


def write_series(path: Path, rows: int = ROWS) -> pd.DataFrame:
    """Write hourly readings of a meter with a daily rhythm."""
    times = pd.date_range("2024-01-01", periods=rows, freq="1h")
    level = [20 + 8 * math.sin(n / 24 * 2 * math.pi) + n % 5 for n in range(rows)]
    frame = pd.DataFrame({"when": times, "load": level, "wind": [n % 7 for n in range(rows)]})
    frame.to_csv(path, index=False)
    return frame


def write_config(folder: Path, family: str = "mlp", **changes: str) -> Path:
    """Write a configuration for `write_series`'s file, small enough for a test."""
    text = "\n".join([
        'name = "meter"',
        "[data]",
        'file = "meter.csv"',
        'time_column = "when"',
        'features = ["load", "wind"]',
        'targets = ["load"]',
        'units = { load = "kW" }',
        "[forecast]",
        f"look_back = {changes.get('look_back', LOOK_BACK)}",
        f"horizon = {HORIZON}",
        "[model]",
        f'family = "{family}"',
        "hidden = [4]" if family == "mlp" else "units = 3",
        "[model.reuse]",
        "dense = 5",
        "[training]",
        "epochs = 2",
        "[verification]",
        "testbench_windows = 3",
        changes.get("extra", ""),
    ])  # fmt: skip
    path = folder / "meter.toml"
    path.write_text(text, encoding="utf-8")
    return path
