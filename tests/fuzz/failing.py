"""What to do with a model that fails: the smallest that fails alike, as a test case."""

from pathlib import Path

import numpy as np

import accel
from accel.qkeras_compat import keras
from tests.flow.drawing import DrawnModel, draw_fuzzed
from tests.fuzz.case import save_case
from tests.fuzz.check import check, draw_values
from tests.fuzz.outcome import Outcome
from tests.fuzz.shrink import Choices, shrink

SHALLOW, DEEP = 60.0, 180.0
"""Seconds to spend on a failure."""


def save_smallest(outcome: Outcome, drawn: DrawnModel, deep: bool, folder: Path) -> Path:
    """Shrink the model of `outcome` and write it to `folder`; return the file."""
    seed, stage = outcome.seed, outcome.result
    deep = deep and stage in ("hls", "rtl", "cycles")

    def fails(choices: Choices) -> bool:
        keras.backend.clear_session()
        try:
            smaller = draw_fuzzed(seed, choices)
        except Exception:
            # A number taken out shifts all later choices, and Keras has no one error for layers
            # that do not fit together. Whatever it was, this is not the failure that is looked for.
            return False
        return check(seed, smaller, deep).result == stage

    choices = shrink(drawn.choices, fails, DEEP if deep else SHALLOW)
    keras.backend.clear_session()
    smallest = draw_fuzzed(seed, choices)
    # What does not convert fails with any window.
    values = np.zeros(0) if stage == "convert" else _fewer_windows(smallest, seed, stage, deep)
    message = check(seed, smallest, deep, values).message
    found = {"seed": seed, "stage": stage, "message": message}
    path = folder / f"seed_{seed}_{stage}.h5"
    save_case(path, smallest, values, deep, found)
    return path


def _fewer_windows(drawn: DrawnModel, seed: int, stage: str, deep: bool) -> np.ndarray:
    """Return the first half, quarter, ... of the windows that still fails."""
    network = accel.convert(drawn.model, hls_config=drawn.hls_config).network
    values = draw_values(network, seed)
    while not deep and len(values) > 1:
        half = len(values) // 2
        for part in (values[:half], values[half:]):
            if check(seed, drawn, deep, part).result == stage:
                values = part
                break
        else:
            break
    return values
