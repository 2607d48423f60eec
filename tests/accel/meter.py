"""A meter's readings, right and wrong, and a configuration that reads them."""

from pathlib import Path

import numpy as np
import pandas as pd

from accel.configuration.config import Config, load_config

ROWS, LOOK_BACK, HORIZON = 200, 6, 2


def readings(rows: int = ROWS) -> pd.DataFrame:
    """Return whole-numbered hourly readings."""
    rng = np.random.default_rng(4)
    return pd.DataFrame({
        "when": pd.date_range("2024-03-01", periods=rows, freq="1h").astype(str),
        "load": rng.integers(0, 50, rows).astype(str),
        "wind": rng.integers(0, 9, rows).astype(str),
    })  # fmt: skip


def configured(folder: Path, frame: pd.DataFrame, data: str = "", **changes: int) -> Config:
    """Write the readings and return a configuration for them; `data` adds keys to ``[data]``."""
    frame.to_csv(folder / "meter.csv", index=False)
    (folder / "meter.toml").write_text(
        "\n".join(
            [
                'name = "meter"',
                "[data]",
                'file = "meter.csv"',
                'time_column = "when"',
                'features = ["load", "wind"]',
                'targets = ["load"]',
                data,
                "[forecast]",
                f"look_back = {changes.get('look_back', LOOK_BACK)}",
                f"horizon = {changes.get('horizon', HORIZON)}",
                "season = 4",
                "[model]",
                'family = "mlp"',
                "hidden = [3]",
                "[training]",
                "epochs = 2",
                "batch_size = 16",
            ]
        ),
        encoding="utf-8",
    )
    return load_config(folder / "meter.toml")
