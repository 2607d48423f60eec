"""Write the networks of drawn models, and what QKeras gives for them, in the main environment."""

import sys
from pathlib import Path

import numpy as np

from accel.conversion.entry import to_network
from accel.keras_models.float64 import evaluate_float64
from accel.qkeras_compat import keras
from hw.network.serialization import save_network
from tests.accel.conversion.compare import draw_codes
from tests.flow.drawing import KINDS, draw_model

MODELS = 6 * len(KINDS)
WINDOWS = 40


def write(folder: Path) -> None:
    """Write `MODELS` folders, named by their seeds."""
    for seed in range(MODELS):
        keras.backend.clear_session()
        place = folder / str(seed)
        model = draw_model(seed).model
        network = to_network(model)
        save_network(network, place)
        codes = draw_codes(network, WINDOWS, seed)
        outputs = evaluate_float64(model, network.input_format.to_float(codes))
        np.savez(place / "windows.npz", codes=codes, outputs=outputs)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
