"""A failing model as a file: architecture, weights, configuration and windows, all of it text."""

import json
from pathlib import Path

import numpy as np

from accel.qkeras_compat import keras, quantizer_objects, quiet_serialization
from tests.flow.drawing import DrawnModel

CASES = Path(__file__).parents[1] / "flow" / "cases"
"""Where `tests.flow.test_cases` looks for them."""


def save_case(
    path: Path, drawn: DrawnModel, values: np.ndarray, deep: bool, found: dict[str, object]
) -> None:
    """Write a case.

    Parameters
    ----------
    path
        The file, ``.json``.
    drawn, values, deep
        As `tests.fuzz.check.check` takes them.
    found
        What went wrong, and where it comes from.
    """
    with quiet_serialization():
        model = json.loads(drawn.model.to_json())
    case = {
        "found": found,
        "kind": drawn.kind,
        "deep": deep,
        "hls_config": drawn.hls_config,
        "values": values.tolist(),
        "weights": [weight.tolist() for weight in drawn.model.get_weights()],
        "model": model,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(case, indent=1) + "\n")


def load_case(path: Path) -> tuple[DrawnModel, np.ndarray, bool]:
    """Read what `save_case` wrote: the model with its configuration, its windows, how deep."""
    case = json.loads(path.read_text())
    with keras.utils.custom_object_scope(quantizer_objects()):
        model = keras.models.model_from_json(json.dumps(case["model"]))
    model.set_weights([np.array(weight) for weight in case["weights"]])
    drawn = DrawnModel(case["kind"], model, case["hls_config"])
    return drawn, np.array(case["values"]), case["deep"]
