"""Model files: what comes back, and what is refused before anything of it runs."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from accel.keras_models.files import load_model, save_model
from accel.keras_models.float64 import evaluate_float64
from accel.qkeras_compat import keras, qkeras, quiet_serialization
from hw.errors import ChronogateError

BITS = qkeras.quantized_bits(6, 1, alpha=1)


def model(layer: keras.layers.Layer | None = None) -> keras.Model:
    """Return a small model with `layer` at its end."""
    layers = [
        qkeras.QActivation(qkeras.quantized_bits(8, 2, alpha=1), input_shape=(4, 3)),
        qkeras.QLSTM(3, kernel_quantizer=BITS, recurrent_quantizer=BITS, bias_quantizer=BITS,
                     activation="quantized_tanh(6)", recurrent_activation="quantized_sigmoid(6)"),
        qkeras.QDense(2, kernel_quantizer=BITS, bias_quantizer=BITS),
    ]  # fmt: skip
    return keras.Sequential([*layers, layer] if layer is not None else layers)


def edited(path: Path, edit: Callable[[dict[str, object]], None]) -> Path:
    """Change the configuration of the model in a file."""
    with h5py.File(path, "a") as file:
        config = json.loads(file.attrs["model_config"])
        edit(config)
        file.attrs["model_config"] = json.dumps(config)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good model's file."""
    save_model(model(), tmp_path / "model.h5")
    return tmp_path / "model.h5"


def test_saved_model_comes_back(tmp_path: Path) -> None:
    first = model()
    with quiet_serialization():
        first.save(tmp_path / "saved", save_format="tf", include_optimizer=False)
    second = load_model(tmp_path / "saved")
    x = np.random.default_rng(0).normal(size=(20, 4, 3))
    assert (evaluate_float64(first, x) == evaluate_float64(second, x)).all()
    with pytest.raises(ChronogateError, match=r"has no keras_metadata\.pb"):
        load_model(tmp_path)
    (tmp_path / "saved" / "keras_metadata.pb").write_bytes(b"\xff\xff")
    with pytest.raises(ChronogateError, match="describes no Keras model"):
        load_model(tmp_path / "saved")


def test_what_is_no_model_file(tmp_path: Path) -> None:
    with pytest.raises(ChronogateError, match=r"no model file .*missing\.h5"):
        load_model(tmp_path / "missing.h5")
    (tmp_path / "model.keras").write_text("")
    with pytest.raises(ChronogateError, match=r"model\.keras is not an \.h5 file"):
        load_model(tmp_path / "model.keras")
    for content in (b"", b"no HDF5", pickle.dumps([1, 2])):
        (tmp_path / "broken.h5").write_bytes(content)
        with pytest.raises(ChronogateError, match=r"broken\.h5 cannot be read as HDF5"):
            load_model(tmp_path / "broken.h5")


def test_a_truncated_file_is_refused(path: Path) -> None:
    content = path.read_bytes()
    for share in np.random.default_rng(1).uniform(0.05, 0.999, 12):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(ChronogateError, match=r"cannot be read as HDF5|does not load"):
            load_model(path)


def test_weights_without_a_model(tmp_path: Path) -> None:
    model().save_weights(tmp_path / "weights.h5")
    with pytest.raises(ChronogateError, match="holds weights but no model"):
        load_model(tmp_path / "weights.h5")


def test_byte_code_does_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "it_ran"
    name = str(mark)  # what a lambda takes along must fit into JSON
    hostile = model(keras.layers.Lambda(lambda x: (open(name, "w").close(), x)[1]))
    assert mark.exists()  # once, when it was made
    mark.unlink()
    save_model(hostile, tmp_path / "hostile.h5")
    mark.unlink(missing_ok=True)
    with pytest.raises(ChronogateError, match="holds a Lambda, which would run as code"):
        load_model(tmp_path / "hostile.h5")
    assert not mark.exists()


@pytest.mark.parametrize("place", ["activation", "kernel_initializer"])
def test_modules_are_not_imported(path: Path, tmp_path: Path, place: str,
                                  monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    (tmp_path / "evil_module.py").write_text(f"open({str(tmp_path / 'it_ran')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)

    def edit(config: dict) -> None:
        layer = config["config"]["layers"][-1]
        layer["config"][place] = {
            "module": "evil_module", "class_name": "Evil", "config": {}, "registered_name": "Evil",
        }  # fmt: skip

    with pytest.raises(ChronogateError, match="something of the module 'evil_module'"):
        load_model(edited(path, edit))
    assert not (tmp_path / "it_ran").exists()


def test_weights_beyond_the_memory(path: Path) -> None:
    with h5py.File(path, "a") as file:
        # 8 TB of zeros that take no place in the file
        file.create_dataset("bomb", (1 << 40,), "f8", chunks=(1 << 20,), compression="gzip")
    assert path.stat().st_size < 1 << 20
    with pytest.raises(ChronogateError, match=r"unpacks to 8,388,608 MB of weights"):
        load_model(path)


def test_links_to_other_files(path: Path, tmp_path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["elsewhere"] = h5py.ExternalLink("/etc/other.h5", "/x")
    with pytest.raises(ChronogateError, match="links to 'elsewhere' elsewhere"):
        load_model(path)
    save_model(model(), path)
    (tmp_path / "raw").write_bytes(bytes(80))
    with h5py.File(path, "a") as file:
        file.create_dataset("raw", (10,), "f8", external=[(str(tmp_path / "raw"), 0, 80)])
    with pytest.raises(ChronogateError, match="takes 'raw' from another file"):
        load_model(path)


def test_a_configuration_that_is_none(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = "[" * 100_000
    with pytest.raises(ChronogateError, match="configuration is no JSON"):
        load_model(path)
