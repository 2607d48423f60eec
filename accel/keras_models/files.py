"""Model files: what is read is checked before Keras sees it (`accel.keras_models.guard`)."""

import warnings
from pathlib import Path

from accel.keras_models.guard import check_h5
from accel.keras_models.saved_model import load_saved_model
from accel.qkeras_compat import keras, quantizer_objects
from hw.errors import ChronogateError


def load_model(path: str | Path) -> keras.Model:
    """Load a Keras 2 or QKeras model: an ``.h5`` file, or the folder of a SavedModel.

    Raises
    ------
    ChronogateError
        When there is no such file, it is no model, it holds layers that are unknown here, or
        anything that would run as code.
    """
    path = Path(path)
    if path.is_dir():
        return load_saved_model(path, quantizer_objects())
    if not path.is_file():
        raise ChronogateError(f"there is no model file {path}: save the model as .h5 first")
    if path.suffix not in (".h5", ".hdf5"):
        raise ChronogateError(
            f"{path} is not an .h5 file: QKeras models do not survive Keras's format .keras, "
            f"save it with model.save('{path.stem}.h5')"
        )
    check_h5(path)
    try:
        model = keras.models.load_model(path, custom_objects=quantizer_objects(), compile=False)
    except (OSError, TypeError, ValueError, KeyError) as error:
        # Keras puts the cause last, after the whole configuration.
        cause = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise ChronogateError(f"{path} does not load as a Keras model: {cause}") from error
    assert isinstance(model, keras.Model)
    return model


def save_model(model: keras.Model, path: str | Path) -> None:
    """Save `model` as ``.h5``, the format that keeps QKeras models whole."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "You are saving your model as an HDF5 file")
        model.save(Path(path), include_optimizer=False, save_format="h5")
