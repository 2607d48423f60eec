"""A failing model as one ``.h5`` file: the model, its configuration and its windows."""

import json
from pathlib import Path

import h5py
import numpy as np

from accel.keras_models.files import load_model, save_model
from tests.flow.drawing import DrawnModel

CASES = Path(__file__).parents[1] / "flow" / "cases"
"""Where `tests.flow.test_cases` looks for them."""

GROUP = "fuzz"
"""What this module adds to the model's file."""


def save_case(
    path: Path, drawn: DrawnModel, values: np.ndarray, deep: bool, found: dict[str, object]
) -> None:
    """Write a case.

    Parameters
    ----------
    path
        The file, ``.h5``.
    drawn, values, deep
        As `tests.fuzz.check.check` takes them.
    found
        What went wrong, and where it comes from.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    save_model(drawn.model, path)
    about = {"kind": drawn.kind, "hls_config": drawn.hls_config, "deep": deep, "found": found}
    with h5py.File(path, "a") as file:
        group = file.create_group(GROUP)
        group.attrs["about"] = json.dumps(about)
        group.create_dataset("values", data=values, compression="gzip")


def load_case(path: Path) -> tuple[DrawnModel, np.ndarray, bool]:
    """Read what `save_case` wrote: the model with its configuration, its windows, how deep."""
    with h5py.File(path) as file:
        about = json.loads(file[GROUP].attrs["about"])
        values = file[GROUP]["values"][()]
    return DrawnModel(about["kind"], load_model(path), about["hls_config"]), values, about["deep"]
