"""Models in TensorFlow's SavedModel format: the configuration and the weights, not the graphs.

A SavedModel holds programs. Only Keras's own description of the model (``keras_metadata.pb``) and
the checkpoint of its variables are read; none of its functions is loaded or run.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from accel.keras_models.guard import check_config
from hw.errors import ChronogateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import tf_keras

METADATA = "keras_metadata.pb"


def is_saved_model(path: Path) -> bool:
    """Tell whether Keras has saved a model into the folder `path`."""
    return (path / METADATA).is_file()


def load_saved_model(folder: Path, custom_objects: "Mapping[str, object]") -> "tf_keras.Model":
    """Build the model that was saved into `folder`.

    Parameters
    ----------
    folder
        As ``model.save(folder, save_format="tf")`` leaves it.
    custom_objects
        Layers and quantizers by the names in configurations.

    Raises
    ------
    ChronogateError
        When the folder holds no Keras model, or one that cannot be rebuilt.
    """
    from google.protobuf.message import DecodeError
    from tf_keras.protobuf import saved_metadata_pb2

    from accel.qkeras_compat import keras

    file = folder / METADATA
    if not is_saved_model(folder):
        raise ChronogateError(
            f"{folder} has no {METADATA}: save the model with model.save('{folder.name}', "
            "save_format='tf'), or as .h5"
        )
    try:
        nodes = vars(saved_metadata_pb2)["SavedMetadata"].FromString(file.read_bytes()).nodes
        root = json.loads(next(node.metadata for node in nodes if node.node_path == "root"))
        config = {"class_name": root["class_name"], "config": root["config"]}
    except (DecodeError, StopIteration, ValueError, KeyError, TypeError):
        raise ChronogateError(f"{file} describes no Keras model: save the model again") from None
    check_config(json.dumps(config), folder)
    try:
        model = keras.models.model_from_json(json.dumps(config), custom_objects=custom_objects)
        assert isinstance(model, keras.Model)
        status = model.load_weights(folder / "variables" / "variables")
        assert status is not None
        status.assert_existing_objects_matched().expect_partial()
    except (OSError, TypeError, ValueError, KeyError, AssertionError) as error:
        cause = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise ChronogateError(f"{folder} does not load as a Keras model: {cause}") from error
    return model
