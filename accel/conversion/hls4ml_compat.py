"""What hls4ml 1.3 gets wrong where Keras 3 is installed beside the Keras 2 that QKeras needs.

It chooses its front end by the version of the package ``keras``, so that a Keras 2 model meets the
reader of Keras 3 and ends in an AttributeError: in ``convert_from_keras_model``,
``config_from_keras_model`` and ``profiling.numerical``. Here the model itself decides.
"""

from functools import partial
from typing import Any, cast

import hls4ml
from hls4ml.converters import keras_v2_to_hls, keras_v3_to_hls, parse_keras_v3_model
from hls4ml.converters.keras_v2_to_hls import parse_keras_model
from hls4ml.model.graph import ModelGraph

from accel.conversion.lowering import is_keras_2


def mend(backend: str) -> None:
    """Let hls4ml read Keras 2 models, those for `backend` exactly; may be called again."""
    converters = cast(Any, hls4ml.converters)
    converters.keras_v3_to_hls = partial(_convert, backend)
    converters.parse_keras_v3_model = _parse


def _convert(backend: str, config: dict[str, object], *fallbacks: bool) -> ModelGraph:
    """Stand in for ``keras_v3_to_hls``."""
    if not is_keras_2(config["KerasModel"]):
        return keras_v3_to_hls(config, *fallbacks)
    from accel.conversion.frontend import exact_handlers
    from accel.qkeras_compat import quiet_serialization

    with quiet_serialization():
        if str(config.get("Backend", "")).lower() != backend.lower():
            return keras_v2_to_hls(config)
        with exact_handlers():
            return keras_v2_to_hls(config)


def _parse(model: Any, *fallbacks: bool) -> tuple[object, ...]:
    """Stand in for ``parse_keras_v3_model``."""
    if not is_keras_2(model):
        return parse_keras_v3_model(model, *fallbacks)
    from accel.conversion.frontend import ModelDictionary, exact_handlers
    from accel.qkeras_compat import quiet_serialization

    with exact_handlers(), quiet_serialization():
        architecture = ModelDictionary(model)
        return parse_keras_model(architecture, hls4ml.converters.KerasModelReader(architecture))
